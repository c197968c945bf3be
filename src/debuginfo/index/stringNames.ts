/**
 * The names at offsets of one string section, by offset: linkers keep each string once, so an offset that was seen
 * before needs no look at the bytes.
 */
import { type ByteReader, MAX_STRING } from '../../base/byteReader';
import { OverlapLimit } from '../../base/overlapLimit';
import { type NamePool } from './namePool';

const EMPTY = 0xffff_ffff;

/** Strings of more bytes may not overlap much. Real ones seldom are: mangled templates. */
const LONG = 4096;

export class StringNames {
  readonly bytes: Uint8Array;
  readonly #limit: OverlapLimit;
  readonly #pool: NamePool;
  #offsets = new Uint32Array(4096).fill(EMPTY);
  /** Twice the name's number, and one where it was cut. */
  #names = new Uint32Array(4096);
  #size = 0;

  constructor({ data, origin }: ByteReader, pool: NamePool) {
    this.bytes = data;
    this.#limit = new OverlapLimit(origin, data.length);
    this.#pool = pool;
  }

  /** Twice the number of the name at `offset`, and one where it was cut; undefined where there is none. */
  at(offset: number): number | undefined {
    const mask = this.#offsets.length - 1;
    let slot = slotOf(offset, mask);
    for (let known = this.#offsets[slot]!; known !== EMPTY; known = this.#offsets[slot]!) {
      if (known === offset) return this.#names[slot];
      slot = (slot + 1) & mask;
    }
    if (offset >= this.bytes.length) return undefined;
    const name = cutName(this.bytes, offset, this.#pool, this.#limit);
    if (name === undefined) return undefined;
    this.#offsets[slot] = offset;
    this.#names[slot] = name;
    if (++this.#size * 2 > this.#offsets.length) this.#grow();
    return name;
  }

  #grow(): void {
    const [offsets, names] = [this.#offsets, this.#names];
    const mask = offsets.length * 2 - 1;
    this.#offsets = new Uint32Array(mask + 1).fill(EMPTY);
    this.#names = new Uint32Array(mask + 1);
    for (const [index, offset] of offsets.entries()) {
      if (offset === EMPTY) continue;
      let slot = slotOf(offset, mask);
      while (this.#offsets[slot] !== EMPTY) slot = (slot + 1) & mask;
      this.#offsets[slot] = offset;
      this.#names[slot] = names[index]!;
    }
  }
}

/** The same for the string that starts at `start` of any bytes; undefined where it has no end. */
export function cutName(bytes: Uint8Array, start: number, pool: NamePool, limit?: OverlapLimit): number | undefined {
  let end = start;
  while (end < bytes.length && bytes[end] !== 0) end++;
  if (end - start > LONG) limit?.read(start, end - start);
  if (end >= bytes.length || end - start > MAX_STRING) return undefined;
  const id = pool.idOf(bytes, start, end);
  return 2 * id + (pool.endOf(id) - pool.startOf(id) === end - start ? 0 : 1);
}

function slotOf(offset: number, mask: number): number {
  const hash = Math.imul(offset, 0x9e3779b1);
  return (hash ^ (hash >>> 15)) & mask;
}
