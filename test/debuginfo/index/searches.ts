/**
 * What an index must find: the answers of the search through all units that goes without one, from the same file.
 */
import assert from 'node:assert/strict';
import { AT, TAG } from '../../../src/debuginfo/dwarf/constants';
import { DebugFile } from '../../../src/debuginfo/dwarf/debugFile';
import { DebugInfo, ifWellFormed } from '../../../src/debuginfo/dwarf/debugInfo';
import { Entry } from '../../../src/debuginfo/dwarf/entry';
import { type Unit } from '../../../src/debuginfo/dwarf/unit';
import { ElfFile } from '../../../src/debuginfo/elf/elfFile';
import { openAlternateFile } from '../../../src/debuginfo/elf/separateDebugFile';
import { type NamedEntry, type NameIndex } from '../../../src/debuginfo/index/nameIndex';
import { ProgramNames } from '../../../src/debuginfo/index/programNames';
import { openNameIndex } from '../../../src/debuginfo/index/openNameIndex';
import { namedFunctions } from '../../../src/debuginfo/symbols/functionInstances';
import { findGlobal, findType, TYPE_TAGS } from '../../../src/debuginfo/symbols/globals';
import { hasRanges, instancesOf } from '../../../src/debuginfo/symbols/instances';
import { matchesName } from '../../../src/debuginfo/names/query';
import { qualifiedNameOf, shortNameOf } from '../../../src/debuginfo/symbols/names';
import { Program } from '../../../src/debuginfo/symbols/program';
import { isStatementRow } from '../../../src/debuginfo/symbols/lineIndex';

const NOWHERE = { unit: undefined, visible: [['']] };

/** A debug file that is searched both ways. */
export class Searched {
  readonly file: ElfFile;
  readonly info: DebugInfo;
  readonly program: Program;
  readonly index: NameIndex;
  readonly sharedIndex: NameIndex | undefined;

  constructor(path: string) {
    this.file = ElfFile.open(path);
    const alternate = openAlternateFile(this.file, []);
    this.info = new DebugInfo(new DebugFile(this.file, { supplementary: () => alternate }));
    this.program = new Program(
      this.info,
      {
        isCode: (address) => address > 0,
        cfaAt: () => undefined,
        dataSymbol: () => undefined,
        functionSymbol: () => undefined,
        linked: {
          importedData: () => undefined,
          ownData: () => undefined,
          importedThreadLocal: () => undefined,
          ownThreadLocal: () => undefined,
        },
        threadLocalSymbol: () => undefined,
        threadBlock: undefined,
        instructions: () => undefined,
      },
      new ProgramNames(this.info, () => undefined),
    );
    this.index = openNameIndex(this.file, { cache: undefined, supplementary: () => alternate });
    this.sharedIndex =
      alternate &&
      openNameIndex(alternate, { cache: undefined, isSupplementary: true, supplementary: () => undefined });
  }

  dispose(): void {
    this.file.dispose();
  }

  /** Entries of all units of the file and of what it shares, with their own names. */
  *namedEntries(tags: ReadonlySet<number>): IterableIterator<Entry> {
    for (const unit of [...this.info.units, ...(this.info.supplementary?.units ?? [])]) {
      const { entries } = unit;
      for (let at = 1; at < entries.length; at++) {
        if (tags.has(entries.tags[at]!) && entries.has(at, AT.name)) yield Entry.of(entries, at);
      }
    }
  }

  /** Qualified names of such entries, each once. */
  names(...tags: readonly number[]): string[] {
    const names = new Set<string>();
    for (const entry of this.namedEntries(new Set(tags))) {
      const name = ifWellFormed(() => qualifiedNameOf(entry));
      if (name !== undefined) names.add(name);
    }
    return [...names];
  }

