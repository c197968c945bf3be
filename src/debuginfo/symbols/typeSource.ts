/** What the readers of single kinds of types ask for other types: the part of `Types` that they see. */
import { type Entry } from '../dwarf/entry';
import { type Type } from '../model/model';

export interface TypeSource {
  /** The type that `entry` has by DW_AT_type; void without one. */
  typeOf(entry: Entry): Type;
  /** The type that `entry` describes. */
  of(entry: Entry): Type;
  /** Bytes of the type that `entry` has by DW_AT_type. */
  sizeOf(entry: Entry): number | undefined;
  /** The entry that has the members: `entry` itself, unless it only declares the type. */
  definitionOf(entry: Entry): Entry;
}

/** One kind of type: reads its entry. */
export type TypeReader = (types: TypeSource, entry: Entry) => Type;

/** Typedefs and qualifiers in a row; a longer row is a circle. */
export const MAX_LAYERS = 64;
