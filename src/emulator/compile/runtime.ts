/** What WebAssembly has no instruction for, as functions that compiled instructions call. */
import { Code, type FunctionIndex, type ModuleBuilder } from '../../wasm/module';
import { type RuntimeFunction } from '../ir/ir';

/** The functions of one module, added when first used. */
export class Runtime {
  readonly #indices = new Map<RuntimeFunction, FunctionIndex>();

  constructor(private readonly builder: ModuleBuilder) {}

  index(name: RuntimeFunction): FunctionIndex {
    let index = this.#indices.get(name);
    if (index === undefined) {
      index = this.builder.addFunction(FUNCTIONS[name]());
      this.#indices.set(name, index);
    }
    return index;
  }
}

const FUNCTIONS: Readonly<Record<RuntimeFunction, () => Code>> = {
  multiplyHigh,
  quotient128,
  depositBits,
  extractBits,
  crc32,
};

function withParameters(count: number): Code {
  return new Code({ parameters: Array.from({ length: count }, () => 'i64' as const), results: ['i64'] });
}

/** (left, right). School multiplication with digits of 32 bits. */
function multiplyHigh(): Code {
  const code = withParameters(2);
  const [left, right] = [0, 1];
  const middle = code.local('i64');
  const cross = code.local('i64');
  const lower = (local: number) => code.get(local).i64(0xffffffffn).op('i64_and');
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

/**
 * (high, low, divisor). Restoring division, one bit of the quotient at a time; the remainder needs a 65th bit, which is
 * the one shifted out.
 */
function quotient128(): Code {
  const code = withParameters(3);
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

/** (source, mask): the lowest bits of the source, in order, at the places where the mask has ones (PDEP). */
function depositBits(): Code {
  const code = withParameters(2);
  const [source, mask] = [0, 1];
  const result = code.local('i64');
  forEachOne(code, mask, (lowest) => {
    // One bit of the source for each one of the mask.
    code.get(source).i64(1n).op('i64_and', 'i32_wrap_i64').open('if');
    code.get(result).get(lowest).op('i64_or').set(result).op('end');
    code.get(source).i64(1n).op('i64_shr_u').set(source);
  });
  return code.get(result);
}

/** (source, mask): the bits of the source where the mask has ones, put together at the lowest places (PEXT). */
function extractBits(): Code {
  const code = withParameters(2);
  const [source, mask] = [0, 1];
  const result = code.local('i64');
  const place = code.local('i64');
  code.i64(1n).set(place);
  forEachOne(code, mask, (lowest) => {
    code.get(source).get(lowest).op('i64_and', 'i64_eqz', 'i32_eqz').open('if');
    code.get(result).get(place).op('i64_or').set(result).op('end');
    code.get(place).i64(1n).op('i64_shl').set(place);
  });
  return code.get(result);
}

/** Runs `body` for each one of the mask, from the lowest; it finds the bit in a local. */
function forEachOne(code: Code, mask: number, body: (lowest: number) => void): void {
  const lowest = code.local('i64');
  code.open('block').open('loop');
  code.get(mask).op('i64_eqz').branch('br_if', 1);
  code.get(mask).i64(0n).get(mask).op('i64_sub', 'i64_and').set(lowest);
  code.get(mask).get(lowest).op('i64_xor').set(mask);
  body(lowest);
  code.branch('br', 0).op('end', 'end');
}

/**
 * The Castagnoli polynomial 0x11EDC6F41 with its bits in the opposite order, as CRC32 works (Intel SDM vol. 2, CRC32).
 */
const CASTAGNOLI = 0x82f63b78n;

/** (checksum, data, bits of the data). */
function crc32(): Code {
  const code = withParameters(3);
  const [checksum, data, bits] = [0, 1, 2];
  const low = code.local('i64');
  code.open('loop');
  code.get(checksum).get(data).op('i64_xor').i64(1n).op('i64_and').set(low);
  code.get(checksum).i64(1n).op('i64_shr_u');
  code.i64(0n).get(low).op('i64_sub').i64(CASTAGNOLI).op('i64_and', 'i64_xor').set(checksum);
  code.get(data).i64(1n).op('i64_shr_u').set(data);
  code.get(bits).i64(1n).op('i64_sub').tee(bits).op('i64_eqz', 'i32_eqz').branch('br_if', 0).op('end');
  return code.get(checksum);
}
