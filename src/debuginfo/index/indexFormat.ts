/**
 * An index as bytes, and bytes as an index: a header, then each table, all little-endian and at multiples of eight.
 * What is read may be damaged or a stranger's, so that every number which leads somewhere is looked at before one is
 * used.
 */
import { type IndexTables, NO_SCOPE, UNIT, UNKNOWN_SCOPE } from './indexTables';

/** "PSIP": what the first four bytes of an index are. */
const MAGIC = 0x5049_5350;
/** To be raised with every change of what is in the tables or of what they mean. */
export const FORMAT_VERSION = 3;

/** With what tells the file that the index is of. */
type Kept = IndexTables & { readonly key: Uint8Array };

/** In the order of the file, with the bytes of an element. */
const TABLES = [
  ['key', 1],
  ['units', 4],
  ['unitEnds', 4],
  ['unitFlags', 1],
  ['nameBytes', 1],
  ['nameEnds', 4],
  ['buckets', 4],
  ['recordsFirst', 4],
  ['entries', 4],
  ['scopesOf', 4],
  ['info', 1],
  ['scopes', 4],
  ['references', 4],
  ['referencesFirst', 4],
  ['referencesUnits', 4],
  ['sharedReferences', 4],
  ['sharedFirst', 4],
  ['sharedUnits', 4],
  ['pathBytes', 1],
  ['pathEnds', 4],
  ['pathBuckets', 4],
  ['pathUnitsFirst', 4],
  ['pathUnits', 4],
] as const satisfies readonly (readonly [keyof Kept, 1 | 4])[];

/** Magic, version, checksum of what follows it, bytes of all; then the number of elements of each table. */
const FIXED = 16;
const ALIGNMENT = 8;
/** The first word that the checksum is of. */
const SUMMED = 3;
const NO_KEY = new Uint8Array(0);

export function encodeIndex(index: IndexTables, key: string): Uint8Array<ArrayBuffer> {
  const tables: Kept = { ...index, key: Buffer.from(key) };
  const header = aligned(FIXED + 4 * TABLES.length);
  const size = TABLES.reduce((sum, [name]) => sum + aligned(tables[name].byteLength), header);
  const bytes = new Uint8Array(size);
  const words = new Uint32Array(bytes.buffer);
  words[0] = MAGIC;
  words[1] = FORMAT_VERSION;
  words[3] = size;
  let offset = header;
  for (const [index, [name]] of TABLES.entries()) {
    const table = tables[name];
    words[FIXED / 4 + index] = table.length;
    bytes.set(new Uint8Array(table.buffer, table.byteOffset, table.byteLength), offset);
    offset += aligned(table.byteLength);
  }
  words[2] = checksum(words, SUMMED);
  return bytes;
}

/**
 * The tables in `bytes`, which must lie at a multiple of eight in memory; undefined where they are no whole index, or
 * one that was kept under another key.
 */
export function decodeIndex(bytes: Uint8Array, key: string): IndexTables | undefined {
  const header = aligned(FIXED + 4 * TABLES.length);
  if (bytes.length < header || bytes.length % ALIGNMENT !== 0) return undefined;
  const words = new Uint32Array(bytes.buffer, bytes.byteOffset, header / 4);
  if (words[0] !== MAGIC || words[1] !== FORMAT_VERSION || words[3] !== bytes.length) return undefined;
  if (words[2] !== checksum(new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4), SUMMED))
    return undefined;
  const found: Partial<Record<keyof IndexTables, Uint8Array | Uint32Array>> & { key?: Uint8Array } = {};
  let offset = header;
  for (const [index, [name, width]] of TABLES.entries()) {
    const length = words[FIXED / 4 + index]!;
    if (offset + length * width > bytes.length) return undefined;
    const at = bytes.byteOffset + offset;
    if (name === 'key') found.key = new Uint8Array(bytes.buffer, at, length);
    else
      found[name] = width === 1 ? new Uint8Array(bytes.buffer, at, length) : new Uint32Array(bytes.buffer, at, length);
    offset += aligned(length * width);
  }
  if (offset !== bytes.length || !Buffer.from(key).equals(found.key ?? NO_KEY)) return undefined;
  delete found.key;
  const tables = found as unknown as IndexTables;
  return isConsistent(tables) ? tables : undefined;
}

