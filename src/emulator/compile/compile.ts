/**
 * Micro-operations to WebAssembly functions on the {@link State}. Nothing of the state is written before the last thing
 * that can fail, and each value is on WebAssembly's stack before the first register is written: that makes the
 * assignment simultaneous.
 */
import { assert } from '../../base/assert';
import { Code, ModuleBuilder } from '../../wasm/module';
import { type OpName } from '../../wasm/opcodes';
import { emitBlockTransfer, fillOperand } from './blocks';
import { bytesOf, effectsOf } from '../ir/effects';
import { Expressions } from './expressions';
import { type MicroOperations, type RegisterWidth, type Statement, type Value, type Width } from '../ir/ir';
import { type Execute, type Machine } from '../machine/machine';
import { ALIGNMENT_CHECK_FLAG, FLAG_BITS, TRAP_FLAG } from '../machine/registers';
import { Runtime } from './runtime';
import { State, UserRegister, type UserRegisterName } from '../machine/state';
import { loadField, loadNext, LOADS, loadRegister, STORES, type TransferContext } from './stateAccess';

export interface CompiledProgram {
  readonly operations: MicroOperations;
  /** Of the instruction, in bytes. */
  readonly length: number;
}

const WEBASSEMBLY_PAGE_BYTES = 65536;

/**
 * How many rounds a repeated instruction makes before it leaves the rest to the thread. Other threads' hits wait while
 * it runs; leaving the rest costs one stop more.
 */
const MAX_TURNS = 1024;

/** Compiles programs into one module; the functions in the same order. Many at once cost less than one by one. */
export function compile(machine: Machine, programs: readonly CompiledProgram[]): Execute[] {
  const { memory, host } = machine;
  const imports = { memory, load: () => Number(host.load()), store: () => Number(host.store()) };
  const functions = moduleOf(machine, programs).instantiate({ machine: imports });
  return programs.map((_, index) => functions[index] as Execute);
}

/** Exports a function for each program, named by its number. */
export function moduleOf(
  { memory, stateOffset }: Pick<Machine, 'memory' | 'stateOffset'>,
  programs: readonly CompiledProgram[],
): ModuleBuilder {
  const builder = new ModuleBuilder();
  builder.importMemory('machine', 'memory', memory.buffer.byteLength / WEBASSEMBLY_PAGE_BYTES);
  const transfer = { parameters: [], results: ['i32'] } as const;
  const load = builder.importFunction('machine', 'load', transfer);
  const store = builder.importFunction('machine', 'store', transfer);
  const runtime = new Runtime(builder);
  programs.forEach(({ operations, length }, index) => {
    const code = new Code({ parameters: [], results: ['i32'] });
    new Compilation({ code, state: stateOffset, length, runtime, load, store }).function(operations);
    builder.addFunction(code, String(index));
  });
  return builder;
}

type Repeat = Extract<Statement, { kind: 'repeat' }>;

class Compilation {
  readonly #code: Code;
  /** Undoes, before 1 is returned, what was done. */
  #undo: () => void = () => undefined;

  constructor(private readonly context: TransferContext) {
    this.#code = context.code;
  }

  /** The whole function. */
  function(operations: MicroOperations): void {
    const repeat = operations.find((statement) => statement.kind === 'repeat');
    this.#checkThreadFlags(repeat?.body ?? operations);
    this.#assign(operations);
    if (repeat !== undefined) this.#repeat(repeat);
    if (!operations.some(({ kind }) => kind === 'jump')) this.#moveOn();
    this.#code.i32(0);
  }

