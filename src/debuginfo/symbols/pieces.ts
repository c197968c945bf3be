/**
 * Values in several places (DWARF 5 §2.6.1.2). The model has whole bytes: parts of bytes that follow each other are put
 * together into bytes.
 */
import { readInteger } from '../../base/littleEndian';
import { type Location, type LocationOperation } from '../model/model';

interface BitPart {
  readonly location: Location;
  /** Of the part's first bit in what is at `location`. */
  readonly offset: number;
  readonly bits: number;
}

/** DWARF registers of more than 64 bits, whose upper half the model can't compute with. */
const FIRST_VECTOR = 17;

export class Pieces {
  readonly #pieces: { readonly location: Location; readonly byteSize: number }[] = [];
  /** Parts after the last whole byte. */
  #open: BitPart[] = [];

  get isEmpty(): boolean {
    return this.#pieces.length === 0 && this.#open.length === 0;
  }

  /** The next `bits` of the value, which are at `location` from bit `offset` on. */
  add(location: Location, bits: number, offset: number): void {
    const whole = this.#open.length === 0 && bits % 8 === 0 ? fromByte(location, offset, bits) : undefined;
    if (whole) this.#pieces.push({ location: whole, byteSize: bits / 8 });
    else this.#open.push({ location, bits, offset });
    if (openBits(this.#open) % 8 === 0) this.#close();
  }

  location(): Location {
    this.#close();
    return { kind: 'pieces', pieces: this.#pieces };
  }

  #close(): void {
    const bits = openBits(this.#open);
    if (bits > 0) this.#pieces.push({ location: joined(this.#open, bits), byteSize: Math.ceil(bits / 8) });
    this.#open = [];
  }
}

function openBits(parts: readonly BitPart[]): number {
  return parts.reduce((sum, { bits }) => sum + bits, 0);
}

/** The place that begins `offset` bits after another; undefined where that has to be computed bit by bit. */
function fromByte(location: Location, offset: number, bits: number): Location | undefined {
  if (offset === 0 || location.kind === 'unavailable') return location;
  if (location.kind === 'memory' && offset % 8 === 0) {
    const distance: LocationOperation = { op: 'const', value: BigInt(offset / 8) };
    return { kind: 'memory', address: [...location.address, distance, { op: 'add' }] };
  }
  const value = bits <= 64 ? bitsOf({ location, offset, bits }) : undefined;
  return value && { kind: 'value', value };
}

/** Bits in one value of at most 8 bytes; if one of them is nowhere, none of the bytes is known. */
function joined(parts: readonly BitPart[], bits: number): Location {
  if (bits > 64) return { kind: 'unavailable', reason: '<not available: in parts of bytes>' };
  const value: LocationOperation[] = [];
  let at = 0;
  for (const part of parts) {
    if (part.location.kind === 'unavailable') return part.location;
    const own = bitsOf(part);
    if (!own) return { kind: 'unavailable', reason: '<not available: in parts of bytes>' };
    value.push(...own, ...shift('shl', at), ...(at > 0 || value.length > own.length ? OR : []));
    at += part.bits;
  }
  return { kind: 'value', value };
}

const OR: readonly LocationOperation[] = [{ op: 'or' }];

/** Operations that leave the bits of a part, zero-extended; undefined where they can't be had. */
function bitsOf({ location, offset, bits }: BitPart): LocationOperation[] | undefined {
  if (offset + bits > 64 && location.kind !== 'memory') return undefined;
  const cut: readonly LocationOperation[] = bits < 64 ? [{ op: 'extend', bits, signed: false }] : [];
  switch (location.kind) {
    case 'value':
      return [...location.value, ...shift('shrU', offset), ...cut];
    case 'register':
      if (location.register >= FIRST_VECTOR && offset + bits > 64) return undefined;
      return [{ op: 'register', register: location.register }, ...shift('shrU', offset), ...cut];
    case 'bytes': {
      const size = Math.min(8, location.bytes.length);
      if (offset + bits > size * 8) return undefined;
      const value = BigInt.asUintN(64, readInteger(location.bytes, 0, size, false));
      return [{ op: 'const', value }, ...shift('shrU', offset), ...cut];
    }
    case 'memory': {
      const first = Math.floor(offset / 8);
      const within = offset % 8;
      const count = Math.ceil((within + bits) / 8);
      if (count > 8) return undefined;
      const value: LocationOperation[] = [];
      for (let byte = 0; byte < count; byte++) {
        const distance: LocationOperation = { op: 'const', value: BigInt(first + byte) };
        value.push(...location.address, distance, { op: 'add' }, { op: 'load', size: 1 }, ...shift('shl', byte * 8));
        if (byte > 0) value.push({ op: 'or' });
      }
      return [...value, ...shift('shrU', within), ...cut];
    }
    default:
      return undefined;
  }
}

function shift(op: 'shl' | 'shrU', bits: number): readonly LocationOperation[] {
  return bits === 0 ? [] : [{ op: 'const', value: BigInt(bits) }, { op }];
}
