/**
 * Names, each kept once, without template arguments: what people type, and what a name is looked up by. They are cut
 * and compared as bytes, because most of the names that a scan meets are met again and again.
 */
import { byteHash } from './byteHash';
import { NumberList } from './growing';

const EMPTY = -1;
const [LESS, GREATER, MINUS] = ['<', '>', '-'].map((sign) => sign.charCodeAt(0)) as [number, number, number];
const OPERATOR = Buffer.from('operator');

export class NamePool {
  #bytes = new Uint8Array(1 << 16);
  #used = 0;
  readonly #ends = new NumberList();
  readonly #hashes = new NumberList();
  #slots = new Int32Array(4096).fill(EMPTY);

  get size(): number {
    return this.#ends.length;
  }

  /** The number of the name between two offsets of `source`. */
  idOf(source: Uint8Array, from: number, to: number): number {
    this.#reserve(to - from);
    this.#append(source, from, to);
    const start = this.startOf(this.size);
    const hash = byteHash(this.#bytes, start, this.#used);
    const mask = this.#slots.length - 1;
    let slot = hash & mask;
    for (let id = this.#slots[slot]!; id !== EMPTY; id = this.#slots[slot]!) {
      if (this.#hashes.at(id) === hash && this.#equals(id, start)) {
        this.#used = start;
        return id;
      }
      slot = (slot + 1) & mask;
    }
    const id = this.size;
    this.#slots[slot] = id;
    this.#ends.push(this.#used);
    this.#hashes.push(hash);
    if (this.size * 2 > this.#slots.length) this.#grow();
    return id;
  }

  /** Where name number `id` starts in {@link bytes}; it ends where the next one starts. */
  startOf(id: number): number {
    return id === 0 ? 0 : this.#ends.at(id - 1);
  }

  endOf(id: number): number {
    return this.#ends.at(id);
  }

  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#used);
  }

  /** Adds the bytes without what stands between angle brackets, like withoutTemplateArguments in names/query. */
  #append(source: Uint8Array, from: number, to: number): void {
    let depth = 0;
    for (let at = from; at < to; at++) {
      const byte = source[at]!;
      if (byte === LESS && depth === 0 && isOperator(source, from, to)) {
        this.#used = this.startOf(this.size);
        this.#bytes.set(source.subarray(from, to), this.#used);
        this.#used += to - from;
        return;
      }
      if (byte === LESS) depth++;
      else if (byte === GREATER && depth > 0 && source[at - 1] !== MINUS) depth--;
      else if (depth === 0) this.#bytes[this.#used++] = byte;
    }
  }

  #reserve(length: number): void {
    if (this.#used + length <= this.#bytes.length) return;
    const grown = new Uint8Array(2 * Math.max(this.#bytes.length, this.#used + length));
    grown.set(this.bytes);
    this.#bytes = grown;
  }

  /** Whether name number `id` is what was added last, from `start` on. */
  #equals(id: number, start: number): boolean {
    const first = this.startOf(id);
    const length = this.endOf(id) - first;
    if (length !== this.#used - start) return false;
    for (let at = 0; at < length; at++) if (this.#bytes[first + at] !== this.#bytes[start + at]) return false;
    return true;
  }

  #grow(): void {
    const mask = this.#slots.length * 2 - 1;
    this.#slots = new Int32Array(mask + 1).fill(EMPTY);
    for (let id = 0; id < this.size; id++) {
      let slot = this.#hashes.at(id) & mask;
      while (this.#slots[slot] !== EMPTY) slot = (slot + 1) & mask;
      this.#slots[slot] = id;
    }
  }
}

/** Whether a name may have an operator's sign in it, which is no bracket. */
function isOperator(source: Uint8Array, from: number, to: number): boolean {
  const name = Buffer.from(source.buffer, source.byteOffset + from, to - from);
  return name.includes(OPERATOR) && /\boperator\s*[<-]/.test(name.toString('latin1'));
}