  /** A thread that single-steps itself must trap after the instruction; one that checks alignment may fault in it. */
  #checkThreadFlags(operations: MicroOperations): void {
    const accesses = operations.some(({ kind }) => kind === 'load' || kind === 'store');
    const delicate = accesses ? TRAP_FLAG | ALIGNMENT_CHECK_FLAG : TRAP_FLAG;
    loadField(this.context, 'eflags').i64(BigInt(delicate)).op('i64_and', 'i64_eqz');
    this.#returnUnless();
  }

  /** One instruction, or one round of a repeated one. */
  #assign(operations: MicroOperations): void {
    const values = new Expressions(this.context, operations);
    for (const statement of operations) {
      if (statement.kind === 'load') this.#load(statement, values);
      else if (statement.kind === 'guard') this.#stepAsideUnless(statement.condition, values);
    }
    for (const statement of operations) if (statement.kind === 'store') this.#store(statement, values);
    this.#writeRegisters(operations, values);
  }

  /** Sets RIP to the next instruction; after a one-byte instruction it is there already. */
  #moveOn(): void {
    if (this.context.length === 1) return;
    this.#code.i32(0);
    loadNext(this.context);
    this.#code.memory('i64_store', this.context.state + State.registers + UserRegister.rip);
  }

  /**
   * Each round is completed before the next, so that after a fault the registers are as the CPU leaves them, or as they
   * were.
   */
  #repeat({ body, counter, until, block }: Repeat): void {
    const code = this.#code;
    if (until !== undefined) this.#undo = this.#remember(body);
    const turns = code.local('i32');
    code.i32(MAX_TURNS).set(turns);
    if (block?.kind === 'fill') fillOperand(this.context, block);
    const single = code.local('i32');
    code.open('block').open('loop');
    loadRegister(this.context, 'rcx', counter, false);
    code.op('i64_eqz').branch('br_if', 1);
    code.get(turns);
    this.#returnUnless();
    code.get(turns).i32(1).op('i32_sub').set(turns);
    if (block !== undefined) emitBlockTransfer(this.context, block, single);
    this.#assign(body);
    if (until !== undefined) {
      new Expressions(this.context, []).emit(until);
      code.branch('br_if', 1);
    }
    code.branch('br', 0).op('end', 'end');
  }

  /** Saves what the rounds change, and returns code that restores it. The rounds must not store. */
  #remember(round: MicroOperations): () => void {
    const { stores, registersWritten, flagsWritten } = effectsOf(round);
    assert(stores.length === 0, 'what was stored is not taken back');
    const fields: UserRegisterName[] = [...registersWritten, ...(flagsWritten.size > 0 ? (['eflags'] as const) : [])];
    const saved = fields.map((field) => {
      const local = this.#code.local('i64');
      loadField(this.context, field).set(local);
      return { field, local };
    });
    return () => {
      for (const { field, local } of saved) {
        this.#code
          .i32(0)
          .get(local)
          .memory('i64_store', this.context.state + State.registers + UserRegister[field]);
      }
    };
  }

  #load(statement: Extract<Statement, { kind: 'load' }>, values: Expressions): void {
    this.#setOperand(statement.address, bytesOf(statement.into), values);
    this.#code.call(this.context.load);
    this.#returnUnless();
    let offset = this.context.state + State.operand;
    for (const value of statement.into) {
      const local = this.#code.local('i64');
      values.bind(value, local);
      this.#code.i32(0).memory(LOADS[value.width], offset).set(local);
      offset += value.width / 8;
    }
  }

  #store(statement: Extract<Statement, { kind: 'store' }>, values: Expressions): void {
    let offset = this.context.state + State.operand;
    for (const value of statement.values) {
      this.#code.i32(0);
      values.emit(value);
      this.#code.memory(STORES[storable(value.width)], offset);
      offset += value.width / 8;
    }
    this.#setOperand(statement.address, bytesOf(statement.values), values);
    this.#code.call(this.context.store);
    this.#returnUnless();
  }

  #setOperand(address: Value, bytes: number, values: Expressions): void {
    const { state } = this.context;
    this.#code.i32(0);
    values.emit(address);
    this.#code.memory('i64_store', state + State.operandAddress);
    this.#code
      .i32(0)
      .i64(BigInt(bytes))
      .memory('i64_store', state + State.operandLength);
  }

  /** All values first, in the opposite order of the stores that take them off the stack. */
  #writeRegisters(operations: MicroOperations, values: Expressions): void {
    const writes = operations.filter((statement) => statement.kind === 'setRegister');
    const flags = operations.filter((statement) => statement.kind === 'setFlag');
    const jump = operations.find((statement) => statement.kind === 'jump');
    const stores: (() => void)[] = [];
    const write = (instruction: OpName, offset: number, emit: () => void): void => {
      this.#code.i32(0);
      emit();
      stores.push(() => this.#code.memory(instruction, this.context.state + State.registers + offset));
    };

    if (jump !== undefined) write('i64_store', UserRegister.rip, () => values.emit(jump.target));
    if (flags.length > 0) write('i64_store', UserRegister.eflags, () => this.#combineFlags(flags, values));
    for (const statement of writes.reverse()) {
      const { register, width, high } = statement;
      const instruction = width === 32 ? 'i64_store' : STORES[width];
      write(instruction, UserRegister[register] + (high ? 1 : 0), () => this.#newValue(statement, values));
    }
    for (const store of stores.reverse()) store();
  }

  #newValue(statement: Extract<Statement, { kind: 'setRegister' }>, values: Expressions): void {
    const { register, width, high, value, when } = statement;
    values.emit(value);
    if (when === undefined) return;
    // The value to store if the register doesn't change: all 64 bits, even where 32 are written.
    loadRegister(this.context, register, width === 32 ? 64 : width, high);
    values.emit(when);
    this.#code.op('select');
  }

  /** RFLAGS with the given flags replaced. */
  #combineFlags(statements: readonly Extract<Statement, { kind: 'setFlag' }>[], values: Expressions): void {
    const replaced = statements.reduce((bits, { flag }) => bits | (1n << BigInt(FLAG_BITS[flag])), 0n);
    loadField(this.context, 'eflags').i64(~replaced).op('i64_and');
    for (const { flag, value, when } of statements) {
      values.emit(value);
      if (when !== undefined) {
        values.emit({ op: 'flag', width: 1, flag });
        values.emit(when);
        this.#code.op('select');
      }
      this.#code.op('i64_extend_i32_u').i64(BigInt(FLAG_BITS[flag])).op('i64_shl', 'i64_or');
    }
  }

  #stepAsideUnless(condition: Value, values: Expressions): void {
    values.emit(condition);
    this.#returnUnless();
  }

  /** Returns 1 unless the i32 on the stack is true. */
  #returnUnless(): void {
    this.#code.op('i32_eqz').open('if');
    this.#undo();
    this.#code.i32(1).op('return', 'end');
  }
}

function storable(width: Width): RegisterWidth {
  assert(width !== 1, 'a truth value is no number of bytes');
  return width;
}
