/**
 * Tables that grow while an index is made: numbers in a list, and numbers for distinct triples of numbers. Typed arrays
 * throughout, because an index has millions of both.
 */

/** A list of 32-bit numbers. */
export class NumberList {
  #data: Uint32Array;
  #length = 0;

  constructor(capacity = 1024) {
    this.#data = new Uint32Array(capacity);
  }

  get length(): number {
    return this.#length;
  }

  /** What is in it so far: a view that the next `push` may leave behind. */
  get values(): Uint32Array {
    return this.#data.subarray(0, this.#length);
  }

  at(index: number): number {
    return this.#data[index]!;
  }

  set(index: number, value: number): void {
    this.#data[index] = value;
  }

  push(value: number): void {
    if (this.#length === this.#data.length) {
      const grown = new Uint32Array(this.#length * 2);
      grown.set(this.#data);
      this.#data = grown;
    }
    this.#data[this.#length++] = value;
  }

  clear(): void {
    this.#length = 0;
  }
}

const EMPTY = -1;

/** Numbers distinct triples from 0 on, in the order in which they are first seen. */
export class TripleTable {
  readonly #keys = new NumberList(3 * 1024);
  #slots = new Int32Array(4096).fill(EMPTY);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** The triple's number; `size` before the call where it is new. */
  idOf(a: number, b: number, c: number): number {
    const mask = this.#slots.length - 1;
    let slot = mixed(a, b, c) & mask;
    for (let id = this.#slots[slot]!; id !== EMPTY; id = this.#slots[slot]!) {
      if (this.#keys.at(3 * id) === a >>> 0 && this.#keys.at(3 * id + 1) === b >>> 0 && this.#keys.at(3 * id + 2) === c)
        return id;
      slot = (slot + 1) & mask;
    }
    this.#slots[slot] = this.#size;
    this.#keys.push(a);
    this.#keys.push(b);
    this.#keys.push(c);
    if (++this.#size * 2 > this.#slots.length) this.#grow();
    return this.#size - 1;
  }

  /** Part 0, 1 or 2 of triple number `id`. */
  part(id: number, part: 0 | 1 | 2): number {
    return this.#keys.at(3 * id + part);
  }

  #grow(): void {
    const mask = this.#slots.length * 2 - 1;
    this.#slots = new Int32Array(mask + 1).fill(EMPTY);
    for (let id = 0; id < this.#size; id++) {
      let slot = mixed(this.part(id, 0), this.part(id, 1), this.part(id, 2)) & mask;
      while (this.#slots[slot] !== EMPTY) slot = (slot + 1) & mask;
      this.#slots[slot] = id;
    }
  }
}

/** Spreads the bits of three numbers over 32 (the finalizer of MurmurHash3). */
function mixed(a: number, b: number, c: number): number {
  let hash = Math.imul(a, 0x85ebca6b) ^ Math.imul(b, 0xc2b2ae35) ^ Math.imul(c, 0x27d4eb2f);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}
