/**
 * Values to WebAssembly. A value of w bits is an i64 whose other bits are 0, a truth value an i32. A value that is used
 * more than once is computed at its first use and kept in a local.
 */
import { assert } from '../../base/assert';
import { type LoadedValue, operandsOf, type Statement, type Value, valuesOf, type Width } from '../ir/ir';
import { FLAG_BITS } from '../machine/registers';
import { type Context, loadField, loadNext, loadRegister } from './stateAccess';

/** The values of some statements, which are executed one after the other without a branch between them. */
export class Expressions {
  readonly #locals = new Map<Value, number>();
  readonly #uses = new Map<Value, number>();

  constructor(
    private readonly context: Context,
    statements: readonly Statement[],
  ) {
    statements.forEach((statement) => valuesOf(statement).forEach((value) => this.#countUses(value)));
  }

  /** Says in which local a load put its value. */
  bind(value: LoadedValue, local: number): void {
    this.#locals.set(value, local);
  }

  /** Leaves the value on the stack. */
  emit(value: Value): void {
    const { code } = this.context;
    const local = this.#locals.get(value);
    if (local !== undefined) {
      code.get(local);
      return;
    }
    this.#compute(value);
    if (operandsOf(value).length > 0 && (this.#uses.get(value) ?? 0) > 1) {
      const created = code.local(value.width === 1 ? 'i32' : 'i64');
      this.#locals.set(value, created);
      code.tee(created);
    }
  }

  #countUses(value: Value): void {
    const uses = this.#uses.get(value) ?? 0;
    this.#uses.set(value, uses + 1);
    if (uses === 0) operandsOf(value).forEach((operand) => this.#countUses(operand));
  }

  #compute(value: Value): void {
    const { code } = this.context;
    switch (value.op) {
      case 'constant':
        if (value.width === 1) code.i32(Number(value.value));
        else code.i64(value.value);
        return;
      case 'register':
        loadRegister(this.context, value.register, value.width, value.high);
        return;
      case 'segmentBase':
        loadField(this.context, `${value.segment}_base`);
        return;
      case 'selector':
        loadField(this.context, value.segment).i64(0xffffn).op('i64_and');
        return;
      case 'flags':
        loadField(this.context, 'eflags');
        return;
      case 'flag':
        loadField(this.context, 'eflags')
          .i64(BigInt(FLAG_BITS[value.flag]))
          .op('i64_shr_u', 'i32_wrap_i64')
          .i32(1)
          .op('i32_and');
        return;
      case 'next':
        loadNext(this.context);
        return;
      case 'loaded':
        throw new Error('internal error: a value is used before it is loaded');
      case 'select':
        this.emit(value.whenTrue);
        this.emit(value.whenFalse);
        this.emit(value.condition);
        code.op('select');
        return;
      case 'call':
        value.arguments.forEach((argument) => this.emit(argument));
        code.call(this.context.runtime.index(value.name));
        return;
      case 'equal':
      case 'below':
        assert(value.left.width !== 1, 'truth values are compared by xor');
        this.emit(value.left);
        this.emit(value.right);
        code.op(value.op === 'equal' ? 'i64_eq' : 'i64_lt_u');
        return;
      case 'shiftRightSigned':
        this.#emitSigned(value.left);
        this.emit(value.right);
        code.op('i64_shr_s');
        this.#cut(value.width);
        return;
      case 'add':
      case 'subtract':
      case 'multiply':
      case 'shiftLeft':
        this.emit(value.left);
        this.emit(value.right);
        code.op(ARITHMETIC[value.op]);
        this.#cut(value.width);
        return;
      case 'and':
      case 'or':
      case 'xor':
        this.emit(value.left);
        this.emit(value.right);
        code.op(value.width === 1 ? `i32_${value.op}` : `i64_${value.op}`);
        return;
      case 'shiftRight':
      case 'divide':
      case 'remainder':
        this.emit(value.left);
        this.emit(value.right);
        code.op(ARITHMETIC[value.op]);
        return;
      case 'not':
        this.emit(value.value);
        if (value.width === 1) code.op('i32_eqz');
        else code.i64(ones(value.width)).op('i64_xor');
        return;
      case 'negate':
        code.i64(0n);
        this.emit(value.value);
        code.op('i64_sub');
        this.#cut(value.width);
        return;
      case 'leadingZeros':
        this.emit(value.value);
        code
          .op('i64_clz')
          .i64(BigInt(64 - value.width))
          .op('i64_sub');
        return;
      case 'trailingZeros':
        this.emit(value.value);
        // A one above the value's bits ends the count there.
        if (value.width < 64) code.i64(1n << BigInt(value.width)).op('i64_or');
        code.op('i64_ctz');
        return;
      case 'countOnes':
        this.emit(value.value);
        code.op('i64_popcnt');
        return;
      case 'parity':
        this.emit(value.value);
        code.op('i32_wrap_i64').i32(0xff).op('i32_and', 'i32_popcnt').i32(1).op('i32_and', 'i32_eqz');
        return;
      case 'zeroExtend':
        this.emit(value.value);
        if (value.value.width === 1) code.op('i64_extend_i32_u');
        return;
      case 'signExtend':
        this.#emitSigned(value.value);
        this.#cut(value.width);
        return;
      case 'truncate':
        this.emit(value.value);
        if (value.width === 1) code.op('i32_wrap_i64').i32(1).op('i32_and');
        else this.#cut(value.width);
        return;
    }
  }

  /** The value extended to 64 bits by its sign. */
  #emitSigned(value: Value): void {
    assert(value.width !== 1, 'a truth value has no sign');
    this.emit(value);
    if (value.width < 64) this.context.code.op(`i64_extend${value.width as 8 | 16 | 32}_s`);
  }

  /** Clears the bits beyond `width`. */
  #cut(width: Width): void {
    if (width < 64) this.context.code.i64(ones(width)).op('i64_and');
  }
}

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
