/**
 * Where Rust returns values. Its ABI is not specified; what compilers have done alike for years is taken: scalars, and
 * structures with nothing but one, as C returns them; pointers with a length or a table, as two scalars; what is larger
 * than two words, in memory that the caller gave. Anything else is refused.
 */
import { type Location, type Type } from '../../debuginfo/model/model';
import { isStructure, scalarOf, sizeOf, unqualified } from './types';
import { IN_MEMORY, placeOfPieces, Registers, SYSTEM_V, unavailable } from './resultRegisters';
import { systemVPlace } from './systemVResults';

const WORD = 8;
const MAX_DEPTH = 16;

export function rustPlace(type: Type): Location {
  const size = sizeOf(type);
  if (size === undefined) return unavailable('<not available: nothing tells where it is>');
  if (size > 2 * WORD && !hasWideScalar(type, 0)) return IN_MEMORY;
  const scalar = onlyScalar(type, 0);
  if (scalar !== undefined && sizeOf(scalar) === size) return systemVPlace(scalar);
  if (isFatPointer(type)) {
    const registers = new Registers(SYSTEM_V);
    const words = [0, 1].map(() => ({
      location: registers.next('integer') ?? unavailable('<not available>'),
      byteSize: WORD,
    }));
    return placeOfPieces(words, size);
  }
  return unavailable('<not available: Rust does not say where it returns such a value>');
}

/** Two scalars are returned in registers, however wide: only integers and vectors of 16 bytes make them that wide. */
function hasWideScalar(type: Type, depth: number): boolean {
  const under = unqualified(type);
  if (depth === MAX_DEPTH) return true;
  if (under.kind === 'array') return under.isVector === true || hasWideScalar(under.element, depth + 1);
  if (!isStructure(under)) return under.kind === 'base' && under.byteSize > WORD;
  const variants = under.variants?.variants.flatMap(({ members }) => members) ?? [];
  return [...under.members, ...variants].some((member) => hasWideScalar(member.type, depth + 1));
}

/** The scalar that a value is, or that is all there is in it. */
function onlyScalar(type: Type, depth: number): Type | undefined {
  const under = unqualified(type);
  if (scalarOf(under) !== undefined || (under.kind === 'base' && under.byteSize === 16)) return type;
  if (!isStructure(under) || under.kind === 'union' || under.variants !== undefined || depth === MAX_DEPTH) {
    return undefined;
  }
  const [field, ...others] = under.members.filter((member) => sizeOf(member.type) !== 0);
  return field && others.length === 0 ? onlyScalar(field.type, depth + 1) : undefined;
}

/** `&str`, `&[T]`, `&dyn T`, `Box<dyn T>`: as rustc describes them. */
function isFatPointer(type: Type): boolean {
  const under = unqualified(type);
  if (!isStructure(under) || under.members.length !== 2) return false;
  const [first, second] = under.members;
  if (unqualified(first?.type ?? under).kind !== 'pointer' || second?.byteOffset !== WORD) return false;
  return (
    (first?.name === 'data_ptr' && second.name === 'length') || (first?.name === 'pointer' && second.name === 'vtable')
  );
}
