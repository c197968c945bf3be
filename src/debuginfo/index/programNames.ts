/**
 * Entries by name in a whole program: its debug file and the one that shares entries with it, through their indexes.
 * What an index names is looked at before it is believed; units that no index has are walked.
 */
import { Once } from '../../base/once';
import { AT } from '../dwarf/constants';
import { type DebugInfo, ifWellFormed } from '../dwarf/debugInfo';
import { Entry } from '../dwarf/entry';
import { splitUnitsMentioning, unitsMentioning } from '../dwarf/nameSearch';
import { type SplitUnits } from '../dwarf/splitUnits';
import { type Unit } from '../dwarf/unit';
import { lastComponent } from '../names/query';
import { type IndexedUnit, type NamedEntry, type NameIndex } from './nameIndex';

export interface Indexes {
  /** The index of a file; undefined where it can have none. */
  open(file: 'own' | 'shared'): NameIndex | undefined;
  /** That of the file itself, as far as it needs not be made. */
  readonly known: NameIndex | undefined;
}

interface Indexed {
  readonly info: DebugInfo;
  readonly index: NameIndex;
}

export class ProgramNames {
  readonly #info: DebugInfo;
  readonly #split: SplitUnits;
  readonly #indexes: Indexes;
  /** Undefined where one of the files has no index: then all is searched. */
  readonly #files: Once<{ readonly own: Indexed; readonly all: readonly Indexed[] } | undefined>;

  constructor(info: DebugInfo, split: SplitUnits, indexes: Indexes) {
    this.#info = info;
    this.#split = split;
    this.#indexes = indexes;
    this.#files = new Once(() => {
      // The file's names may lie in the one that it shares them with: that is opened first.
      const { supplementary } = info;
      const index = indexes.open('own');
      if (!index) return undefined;
      const own = { info, index };
      const shared = supplementary && indexes.open('shared');
      if (supplementary && !shared) return undefined;
      return { own, all: supplementary && shared ? [own, { info: supplementary, index: shared }] : [own] };
    });
  }

  /**
   * Entries with one of the tags that may be what is named: those that `find` names in each index, and those with a
   * name in units without one. Undefined where there is no index. Throws `malformed` where such a unit speaks of
   * `name`.
   */
  entries(
    name: string,
    tags: ReadonlySet<number>,
    find: (index: NameIndex, name: string) => readonly NamedEntry[],
  ): Iterable<Entry> | undefined {
    return this.#files.value && this.#entries(this.#files.value.all, name, tags, find);
  }

  /**
   * Entries with one of the tags that `find` names in each index, and all with a name in units without one that can be
   * read. Undefined where there is no index.
   */
  matching(tags: ReadonlySet<number>, find: (index: NameIndex) => Iterable<NamedEntry>): Iterable<Entry> | undefined {
    return this.#files.value && this.#matching(this.#files.value.all, tags, find);
  }

  *#matching(
    files: readonly Indexed[],
    tags: ReadonlySet<number>,
    find: (index: NameIndex) => Iterable<NamedEntry>,
  ): IterableIterator<Entry> {
    for (const { info, index } of files) {
      for (const named of find(index)) {
        const entry = tags.has(named.tag) ? ifWellFormed(() => entryOf(info, named)) : undefined;
        if (entry) yield entry;
      }
      for (const unread of index.unread) {
        const unit = unitOf(info, unread);
        yield* (unit && ifWellFormed(() => [...namedIn(unit, tags)])) ?? [];
      }
    }
  }

  /** Units other than its own with instances or the definition of an entry; undefined where there is no index. */
  unitsCompleting({ offset, unit }: Entry): readonly Unit[] | undefined {
    const files = this.#files.value;
    if (!files) return undefined;
    const { isSupplementary } = unit.file;
    return files.all.flatMap(({ info, index }) => {
      const isOwn = info.file === unit.file;
      // Nothing in the supplementary file refers to what is not in it.
      if (!isOwn && !isSupplementary) return [];
      const found = isOwn ? index.unitsCompleting(offset) : index.unitsCompletingShared(offset);
      return [...found, ...index.unread].flatMap((each) => unitOf(info, each) ?? []);
    });
  }

  /**
   * Paths of source files with this base name, each with units whose line number programs list it, one for each
   * program; undefined where no index is at hand: line number programs themselves tell as soon as one would be made.
   */
  filesNamed(baseName: string): ReadonlyMap<string, readonly Unit[]> | undefined {
    const files = this.#indexes.known?.unitsWithFile(baseName);
    if (!files) return undefined;
    const units = (found: readonly IndexedUnit[]): Unit[] => found.flatMap((each) => unitOf(this.#info, each) ?? []);
    return new Map([...files].map(([path, found]) => [path, units(found)]));
  }

  /** Paths of all source files; undefined where no index is at hand. */
  sourceFiles(): Iterable<string> | undefined {
    return this.#indexes.known?.files();
  }

  /** Names of functions near to one that there is not, best first; none without an index. */
  similarFunctions(name: string): readonly string[] {
    return this.#files.value?.all.flatMap(({ index }) => index.similar(name)) ?? [];
  }

  *#entries(
    files: readonly Indexed[],
    name: string,
    tags: ReadonlySet<number>,
    find: (index: NameIndex, name: string) => readonly NamedEntry[],
  ): IterableIterator<Entry> {
    for (const { info, index } of files) {
      for (const named of find(index, name)) {
        const entry = tags.has(named.tag) ? ifWellFormed(() => entryOf(info, named)) : undefined;
        if (entry && this.#split.described(entry.unit) === entry.unit) yield entry;
      }
    }
    // Files of split DWARF have no index.
    for (const unit of splitUnitsMentioning(this.#split, lastComponent(name))) {
      yield* ifWellFormed(() => [...namedIn(unit, tags)]) ?? [];
    }
    if (files.every(({ index }) => index.unread.length === 0)) return;
    const mentioning = unitsMentioning(this.#info, lastComponent(name));
    for (const { info, index } of files) {
      for (const unread of index.unread) {
        const unit = unitOf(info, unread);
        if (unit && mentioning.has(unit)) yield* namedIn(unit, tags);
      }
    }
  }
}

function unitOf(info: DebugInfo, { section, offset }: IndexedUnit): Unit | undefined {
  return info.unitAt(offset, section);
}

function entryOf(info: DebugInfo, { section, offset }: NamedEntry): Entry | undefined {
  const unit = info.unitAt(offset, section);
  return unit && Entry.at({ units: info, section, offset, unit });
}

function* namedIn(unit: Unit, tags: ReadonlySet<number>): IterableIterator<Entry> {
  const { entries } = unit;
  for (let at = 1; at < entries.length; at++) {
    if (tags.has(entries.tags[at]!) && entries.has(at, AT.name)) yield Entry.of(entries, at);
  }
}
