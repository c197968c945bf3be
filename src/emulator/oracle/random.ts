/** Reproducible random numbers, and machine words that are often at an edge. */
import { assert } from '../../base/assert';

/** sfc32 (PractRand): three words of state and a counter. */
export class Random {
  #a: number;
  #b = 0x9e3779b9;
  #c = 0x243f6a88;
  #counter = 1;

  constructor(seed: number) {
    this.#a = seed | 0;
    for (let round = 0; round < 12; round++) this.u32();
  }

  u32(): number {
    const result = (this.#a + this.#b + this.#counter++) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + result;
    return result >>> 0;
  }

  /** 0 … limit-1. */
  below(limit: number): number {
    return Math.floor((this.u32() / 0x1_0000_0000) * limit);
  }

  /** True once in `times`. */
  oneIn(times: number): boolean {
    return this.below(times) === 0;
  }

  /** `choices`: at least one; any of them may be `undefined`. */
  pick<T>(choices: readonly T[]): T {
    assert(choices.length > 0, 'there is a choice');
    return choices[this.below(choices.length)] as T;
  }

  u64(): bigint {
    return (BigInt(this.u32()) << 32n) | BigInt(this.u32());
  }

  /** 64 bits: evenly distributed, few bits, or near an edge of some width, sign-extended or with other bits above. */
  word(): bigint {
    switch (this.below(8)) {
      case 0:
      case 1:
      case 2:
        return this.u64();
      case 3:
        return BigInt(this.below(70));
      case 4:
        return BigInt.asUintN(64, BigInt(-1 - this.below(70)));
      case 5:
        return this.u64() >> BigInt(this.below(64));
      case 6:
        return this.pick(EDGES);
      default:
        // An edge in the lower part, anything above it.
        return BigInt.asUintN(64, this.pick(EDGES) ^ (this.u64() << BigInt(this.pick(WIDTHS))));
    }
  }
}

const WIDTHS = [8, 16, 32, 63];

/** Around 0, the largest and the smallest number of each width. */
const EDGES = [8, 16, 32, 64].flatMap((width) => {
  const half = 1n << BigInt(width - 1);
  return [0n, 1n, half - 1n, half, half + 1n, 2n * half - 2n, 2n * half - 1n, 2n * half].map((edge) =>
    BigInt.asUintN(64, edge),
  );
});