/**
 * Of all words from one on. Each step is one-to-one, so that no change of a single word goes unseen; a
 * CRC would take as long as all the rest of reading an index.
 */
export function checksum(words: Uint32Array, from = 0): number {
  let sum = 0x811c9dc5;
  for (let index = from; index < words.length; index++) {
    sum = Math.imul(sum ^ words[index]!, 0x01000193);
    sum ^= sum >>> 15;
  }
  return sum >>> 0;
}

function aligned(size: number): number {
  return Math.ceil(size / ALIGNMENT) * ALIGNMENT;
}

/** Whether no number leads outside of the table that it leads to, and no list of places goes back. */
function isConsistent(tables: IndexTables): boolean {
  const { units, unitEnds, unitFlags, nameBytes, nameEnds, entries, scopesOf, info, scopes } = tables;
  const names = nameEnds.length;
  const scopeCount = scopes.length / 3;
  return (
    unitEnds.length === units.length &&
    unitFlags.length === units.length &&
    areUnits(units, unitEnds, unitFlags) &&
    areEnds(nameEnds, nameBytes.length) &&
    areBuckets(tables.buckets, names) &&
    areFirsts(tables.recordsFirst, names, entries.length) &&
    scopesOf.length === entries.length &&
    info.length === 2 * entries.length &&
    Number.isInteger(scopeCount) &&
    areScopes(scopes, names) &&
    scopesOf.every((scope) => scope < scopeCount || scope >= UNKNOWN_SCOPE) &&
    areLists(tables.references, tables.referencesFirst, tables.referencesUnits, units.length) &&
    areLists(tables.sharedReferences, tables.sharedFirst, tables.sharedUnits, units.length) &&
    areEnds(tables.pathEnds, tables.pathBytes.length) &&
    areBuckets(tables.pathBuckets, tables.pathEnds.length) &&
    areFirsts(tables.pathUnitsFirst, tables.pathEnds.length, tables.pathUnits.length) &&
    areBelow(tables.pathUnits, units.length)
  );
}

/** Units of a section follow each other, those of .debug_info first. */
function areUnits(units: Uint32Array, ends: Uint32Array, flags: Uint8Array): boolean {
  let before = 0;
  let types = 0;
  for (let index = 0; index < units.length; index++) {
    const inTypes = flags[index]! & UNIT.inTypes;
    if (inTypes < types) return false;
    if (inTypes > types) before = 0;
    if (units[index]! < before || units[index]! >= ends[index]!) return false;
    types = inTypes;
    before = ends[index]!;
  }
  return true;
}

/** A scope is in one that came before it. */
function areScopes(scopes: Uint32Array, names: number): boolean {
  for (let id = 0; 3 * id < scopes.length; id++) {
    const parent = scopes[3 * id]!;
    if (!(parent < id || parent === NO_SCOPE) || scopes[3 * id + 1]! >= names) return false;
  }
  return true;
}

function areLists(keys: Uint32Array, first: Uint32Array, items: Uint32Array, limit: number): boolean {
  return isAscending(keys) && areFirsts(first, keys.length, items.length) && areBelow(items, limit);
}

/** The first places of the lists of `count` keys, and the end. */
function areFirsts(first: Uint32Array, count: number, items: number): boolean {
  return first.length === count + 1 && isAscending(first) && first[0] === 0 && first[count] === items;
}

function areEnds(ends: Uint32Array, size: number): boolean {
  return isAscending(ends) && (ends.length === 0 || ends[ends.length - 1]! <= size);
}

function areBuckets(buckets: Uint32Array, count: number): boolean {
  const size = buckets.length - 1;
  return size > 0 && (size & (size - 1)) === 0 && areFirsts(buckets, size, count);
}

function isAscending(numbers: Uint32Array): boolean {
  for (let index = 1; index < numbers.length; index++) if (numbers[index]! < numbers[index - 1]!) return false;
  return true;
}

function areBelow(numbers: Uint32Array, limit: number): boolean {
  for (const number of numbers) if (number >= limit) return false;
  return true;
}
