/**
 * Micro-operations to WebAssembly functions on the {@link State}. A value of w bits is an i64 whose other bits are 0, a truth value
 * an i32. Nothing of the state is written before the last thing that can fail, and each value is on WebAssembly's stack before the
 * first register is written: that makes the assignment simultaneous.
 */
import { assert, assertExists } from '../base/assert';
import { Code, ModuleBuilder } from '../wasm/module';
import { type OpName } from '../wasm/opcodes';
import { bytesOf } from './effects';
import {
  type MicroOperations,
  operandsOf,
  type RegisterWidth,
  type Statement,
  type Value,
  valuesOf,
  type Width,
} from './ir';
import { ALIGNMENT_CHECK_FLAG, FLAG_BITS, TRAP_FLAG } from './registers';
import { Runtime } from './runtime';
import { State, UserRegister, type UserRegisterName } from './state';

/** Moves the operand between the target and the state. */
export interface Host {
  /**
   * Reads State.operandLength bytes of the target at State.operandAddress into State.operand; false if they can't all be read.
   */
  load(): boolean;
  /** Writes them. All or nothing: if it gives false, memory is as it was, also where the operand lies on two pages. */
  store(): boolean;
}

/** Where compiled functions find their state. */
export interface Machine {
  readonly memory: WebAssembly.Memory;
  /** Of the {@link State} in the memory, in bytes. */
  readonly stateOffset: number;
  readonly host: Host;
}

/** 0: done. 1: step aside; the registers are those with which the thread shall run the instruction itself. */
export type Execute = () => 0 | 1;

export interface Program {
  readonly operations: MicroOperations;
  /** Of the instruction, in bytes. */
  readonly length: number;
}

const PAGE_BYTES = 65536;

/** Compiles programs into one module; the functions in the same order. One at a time costs about 100 µs each, many together 10. */
export function compile(machine: Machine, programs: readonly Program[]): Execute[] {
  const { memory, host } = machine;
  const builder = new ModuleBuilder();
  builder.importMemory('machine', 'memory', memory.buffer.byteLength / PAGE_BYTES);
  const transfer = { parameters: [], results: ['i32'] } as const;
  const load = builder.importFunction('machine', 'load', transfer);
  const store = builder.importFunction('machine', 'store', transfer);
  const runtime = new Runtime(builder);
  programs.forEach((program, index) => {
    builder.addFunction(new Compilation(machine.stateOffset, program, { load, store, runtime }).code, String(index));
  });
  const imports = { memory, load: () => Number(host.load()), store: () => Number(host.store()) };
  const functions = builder.instantiate({ machine: imports });
  return programs.map((_, index) => functions[index] as Execute);
}

interface Callees {
  readonly load: number;
  readonly store: number;
  readonly runtime: Runtime;
}

/** One function in the making. */
class Compilation {
  readonly code = new Code({ parameters: [], results: ['i32'] });
  /** Values that are used more than once, or were loaded. */
  readonly #locals = new Map<Value, number>();
  readonly #uses = new Map<Value, number>();

  constructor(
    private readonly state: number,
    private readonly program: Program,
    private readonly callees: Callees,
  ) {
    const { operations } = program;
    operations.forEach((statement) => valuesOf(statement).forEach((value) => this.#countUses(value)));
    this.#checkThreadFlags();
    for (const statement of operations) {
      if (statement.kind === 'load') this.#load(statement);
      else if (statement.kind === 'guard') this.#stepAsideUnless(statement.condition);
    }
    for (const statement of operations) if (statement.kind === 'store') this.#store(statement);
    this.#writeRegisters();
    this.code.i32(0);
  }

  /** A thread that single-steps itself must trap behind the instruction; one that checks alignment may fault in it. */
  #checkThreadFlags(): void {
    const accesses = this.program.operations.some(({ kind }) => kind === 'load' || kind === 'store');
    const delicate = accesses ? TRAP_FLAG | ALIGNMENT_CHECK_FLAG : TRAP_FLAG;
    this.#loadField('eflags').i64(BigInt(delicate)).op('i64_and', 'i64_eqz');
    this.#returnUnless();
  }

  #load(statement: Extract<Statement, { kind: 'load' }>): void {
    this.#setOperand(statement.address, bytesOf(statement.into));
    this.code.call(this.callees.load);
    this.#returnUnless();
    let offset = this.state + State.operand;
    for (const value of statement.into) {
      const local = this.code.local('i64');
      this.#locals.set(value, local);
      this.code.i32(0).memory(LOADS[value.width], offset).set(local);
      offset += value.width / 8;
    }
  }