  /** Asserts that the index finds the functions of this name that lead to code, and nothing else of another name. */
  assertFunctions(name: string): void {
    const searched = [...namedFunctions(this.program, name)];
    const wanted = searched.filter((entry) => this.#leadsToCode(entry)).map(({ key }) => key);
    const found = this.#entries((index) => index.functions(name));
    const keys = new Set(found.map(({ key }) => key));
    const missing = wanted.filter((key) => !keys.has(key));
    assert.deepEqual(missing, [], `functions ${name} that the index lacks`);
    // The search puts template arguments to the test, and misses names that linkers keep as the end of others.
    if (!name.includes('<')) {
      for (const entry of found) {
        const names = [qualifiedNameOf(entry) ?? '', shortNameOf(entry)];
        assert.ok(
          names.some((each) => matchesName(each, name)),
          `${names[0]} is no ${name}`,
        );
      }
    }
    for (const entry of searched.filter((each) => wanted.includes(each.key))) this.#assertCompletions(entry);
  }

  assertGlobal(name: string): void {
    const searched = findGlobal(this.program, name, NOWHERE)?.entry;
    const found = this.#entries((index) => index.globals(name));
    // The search misses names with `::` in themselves, as Rust gives them to pointers.
    if (!searched) return;
    const complete = found.flatMap((entry) => [entry, ...instancesOf(this.program, entry)]);
    const isSame = (entry: Entry): boolean =>
      entry.key === searched.key || (entry.has(AT.declaration) && searched.has(AT.declaration));
    assert.ok(complete.some(isSame), `global ${name} that the index lacks`);
  }

  assertType(name: string): void {
    const searched = findType(this.program, name, TYPE_TAGS, NOWHERE);
    const found = this.#entries((index) => index.types(name));
    const described = (entry: Entry): string =>
      `${entry.tag} ${qualifiedNameOf(entry)} ${entry.has(AT.declaration)} ${entry.unsigned(AT.byte_size)}`;
    // The search misses names with `::` in themselves, as Rust gives them to pointers.
    if (!searched) return;
    assert.ok(
      found.map(described).includes(described(searched)),
      `the index lacks ${described(searched)}; it has ${found.map(described).join(', ')}`,
    );
  }

  assertEnumerator(name: string): void {
    const found = this.#entries((index) => index.enumerators(name));
    assert.ok(
      found.some((entry) => qualifiedNameOf(entry) === name),
      `enumerator ${name} that the index lacks`,
    );
  }

  /** Asserts that the index knows the programs that list each file which has lines. */
  assertFiles(): void {
    const expected = new Map<string, Set<number>>();
    for (const unit of this.info.units.filter(({ header }) => header.section === '.debug_info')) {
      const table = ifWellFormed(() => this.program.lines.tableOf(unit));
      if (!table) continue;
      for (let row = 0; row < table.lines.length; row++) {
        const line = isStatementRow(table, row) ? this.program.lines.lineOfRow(table, row) : undefined;
        if (!line) continue;
        const units = expected.get(line.file);
        if (units) units.add(table.header.offset);
        else expected.set(line.file, new Set([table.header.offset]));
      }
    }
    assert.ok(expected.size > 0);
    for (const [file, units] of expected) {
      const found = this.index.unitsWithFile(file).get(file) ?? [];
      const programs = found.map(({ offset, section }) =>
        this.info.unitAt(offset, section)?.root?.unsigned(AT.stmt_list),
      );
      for (const program of units) assert.ok(programs.includes(program), `${file} in the program at ${program}`);
    }
    assert.deepEqual([...this.index.files()].sort(), this.program.lines.sourceFiles());
  }

  /** What the indexes of the file and of the one that it shares entries with name. */
  #entries(find: (index: NameIndex) => readonly NamedEntry[]): Entry[] {
    const entryOf = (info: DebugInfo, { section, offset, unit }: NamedEntry): Entry => {
      const holder = info.unitAt(offset, section)!;
      assert.equal(holder.header.offset, unit);
      return Entry.at({ units: info, section, offset, unit: holder });
    };
    const own = find(this.index).map((named) => entryOf(this.info, named));
    const shared = this.sharedIndex ? find(this.sharedIndex) : [];
    return [...own, ...shared.map((named) => entryOf(this.info.supplementary!, named))];
  }

  #leadsToCode(entry: Entry): boolean {
    if (hasRanges(entry)) return true;
    for (const instance of instancesOf(this.program, entry)) {
      if (hasRanges(instance) || (instance.tag === TAG.subprogram && this.#leadsToCode(instance))) return true;
    }
    return false;
  }

  /** Other units that complete the entry are in the index. */
  #assertCompletions(entry: Entry): void {
    const { file } = entry.unit;
    const units = new Set<Unit>([...instancesOf(this.program, entry)].map(({ unit }) => unit));
    units.delete(entry.unit);
    const known = new Set(
      (file.isSupplementary
        ? this.index.unitsCompletingShared(entry.offset)
        : this.index.unitsCompleting(entry.offset)
      ).map(({ offset }) => offset),
    );
    if (file.isSupplementary) return; // its units complete each other's entries, too
    for (const unit of units) {
      assert.ok(known.has(unit.header.offset), `${qualifiedNameOf(entry)} in the unit at ${unit.header.offset}`);
    }
  }
}
