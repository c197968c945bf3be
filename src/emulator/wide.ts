/** 128-bit arithmetic, which WebAssembly lacks, as functions that compiled instructions call. */
import { Code, type FunctionIndex, type ModuleBuilder } from '../wasm/module';

const LOWER_HALF = 0xffffffffn;

/** The functions of one module, added to it when they are first called for. */
export class WideFunctions {
  readonly #indices = new Map<() => Code, FunctionIndex>();

  constructor(private readonly builder: ModuleBuilder) {}

  /** (left, right) → upper 64 bits of the unsigned product. */
  multiplyHigh(): FunctionIndex {
    return this.#index(multiplyHigh);
  }

  /** (high, low, divisor) → quotient of high:low; right if high is below the divisor. */
  quotient128(): FunctionIndex {
    return this.#index(quotient128);
  }

  #index(code: () => Code): FunctionIndex {
    let index = this.#indices.get(code);
    if (index === undefined) {
      index = this.builder.addFunction(code());
      this.#indices.set(code, index);
    }
    return index;
  }
}

/** School multiplication with digits of 32 bits. */
function multiplyHigh(): Code {
  const code = new Code({ parameters: ['i64', 'i64'], results: ['i64'] });
  const [left, right] = [0, 1];
  const middle = code.local('i64');
  const cross = code.local('i64');
  const lower = (local: number) => code.get(local).i64(LOWER_HALF).op('i64_and');
  const upper = (local: number) => code.get(local).i64(32n).op('i64_shr_u');

  // middle = left.upper * right.lower + (left.lower * right.lower).upper
  upper(left);
  lower(right).op('i64_mul');
  lower(left);
  lower(right).op('i64_mul').i64(32n).op('i64_shr_u', 'i64_add').set(middle);
  // cross = left.lower * right.upper + middle.lower
  lower(left);
  upper(right).op('i64_mul');
  lower(middle).op('i64_add').set(cross);
  // left.upper * right.upper + middle.upper + cross.upper
  upper(left);
  upper(right).op('i64_mul');
  upper(middle).op('i64_add');
  upper(cross).op('i64_add');
  return code;
}

/** Restoring division, one bit of the quotient at a time; the remainder needs a 65th bit, which is the one shifted out. */
function quotient128(): Code {
  const code = new Code({ parameters: ['i64', 'i64', 'i64'], results: ['i64'] });
  const [remainder, low, divisor] = [0, 1, 2];
  const quotient = code.local('i64');
  const overflow = code.local('i64');
  const bits = code.local('i32');

  code.get(remainder).op('i64_eqz').open('if');
  code.get(low).get(divisor).op('i64_div_u', 'return', 'end');

  code.i32(64).set(bits).open('loop');
  code.get(remainder).i64(63n).op('i64_shr_u').set(overflow);
  code.get(remainder).i64(1n).op('i64_shl').get(low).i64(63n).op('i64_shr_u', 'i64_or').set(remainder);
  code.get(low).i64(1n).op('i64_shl').set(low);
  code.get(quotient).i64(1n).op('i64_shl').set(quotient);
  code.get(overflow).op('i32_wrap_i64').get(remainder).get(divisor).op('i64_ge_u', 'i32_or').open('if');
  code.get(remainder).get(divisor).op('i64_sub').set(remainder);
  code.get(quotient).i64(1n).op('i64_or').set(quotient).op('end');
  code.get(bits).i32(1).op('i32_sub').tee(bits).branch('br_if', 0).op('end');
  code.get(quotient);
  return code;
}
