/**
 * A map from run-time addresses (as numbers) to values, for the look-up at each hit: open addressing in a typed array,
 * because a Map boxes every number above 2^31 that it is asked for.
 */

const EMPTY = -1;

export class AddressTable<T> {
  #keys = new Float64Array(16).fill(EMPTY);
  #values: (T | undefined)[] = new Array<T | undefined>(16);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(address: number): T | undefined {
    return this.#values[this.#slot(address)];
  }

  set(address: number, value: T): void {
    let slot = this.#slot(address);
    if (this.#keys[slot] === EMPTY) {
      if (2 * (this.#size + 1) > this.#keys.length) {
        this.#grow();
        slot = this.#slot(address);
      }
      this.#keys[slot] = address;
      this.#size++;
    }
    this.#values[slot] = value;
  }

  *values(): Generator<T> {
    for (const value of this.#values) if (value !== undefined) yield value;
  }

  /** Where the address is, or the empty slot where it would be put. */
  #slot(address: number): number {
    const mask = this.#keys.length - 1;
    // Fibonacci hashing of both halves; code addresses differ in their low bits first.
    const hash = Math.imul((address >>> 0) ^ (address / 0x1_0000_0000), 0x9e3779b1);
    let slot = (hash ^ (hash >>> 15)) & mask;
    while (this.#keys[slot] !== address && this.#keys[slot] !== EMPTY) slot = (slot + 1) & mask;
    return slot;
  }

  #grow(): void {
    const keys = this.#keys;
    const values = this.#values;
    this.#keys = new Float64Array(keys.length * 2).fill(EMPTY);
    this.#values = new Array<T | undefined>(keys.length * 2);
    for (let at = 0; at < keys.length; at++) {
      if (keys[at] === EMPTY) continue;
      const slot = this.#slot(keys[at]!);
      this.#keys[slot] = keys[at]!;
      this.#values[slot] = values[at];
    }
  }
}
