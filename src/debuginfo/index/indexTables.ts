/**
 * An index as tables of numbers: what is written to disk and looked up in. Lists of lists are kept as one list and the
 * places in it where each begins, with the end as the last one.
 */
import { UNIT_MARK } from '../dwarf/unitDirectory';

/** What a record is of, in the low bits of its first byte. */
export const KIND = { function: 0, variable: 1, type: 2, enumerator: 3 } as const;
export type Kind = keyof typeof KIND;

/** A record's first byte; the second is the entry's tag (DW_TAG_*), of which those that are indexed fit a byte. */
export const RECORD = { kindMask: 3, declaration: 4, inTypes: 8, sized: 16 } as const;

/** Bits of a scope: an inline namespace or one without a name, which need not be written. */
export const SCOPE = { transparent: 1 } as const;
/** In place of a scope's number: none around the entry; and one that only the entry's origin tells. */
export const NO_SCOPE = 0xffff_ffff;
export const UNKNOWN_SCOPE = 0xffff_fffe;

/** Bits of a unit: it lies in .debug_types; other units take its entries in; its entries could not be indexed. */
export const UNIT = { inTypes: 1, partial: 2, unread: 4, ...UNIT_MARK } as const;
export const UNITS = { most: 1 << 21 } as const;

export interface NameTables {
  /** Names without template arguments, by bucket: `hash(key) & (buckets - 1)`. */
  readonly nameBytes: Uint8Array;
  readonly nameEnds: Uint32Array;
  readonly buckets: Uint32Array;
  /** The records of each name, and for each record the entry's offset, the scope around it and two bytes more. */
  readonly recordsFirst: Uint32Array;
  readonly entries: Uint32Array;
  readonly scopesOf: Uint32Array;
  readonly info: Uint8Array;
  /** Three numbers each: the scope around it, its name, {@link SCOPE}. */
  readonly scopes: Uint32Array;
  /** Entries that other units complete, ascending, and those units. */
  readonly references: Uint32Array;
  readonly referencesFirst: Uint32Array;
  readonly referencesUnits: Uint32Array;
  /** The same for entries of the supplementary file. */
  readonly sharedReferences: Uint32Array;
  readonly sharedFirst: Uint32Array;
  readonly sharedUnits: Uint32Array;
}

export interface FileTables {
  /** Whole paths of source files, by bucket: `hash(base name) & (buckets - 1)`. */
  readonly pathBytes: Uint8Array;
  readonly pathEnds: Uint32Array;
  readonly pathBuckets: Uint32Array;
  /** The first unit of each line number program that lists the file. */
  readonly pathUnitsFirst: Uint32Array;
  readonly pathUnits: Uint32Array;
}

export interface UnitTables {
  /** Offsets of units in their sections: those of .debug_info, ascending, then those of .debug_types. */
  readonly units: Uint32Array;
  readonly unitEnds: Uint32Array;
  /** {@link UNIT}. */
  readonly unitFlags: Uint8Array;
}

export type IndexTables = NameTables & FileTables & UnitTables;
