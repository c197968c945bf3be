/** Where C and C++ return values (System V ABI x86-64, §3.2.3, "Returning of Values"; Itanium C++ ABI §3.1.3). */
import { type Location, type Type } from '../../debuginfo/model/model';
import { isStructure, sizeOf, unqualified } from './types';
import { classify, type EightbyteClass } from './eightbytes';
import { IN_MEMORY, type Piece, placeOfPieces, Registers, SYSTEM_V, unavailable } from './resultRegisters';

const EIGHTBYTE = 8;
/** What the agent sees of a vector register. */
const VECTOR = 16;

/** The place of a value of `type`, which a function of C or C++ returns; unavailable with the reason. */
export function systemVPlace(type: Type): Location {
  const size = sizeOf(type);
  const classes = classify(type);
  if (size === undefined || classes === undefined) return unavailable('<not available: nothing tells where it is>');
  if (classes === 'memory') return IN_MEMORY;
  const under = unqualified(type);
  if (isStructure(under) && under.language === 'c++' && under.passedBy === undefined) {
    return unavailable('<not available: debug information does not say how its class is returned>');
  }
  if (classes.some((each) => each === 'x87' || each === 'complexX87')) {
    return unavailable('<not available: in st0, which probes do not read>');
  }
  if (size > VECTOR) return unavailable('<not available: in a register of more than 16 bytes>');
  // An empty class has one byte, which nobody writes.
  if (classes.every((each) => each === 'none')) return { kind: 'bytes', bytes: new Uint8Array(size) };
  return placeOfPieces([...pieces(classes, size)], size);
}

function* pieces(classes: readonly EightbyteClass[], size: number): IterableIterator<Piece> {
  const registers = new Registers(SYSTEM_V);
  for (let at = 0; at < classes.length; at++) {
    const each = classes[at];
    const isWhole = classes[at + 1] === 'ssePart';
    const byteSize = Math.min(isWhole ? VECTOR : EIGHTBYTE, size - at * EIGHTBYTE);
    if (isWhole) at++;
    const register = each === 'none' ? undefined : registers.next(each === 'integer' ? 'integer' : 'float');
    yield { location: register ?? unavailable('<not available: padding>'), byteSize };
  }
}