  #store(statement: Extract<Statement, { kind: 'store' }>): void {
    let offset = this.state + State.operand;
    for (const value of statement.values) {
      this.code.i32(0);
      this.#emit(value);
      this.code.memory(STORES[storable(value.width)], offset);
      offset += value.width / 8;
    }
    this.#setOperand(statement.address, bytesOf(statement.values));
    this.code.call(this.callees.store);
    this.#returnUnless();
  }

  #setOperand(address: Value, bytes: number): void {
    this.code.i32(0);
    this.#emit(address);
    this.code.memory('i64_store', this.state + State.operandAddress);
    this.code
      .i32(0)
      .i64(BigInt(bytes))
      .memory('i64_store', this.state + State.operandLength);
  }

  /** All values first, in the opposite order of the stores that take them off the stack. */
  #writeRegisters(): void {
    const { operations, length } = this.program;
    const writes = operations.filter((statement) => statement.kind === 'setRegister');
    const flags = operations.filter((statement) => statement.kind === 'setFlag');
    const jump = operations.find((statement) => statement.kind === 'jump');
    const stores: (() => void)[] = [];
    const write = (instruction: OpName, offset: number, emit: () => void): void => {
      this.code.i32(0);
      emit();
      stores.push(() => this.code.memory(instruction, this.state + State.registers + offset));
    };

    if (jump !== undefined) write('i64_store', UserRegister.rip, () => this.#emit(jump.target));
    else if (length > 1) write('i64_store', UserRegister.rip, () => this.#next());
    if (flags.length > 0) write('i64_store', UserRegister.eflags, () => this.#combineFlags(flags));
    for (const statement of writes.reverse()) {
      const { register, width, high } = statement;
      const instruction = width === 32 ? 'i64_store' : STORES[width];
      write(instruction, UserRegister[register] + (high ? 1 : 0), () => this.#newValue(statement));
    }
    for (const store of stores.reverse()) store();
  }

  #newValue({ register, width, high, value, when }: Extract<Statement, { kind: 'setRegister' }>): void {
    this.#emit(value);
    if (when === undefined) return;
    // What is stored over the register if it doesn't change: all 64 bits of it where 32 are written.
    this.#register(register, width === 32 ? 64 : width, high);
    this.#emit(when);
    this.code.op('select');
  }

  /** RFLAGS with the given flags replaced. */
  #combineFlags(statements: readonly Extract<Statement, { kind: 'setFlag' }>[]): void {
    const replaced = statements.reduce((bits, { flag }) => bits | (1n << BigInt(FLAG_BITS[flag])), 0n);
    this.#loadField('eflags').i64(~replaced).op('i64_and');
    for (const { flag, value, when } of statements) {
      this.#emit(value);
      if (when !== undefined) {
        this.#emit({ op: 'flag', width: 1, flag });
        this.#emit(when);
        this.code.op('select');
      }
      this.code.op('i64_extend_i32_u').i64(BigInt(FLAG_BITS[flag])).op('i64_shl', 'i64_or');
    }
  }

  #stepAsideUnless(condition: Value): void {
    this.#emit(condition);
    this.#returnUnless();
  }

  /** Returns 1 unless the i32 on the stack is true. */
  #returnUnless(): void {
    this.code.op('i32_eqz').open('if').i32(1).op('return', 'end');
  }

  #countUses(value: Value): void {
    const uses = this.#uses.get(value) ?? 0;
    this.#uses.set(value, uses + 1);
    if (uses === 0) operandsOf(value).forEach((operand) => this.#countUses(operand));
  }

  #emit(value: Value): void {
    const local = this.#locals.get(value);
    if (local !== undefined) {
      this.code.get(local);
      return;
    }
    this.#compute(value);
    if (operandsOf(value).length > 0 && assertExists(this.#uses.get(value), 'use count') > 1) {
      const created = this.code.local(value.width === 1 ? 'i32' : 'i64');
      this.#locals.set(value, created);
      this.code.tee(created);
    }
  }

  #compute(value: Value): void {
    const { code } = this;
    switch (value.op) {
      case 'constant':
        if (value.width === 1) code.i32(Number(value.value));
        else code.i64(value.value);
        return;
      case 'register':
        this.#register(value.register, value.width, value.high);
        return;
      case 'segmentBase':
        this.#loadField(`${value.segment}_base`);
        return;
      case 'selector':
        this.#loadField(value.segment).i64(0xffffn).op('i64_and');
        return;
      case 'flags':
        this.#loadField('eflags');
        return;
      case 'flag':
        this.#loadField('eflags')
          .i64(BigInt(FLAG_BITS[value.flag]))
          .op('i64_shr_u', 'i32_wrap_i64')
          .i32(1)
          .op('i32_and');
        return;
      case 'next':
        this.#next();
        return;
      case 'loaded':
        throw new Error('internal error: a value is used before it is loaded');
      case 'select':
        this.#emit(value.whenTrue);
        this.#emit(value.whenFalse);
        this.#emit(value.condition);
        code.op('select');
        return;
      case 'call':
        value.arguments.forEach((argument) => this.#emit(argument));
        code.call(this.callees.runtime.index(value.name));
        return;
      case 'equal':
      case 'below':
        assert(value.left.width !== 1, 'truth values are compared by xor');
        this.#emit(value.left);
        this.#emit(value.right);
        code.op(value.op === 'equal' ? 'i64_eq' : 'i64_lt_u');
        return;
      case 'less':
        this.#emitSigned(value.left);
        this.#emitSigned(value.right);
        code.op('i64_lt_s');
        return;
      case 'shiftRightSigned':
        this.#emitSigned(value.left);
        this.#emit(value.right);
        code.op('i64_shr_s');
        this.#cut(value.width);
        return;
      case 'add':
      case 'subtract':
      case 'multiply':
      case 'shiftLeft':
        this.#emit(value.left);
        this.#emit(value.right);
        code.op(ARITHMETIC[value.op]);
        this.#cut(value.width);
        return;
      case 'and':
      case 'or':
      case 'xor':
        this.#emit(value.left);
        this.#emit(value.right);
        code.op(value.width === 1 ? `i32_${value.op}` : `i64_${value.op}`);
        return;
      case 'shiftRight':
      case 'divide':
      case 'remainder':
        this.#emit(value.left);
        this.#emit(value.right);
        code.op(ARITHMETIC[value.op]);
        return;
      case 'not':
        this.#emit(value.value);
        if (value.width === 1) code.op('i32_eqz');
        else code.i64(ones(value.width)).op('i64_xor');
        return;
      case 'negate':
        code.i64(0n);
        this.#emit(value.value);
        code.op('i64_sub');
        this.#cut(value.width);
        return;
      case 'leadingZeros':
        this.#emit(value.value);
        code
          .op('i64_clz')
          .i64(BigInt(64 - value.width))
          .op('i64_sub');
        return;
      case 'trailingZeros':
        this.#emit(value.value);
        // A one behind the value ends the count there.
        if (value.width < 64) code.i64(1n << BigInt(value.width)).op('i64_or');
        code.op('i64_ctz');
        return;
      case 'countOnes':
        this.#emit(value.value);
        code.op('i64_popcnt');
        return;
      case 'parity':
        this.#emit(value.value);
        code.op('i32_wrap_i64').i32(0xff).op('i32_and', 'i32_popcnt').i32(1).op('i32_and', 'i32_eqz');
        return;
      case 'zeroExtend':
        this.#emit(value.value);
        if (value.value.width === 1) code.op('i64_extend_i32_u');
        return;
      case 'signExtend':
        this.#emitSigned(value.value);
        this.#cut(value.width);
        return;
      case 'truncate':
        this.#emit(value.value);
        if (value.width === 1) code.op('i32_wrap_i64').i32(1).op('i32_and');
        else this.#cut(value.width);
        return;
    }
  }

  /** The value extended to 64 bits by its sign. */
  #emitSigned(value: Value): void {
    assert(value.width !== 1, 'a truth value has no sign');
    this.#emit(value);
    if (value.width < 64) this.code.op(`i64_extend${value.width as 8 | 16 | 32}_s`);
  }

  /** Clears the bits beyond `width`. */
  #cut(width: Width): void {
    if (width < 64) this.code.i64(ones(width)).op('i64_and');
  }

  #register(register: UserRegisterName, width: RegisterWidth, high: boolean): void {
    const offset = this.state + State.registers + UserRegister[register] + (high ? 1 : 0);
    this.code.i32(0).memory(LOADS[width], offset);
  }

  #loadField(field: UserRegisterName): Code {
    return this.code.i32(0).memory('i64_load', this.state + State.registers + UserRegister[field]);
  }

  /** INT3 left RIP one byte behind the instruction's first. */
  #next(): void {
    this.#loadField('rip');
    if (this.program.length > 1) this.code.i64(BigInt(this.program.length - 1)).op('i64_add');
  }
}

const LOADS = { 8: 'i64_load8_u', 16: 'i64_load16_u', 32: 'i64_load32_u', 64: 'i64_load' } as const;
const STORES = { 8: 'i64_store8', 16: 'i64_store16', 32: 'i64_store32', 64: 'i64_store' } as const;

const ARITHMETIC = {
  add: 'i64_add',
  subtract: 'i64_sub',
  multiply: 'i64_mul',
  shiftLeft: 'i64_shl',
  shiftRight: 'i64_shr_u',
  divide: 'i64_div_u',
  remainder: 'i64_rem_u',
} as const;

function ones(width: Width): bigint {
  return (1n << BigInt(width)) - 1n;
}

function storable(width: Width): RegisterWidth {
  assert(width !== 1, 'a truth value is no number of bytes');
  return width;
}
