/**
 * Where Go returns values: the Go internal ABI specification (cmd/compile, abi-internal.md), "Function call argument
 * and result passing". Every result is in registers, all of it, or on the stack.
 */
import { type Location, type Type } from '../../debuginfo/model/model';
import { type BareType, elementOf, isStructure, knownCount, scalarOf, sizeOf, unqualified } from './types';
import { GO, type Piece, placeOfPieces, Registers, unavailable } from './resultRegisters';

const MAX_DEPTH = 16;

/** The places of a function's results, in order. */
export function goPlaces(types: readonly Type[]): readonly Location[] {
  let taken: readonly ('integer' | 'float')[] = [];
  return types.map((type) => {
    const size = sizeOf(type);
    const wanted: Wanted[] = [];
    if (size === undefined || !assign(unqualified(type), 0, wanted, 0)) return ON_STACK;
    const all = [...taken, ...wanted.map(({ kind }) => kind)];
    const registers = new Registers(GO);
    const places = all.map((kind) => registers.next(kind));
    if (places.some((place) => place === undefined)) return ON_STACK;
    const own = places.slice(taken.length).flatMap((place) => place ?? []);
    taken = all;
    return placed(wanted, own, size);
  });
}

const ON_STACK = unavailable('<not available: Go returns it on the stack>');

/** A part of a value that takes a register. */
interface Wanted {
  readonly kind: 'integer' | 'float';
  readonly offset: number;
  readonly byteSize: number;
}

/** Lists what a value needs, as the specification's register-assign does; false if it can't be in registers. */
function assign(type: BareType, offset: number, wanted: Wanted[], depth: number): boolean {
  if (depth > MAX_DEPTH || wanted.length > GO.integers.length + GO.floats.length) return false;
  if (isStructure(type)) {
    return type.members.every(
      ({ byteOffset, type: inner, bits }) =>
        typeof byteOffset === 'number' &&
        bits === undefined &&
        assign(unqualified(inner), offset + byteOffset, wanted, depth + 1),
    );
  }
  if (type.kind === 'array') {
    const count = knownCount(type);
    return count === 0 || (count === 1 && assign(unqualified(elementOf(type)), offset, wanted, depth + 1));
  }
  if (type.kind === 'base' && type.encoding === 'complex') {
    const byteSize = type.byteSize / 2;
    wanted.push({ kind: 'float', offset, byteSize }, { kind: 'float', offset: offset + byteSize, byteSize });
    return true;
  }
  const byteSize = sizeOf(type);
  const scalar = scalarOf(type);
  if (scalar === undefined || byteSize === undefined) return false;
  wanted.push({ kind: scalar.kind === 'float' ? 'float' : 'integer', offset, byteSize });
  return true;
}

function placed(wanted: readonly Wanted[], places: readonly Location[], size: number): Location {
  if (size === 0) return { kind: 'bytes', bytes: new Uint8Array(0) };
  const pieces: Piece[] = [];
  let end = 0;
  // No register has what lies between fields.
  const pad = (to: number): void => {
    const byteSize = to - end;
    if (byteSize > 0) pieces.push({ location: { kind: 'bytes', bytes: new Uint8Array(byteSize) }, byteSize });
  };
  for (const [index, { offset, byteSize }] of wanted.entries()) {
    pad(offset);
    pieces.push({ location: places[index] ?? ON_STACK, byteSize });
    end = offset + byteSize;
  }
  pad(size);
  return placeOfPieces(pieces, size);
}
