/**
 * Random C expressions without undefined behaviour (but for signed overflow, which -fwrapv defines): divisors are small
 * and positive, shift counts and indices are masked, floats are cast to integers only where they fit.
 */

/** A reproducible sequence of numbers: mulberry32. */
export function randomNumbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

const INTEGERS = ['c', 'sc', 'uc', 'b', 'sh', 'ush', 'i', 'j', 'u', 'l', 'll', 'ul', 'e'];
/**
 * The widest is cast at once: gcc would compute in 37 bits, clang and we compute in 64, and C allows both (C17
 * §6.7.2.1).
 */
const FIELDS = ['s.low', 's.mid', 's.high', '(unsigned long)s.wide', 'ps->c', 'ps->s', '(*ps).mid'];
const LITERALS = [
  '0',
  '1',
  '7',
  '0x7fffffff',
  '0xffffffff',
  '0x80000000',
  '2147483648',
  '5u',
  '3l',
  '9ull',
  "'a'",
  "'\\\\'",
  '017',
];
// prettier-ignore
const INTEGER_TYPES = [
  'char', 'signed char', 'unsigned char', '_Bool', 'short', 'unsigned short', 'int', 'unsigned', 'long', 'unsigned long int', 'int long long unsigned',
];
const COMPARISONS = ['==', '!=', '<', '>', '<=', '>='];

export class ExpressionGenerator {
  constructor(readonly random: (below: number) => number) {}

  /** Of any type that can be computed with. */
  any(depth: number): string {
    return this.#oneOf([
      () => this.integer(depth),
      () => this.integer(depth),
      () => this.float(depth),
      () => this.pointer(depth),
    ]);
  }

  integer(depth: number): string {
    if (depth <= 0) return this.#pick([...INTEGERS, ...LITERALS, 'a[3]', '*p', 'm[1][1]']);
    const next = depth - 1;
    return this.#oneOf([
      () => `(${this.integer(next)} ${this.#pick(['+', '-', '*', '&', '|', '^'])} ${this.integer(next)})`,
      () => `(${this.integer(next)} ${this.#pick(['/', '%'])} ((${this.integer(next)} & 7) + 1))`,
      () => `(${this.integer(next)} ${this.#pick(['<<', '>>'])} (${this.integer(next)} & 15))`,
      () => `(${this.#scalar(next)} ${this.#pick(COMPARISONS)} ${this.#scalar(next)})`,
      () => `(${this.pointer(next)} ${this.#pick(COMPARISONS)} ${this.pointer(next)})`,
      () => `(${this.any(next)} ${this.#pick(['&&', '||'])} ${this.any(next)})`,
      () => `(${this.any(next)} ? ${this.integer(next)} : ${this.integer(next)})`,
      () => `${this.#pick(['-', '+', '~', '!'])}(${this.integer(next)})`,
      () => `!${this.float(next)}`,
      () => `(${this.#pick(INTEGER_TYPES)})${this.#pick(['f', 'd', 's.f'])}`,
      () => `(${this.#pick(INTEGER_TYPES)})(${this.integer(next)})`,
      () => `(_Bool)(${this.any(next)})`,
      () => `(${this.#pick(['long', 'unsigned long'])})${this.pointer(next)}`,
      () =>
        `(${this.#pick(FIELDS)} ${this.#pick(['+', '-', '*', '<', '>>'])} ${this.integer(next)})`.replace(
          '>> ',
          '>> 7 & ',
        ),
      () => `a[(${this.integer(next)}) & 7]`,
      () => `m[(${this.integer(next)}) & 3][(${this.integer(next)}) & 3]`,
      () => `*${this.pointer(next)}`,
      () => `(${this.pointer(next)} - ${this.pointer(next)})`,
      () => `sizeof(${this.any(next)})`,
      () => `sizeof(${this.#pick([...INTEGER_TYPES, 'struct pack', 'int *', 'short [5]'])})`,
    ]);
  }

  float(depth: number): string {
    if (depth <= 0) return this.#pick(['f', 'g', 'd', 's.f', '1.5', '2.5f', '1e300', '.25']);
    const next = depth - 1;
    return this.#oneOf([
      () => `(${this.float(next)} ${this.#pick(['+', '-', '*', '/'])} ${this.float(next)})`,
      () => `(${this.float(next)} ${this.#pick(['+', '-', '*', '/'])} ${this.integer(next)})`,
      () => `(${this.any(next)} ? ${this.float(next)} : ${this.#scalar(next)})`,
      () => `-(${this.float(next)})`,
      () => `(${this.#pick(['float', 'double'])})(${this.#scalar(next)})`,
    ]);
  }

  /** Into the first half of `a`, so that a step of less than four stays in it. */
  pointer(depth: number): string {
    if (depth <= 0) return this.#pick(['p', 'q', 'a', '&a[1]', '(&a[7] - 3)']);
    const next = depth - 1;
    return this.#oneOf([
      () => `(a + ((${this.integer(next)}) & 3))`,
      () => `(((${this.integer(next)}) & 3) + p)`,
      () => `(&a[7] - ((${this.integer(next)}) & 3))`,
      () => `(${this.any(next)} ? ${this.pointer(next)} : ${this.pointer(next)})`,
      () => `&*${this.pointer(next)}`,
      () => `(int *)(unsigned long)${this.pointer(next)}`,
    ]);
  }

  #scalar(depth: number): string {
    return this.random(3) === 0 ? this.float(depth) : this.integer(depth);
  }

  #pick<T>(values: readonly T[]): T {
    return values[this.random(values.length)]!;
  }

  #oneOf(makers: readonly (() => string)[]): string {
    return this.#pick(makers)();
  }
}
