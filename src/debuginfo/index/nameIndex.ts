/**
 * What an index of names and files answers, whoever made it. All that it names are entries and units by their offsets:
 * candidates, which whoever asks looks at himself.
 */
import { partitionPoint } from '../../base/binarySearch';
import { type UnitDirectory, type UnitPlaces } from '../dwarf/unitDirectory';
import { lastComponent, matchesName, withoutParameters, withoutTemplateArguments } from '../names/query';
import { isPathSuffix } from '../names/sourcePath';
import { isSimilar, mostSimilar, similarityLimit } from '../names/similarity';
import { byteHash } from './byteHash';
import { type IndexTables, type Kind, KIND, RECORD, SCOPE, UNIT, UNKNOWN_SCOPE } from './indexTables';
import { keyStart } from './nameKey';

/** A unit by its section and offset there. */
export interface IndexedUnit {
  readonly section: '.debug_info' | '.debug_types';
  readonly offset: number;
}

/** An entry with a name. */
export interface NamedEntry {
  readonly section: '.debug_info' | '.debug_types';
  readonly offset: number;
  readonly unit: number;
  /** DW_TAG_*. */
  readonly tag: number;
  readonly isDeclaration: boolean;
}

/** A function or variable, with the qualified name as people write it, without template arguments. */
export interface MatchingEntry extends NamedEntry {
  readonly name: string;
}

export interface NameIndex {
  /**
   * Entries of functions that carry this name, whole or from the start of one of its components: those with code, and
   * those that others complete.
   */
  functions(name: string): readonly NamedEntry[];
  /** Variables outside of functions: each definition, and one declaration of each. */
  globals(name: string): readonly NamedEntry[];
  /** One of each type, and one declaration. */
  types(name: string): readonly NamedEntry[];
  enumerators(name: string): readonly NamedEntry[];
  /** Functions whose names a pattern with `*` matches, whole or from the start of a component. */
  functionsMatching(pattern: string): IterableIterator<MatchingEntry>;
  /** Names of functions near to one that there is not. */
  similar(name: string): readonly string[];
  /** Files whose path is or ends in `path`, with the first unit of each line number program that lists them. */
  unitsWithFile(path: string): ReadonlyMap<string, readonly IndexedUnit[]>;
  /** Paths of all files. */
  files(): IterableIterator<string>;
  /** Units other than its own that have an instance or the definition of the entry at `offset` of .debug_info. */
  unitsCompleting(offset: number): readonly IndexedUnit[];
  /** The same for an entry of the supplementary file. */
  unitsCompletingShared(offset: number): readonly IndexedUnit[];
  /** Units whose names are not in the index. */
  readonly unread: readonly IndexedUnit[];
  /** All units. */
  readonly directory: UnitDirectory;
}

interface NameWithFunctions {
  readonly id: number;
  /** The last component. */
  readonly key: string;
  readonly records: IterableIterator<number>;
}

export class TableIndex implements NameIndex {
  readonly #tables: IndexTables;
  /** Names of scopes as they are written in full, and without what need not be written. */
  readonly #scopeNames = new Map<number, { readonly long: string; readonly short: string }>();
  /** Units of .debug_info come before the others. */
  readonly #infoUnits: number;
  readonly unread: readonly IndexedUnit[];

  constructor(tables: IndexTables) {
    this.#tables = tables;
    const { unitFlags } = tables;
    this.#infoUnits = partitionPoint(unitFlags.length, (unit) => (unitFlags[unit]! & UNIT.inTypes) === 0);
    this.unread = Array.from(unitFlags.keys())
      .filter((unit) => (unitFlags[unit]! & UNIT.unread) !== 0)
      .map((unit) => this.#unit(unit));
  }

  functions(name: string): readonly NamedEntry[] {
    return this.#named(withoutParameters(name), 'function');
  }

  globals(name: string): readonly NamedEntry[] {
    return this.#named(name, 'variable');
  }

  types(name: string): readonly NamedEntry[] {
    return this.#named(name, 'type');
  }

  enumerators(name: string): readonly NamedEntry[] {
    return this.#named(name, 'enumerator');
  }

  *functionsMatching(pattern: string): IterableIterator<MatchingEntry> {
    const whole = new RegExp(`(^|::|\\.)${patternSource(pattern)}$`, 's');
    const last = new RegExp(
      `(^|\\.)${patternSource(pattern.slice(pattern.lastIndexOf('::') + 1).replace(/^:/, ''))}$`,
      's',
    );
    const { recordsFirst, nameEnds } = this.#tables;
    for (let id = 0; id < nameEnds.length; id++) {
      if (recordsFirst[id] === recordsFirst[id + 1] || !last.test(this.#name(id))) continue;
      for (let record = recordsFirst[id]!; record < recordsFirst[id + 1]!; record++) {
        if (!this.#isOf(record, KIND.function)) continue;
        const { long, short } = this.#qualified(record, id);
        if (whole.test(long) || whole.test(short)) yield { ...this.#entry(record), name: long };
      }
    }
  }

  similar(name: string): readonly string[] {
    const plain = withoutTemplateArguments(withoutParameters(name));
    const wanted = lastComponent(plain);
    return mostSimilar(plain, plain === wanted ? this.#functionsLike(wanted) : this.#qualifiedLike(wanted));
  }

  unitsWithFile(path: string): ReadonlyMap<string, readonly IndexedUnit[]> {
    const { pathBuckets, pathUnitsFirst, pathUnits } = this.#tables;
    const wanted = Buffer.from(path);
    const bucket = byteHash(wanted, wanted.lastIndexOf('/') + 1, wanted.length) & (pathBuckets.length - 2);
    const found = new Map<string, IndexedUnit[]>();
    for (let id = pathBuckets[bucket]!; id < pathBuckets[bucket + 1]!; id++) {
      const file = this.#path(id);
      if (!isPathSuffix(file, path)) continue;
      const units = pathUnits.subarray(pathUnitsFirst[id], pathUnitsFirst[id + 1]);
      found.set(
        file,
        Array.from(units, (unit) => this.#unit(unit)),
      );
    }
    return found;
  }

  *files(): IterableIterator<string> {
    for (let id = 0; id < this.#tables.pathEnds.length; id++) yield this.#path(id);
  }

  unitsCompleting(offset: number): readonly IndexedUnit[] {
    const { references, referencesFirst, referencesUnits } = this.#tables;
    return this.#listed(offset, references, referencesFirst, referencesUnits);
  }

  unitsCompletingShared(offset: number): readonly IndexedUnit[] {
    const { sharedReferences, sharedFirst, sharedUnits } = this.#tables;
    return this.#listed(offset, sharedReferences, sharedFirst, sharedUnits);
  }

  get directory(): UnitDirectory {
    const { units, unitEnds, unitFlags } = this.#tables;
    const between = (from: number, to: number): UnitPlaces => ({
      offsets: Float64Array.from(units.subarray(from, to)),
      ends: Float64Array.from(unitEnds.subarray(from, to)),
      marks: unitFlags.subarray(from, to),
    });
    return { '.debug_info': between(0, this.#infoUnits), '.debug_types': between(this.#infoUnits, units.length) };
  }

  /** Which records of the kind the query means; where it has template arguments, which may. */
  #named(query: string, kind: Kind): NamedEntry[] {
    const { buckets, recordsFirst } = this.#tables;
    const plain = withoutTemplateArguments(query);
    const text = Buffer.from(plain);
    const key = text.subarray(keyStart(text, 0, text.length));
    const bucket = byteHash(key, 0, key.length) & (buckets.length - 2);
    const found: NamedEntry[] = [];
    for (let id = buckets[bucket]!; id < buckets[bucket + 1]!; id++) {
      if (!this.#hasKey(id, key)) continue;
      for (let record = recordsFirst[id]!; record < recordsFirst[id + 1]!; record++) {
        if (this.#isOf(record, KIND[kind]) && this.#means(record, id, plain)) found.push(this.#entry(record));
      }
    }
    return found;
  }

  #isOf(record: number, kind: number): boolean {
    return (this.#tables.info[2 * record]! & RECORD.kindMask) === kind;
  }

  #hasKey(id: number, key: Uint8Array): boolean {
    const { nameBytes, nameEnds } = this.#tables;
    const start = keyStart(nameBytes, nameEnds[id - 1] ?? 0, nameEnds[id]!);
    return key.length === nameEnds[id]! - start && key.every((byte, index) => nameBytes[start + index] === byte);
  }

  #means(record: number, id: number, query: string): boolean {
    if (this.#tables.scopesOf[record] === UNKNOWN_SCOPE) return true;
    const { long, short } = this.#qualified(record, id);
    return matchesName(long, query) || matchesName(short, query);
  }

  #qualified(record: number, id: number): { readonly long: string; readonly short: string } {
    const { long, short } = this.#scope(this.#tables.scopesOf[record]!);
    const name = this.#name(id);
    return { long: long + name, short: short + name };
  }

  /** The names of a scope and those around it, each with `::` after it. */
  #scope(id: number): { readonly long: string; readonly short: string } {
    if (id >= UNKNOWN_SCOPE) return { long: '', short: '' };
    let names = this.#scopeNames.get(id);
    if (!names) {
      const { scopes } = this.#tables;
      const parent = this.#scope(scopes[3 * id]!);
      const name = `${this.#name(scopes[3 * id + 1]!)}::`;
      const isTransparent = (scopes[3 * id + 2]! & SCOPE.transparent) !== 0;
      names = { long: parent.long + name, short: isTransparent ? parent.short : parent.short + name };
      this.#scopeNames.set(id, names);
    }
    return names;
  }

  #name(id: number): string {
    const { nameBytes, nameEnds } = this.#tables;
    return textOf(nameBytes, nameEnds[id - 1] ?? 0, nameEnds[id]!);
  }

  #path(id: number): string {
    const { pathBytes, pathEnds } = this.#tables;
    return textOf(pathBytes, pathEnds[id - 1] ?? 0, pathEnds[id]!);
  }

  /** Last components of functions' names, as long as one that is near to `wanted`. */
  *#functionsLike(wanted: string): IterableIterator<string> {
    for (const { key, records } of this.#namesAsLongAs(wanted)) if (!records.next().done) yield key;
  }

  /** Whole names of functions whose last component is near to `wanted`. */
  *#qualifiedLike(wanted: string): IterableIterator<string> {
    for (const { id, key, records } of this.#namesAsLongAs(wanted)) {
      if (!isSimilar(wanted, key)) continue;
      for (const record of records) yield this.#qualified(record, id).short;
    }
  }

  /** Names whose last component, `key`, may be near to `wanted`, with their functions. */
  *#namesAsLongAs(wanted: string): IterableIterator<NameWithFunctions> {
    const { nameBytes, nameEnds } = this.#tables;
    const bytes = Buffer.byteLength(wanted);
    // Letters of four bytes at most, in either.
    const limit = 4 * similarityLimit(wanted);
    for (let id = 0; id < nameEnds.length; id++) {
      const start = keyStart(nameBytes, nameEnds[id - 1] ?? 0, nameEnds[id]!);
      const length = nameEnds[id]! - start;
      if (Math.abs(length - bytes) > limit) continue;
      yield { id, key: textOf(nameBytes, start, nameEnds[id]!), records: this.#functionsNamed(id) };
    }
  }

  *#functionsNamed(id: number): IterableIterator<number> {
    const { recordsFirst } = this.#tables;
    for (let record = recordsFirst[id]!; record < recordsFirst[id + 1]!; record++)
      if (this.#isOf(record, KIND.function)) yield record;
  }

  #entry(record: number): NamedEntry {
    const { entries, info } = this.#tables;
    const offset = entries[record]!;
    const flags = info[2 * record]!;
    const section = (flags & RECORD.inTypes) === 0 ? '.debug_info' : '.debug_types';
    const unit = this.#unitAt(section, offset);
    return { section, offset, unit, tag: info[2 * record + 1]!, isDeclaration: (flags & RECORD.declaration) !== 0 };
  }

  /** The offset of the unit that holds an offset of a section. */
  #unitAt(section: IndexedUnit['section'], offset: number): number {
    const { units } = this.#tables;
    const from = section === '.debug_info' ? 0 : this.#infoUnits;
    const to = section === '.debug_info' ? this.#infoUnits : units.length;
    return units[partitionPoint(to, (unit) => units[unit]! <= offset, from) - 1] ?? 0;
  }

  #listed(offset: number, keys: Uint32Array, first: Uint32Array, units: Uint32Array): readonly IndexedUnit[] {
    const index = partitionPoint(keys.length, (at) => keys[at]! < offset);
    if (keys[index] !== offset) return [];
    return Array.from(units.subarray(first[index], first[index + 1]), (unit) => this.#unit(unit));
  }

  #unit(unit: number): IndexedUnit {
    return { section: unit < this.#infoUnits ? '.debug_info' : '.debug_types', offset: this.#tables.units[unit]! };
  }
}

function textOf(bytes: Uint8Array, from: number, to: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).toString('utf8');
}

/** A pattern's `*` matches any letters but those that part components. */
function patternSource(pattern: string): string {
  return pattern
    .split('*')
    .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
    .join('(?:(?!::).)*');
}
