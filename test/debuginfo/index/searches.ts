/**
 * What an index must find: the answers of the search through all units that goes without one, from the same file.
 */
import assert from 'node:assert/strict';
import { basename } from 'node:path/posix';
import { AT, TAG, TYPE_TAGS } from '../../../src/debuginfo/dwarf/constants';
import { DebugFile } from '../../../src/debuginfo/dwarf/debugFile';
import { DebugInfo, ifWellFormed } from '../../../src/debuginfo/dwarf/debugInfo';
import { Entry } from '../../../src/debuginfo/dwarf/entry';
import { ElfFile } from '../../../src/debuginfo/elf/elfFile';
import { openAlternateFile } from '../../../src/debuginfo/elf/separateDebugFile';
import { type NameIndex } from '../../../src/debuginfo/index/nameIndex';
import { ProgramNames } from '../../../src/debuginfo/index/programNames';
import { FileIndex } from '../../../src/debuginfo/index/fileIndex';
import { namedFunctions } from '../../../src/debuginfo/symbols/functionInstances';
import { findEnumerator, findGlobal, findType } from '../../../src/debuginfo/symbols/globals';
import { hasRanges, instancesOf } from '../../../src/debuginfo/symbols/instances';
import { SplitUnits } from '../../../src/debuginfo/dwarf/splitUnits';
import { qualifiedNameOf } from '../../../src/debuginfo/symbols/names';
import { Program } from '../../../src/debuginfo/symbols/program';
import { NO_FACTS } from '../noFacts';
import { isStatementRow } from '../../../src/debuginfo/symbols/lineIndex';

const NOWHERE = { unit: undefined, visible: [['']] };

/** A debug file that is searched both ways. */
export class Searched {
  readonly file: ElfFile;
  readonly info: DebugInfo;
  /** Without an index. */
  readonly program: Program;
  readonly indexed: Program;
  readonly index: NameIndex;
  readonly sharedIndex: NameIndex | undefined;

  constructor(path: string) {
    this.file = ElfFile.open(path);
    const alternate = openAlternateFile(this.file, []);
    this.info = new DebugInfo(new DebugFile(this.file, { supplementary: () => alternate }));
    const split = new SplitUnits(this.info, { openPackage: () => undefined, open: () => undefined });
    const without = { open: () => undefined, known: undefined };
    this.program = new Program(this.info, NO_FACTS, new ProgramNames(this.info, split, without), split);
    this.index = new FileIndex(this.file, { cache: undefined, supplementary: () => alternate }).index;
    this.sharedIndex = alternate && new FileIndex(alternate, { cache: undefined, isSupplementary: true }).index;
    const open = (which: 'own' | 'shared'): NameIndex | undefined => (which === 'own' ? this.index : this.sharedIndex);
    const names = new ProgramNames(this.info, split, { open, known: this.index });
    this.indexed = new Program(this.info, NO_FACTS, names, split);
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

  /** Asserts that the functions of this name that lead to code are the same, and what completes each of them. */
  assertFunctions(name: string): void {
    const wanted = [...namedFunctions(this.program, name)].filter((entry) => this.#leadsToCode(entry));
    const found = [...namedFunctions(this.indexed, name)].filter((entry) => this.#leadsToCode(entry));
    assert.deepEqual(keys(found), keys(wanted), `functions ${name}`);
    for (const entry of wanted) {
      const completing = (program: Program): number[] => keys(instancesOf(program, entry));
      assert.deepEqual(completing(this.indexed), completing(this.program), `what completes ${qualifiedNameOf(entry)}`);
    }
  }

  assertGlobal(name: string): void {
    const searched = findGlobal(this.program, name, NOWHERE)?.entry;
    const found = findGlobal(this.indexed, name, NOWHERE)?.entry;
    assert.equal(found && identityOf(found), searched && identityOf(searched), `global ${name}`);
  }

  assertType(name: string): void {
    const searched = findType(this.program, name, TYPE_TAGS, NOWHERE);
    const found = findType(this.indexed, name, TYPE_TAGS, NOWHERE);
    assert.equal(found && described(found), searched && described(searched), `type ${name}`);
  }

  assertEnumerator(name: string): void {
    const searched = findEnumerator(this.program, name, NOWHERE)?.entry;
    const found = findEnumerator(this.indexed, name, NOWHERE)?.entry;
    assert.equal(found && described(found), searched && described(searched), `enumerator ${name}`);
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
    assert.deepEqual(this.indexed.lines.sourceFiles(), this.program.lines.sourceFiles());
    for (const file of this.program.lines.sourceFiles()) {
      for (const query of [file, basename(file), `/elsewhere/${basename(file)}`, file.split('/').slice(-2).join('/')])
        assert.deepEqual(this.indexed.lines.filesMatching(query), this.program.lines.filesMatching(query), query);
    }
    for (const file of expected.keys()) {
      const programs = ({ lines }: Program): number[] => lines.programsOf(file).map(({ table }) => table.header.offset);
      assert.deepEqual(programs(this.indexed).sort(), programs(this.program).sort(), `programs of ${file}`);
    }
  }

  #leadsToCode(entry: Entry): boolean {
    if (hasRanges(entry)) return true;
    for (const instance of instancesOf(this.program, entry)) {
      if (hasRanges(instance) || (instance.tag === TAG.subprogram && this.#leadsToCode(instance))) return true;
    }
    return false;
  }
}

function keys(entries: Iterable<Entry>): number[] {
  return [...new Set([...entries].map(({ key }) => key))].sort((a, b) => a - b);
}

/** A variable by where it is; of those that are only declared, units repeat one. */
function identityOf(entry: Entry): string {
  return entry.has(AT.declaration) ? described(entry) : `${entry.key}`;
}

/** A type or constant by all that tells it from another: units repeat it. */
function described(entry: Entry): string {
  const value = entry.has(AT.const_value) ? `${entry.unsigned(AT.const_value)}` : '';
  return `${entry.tag} ${qualifiedNameOf(entry)} ${entry.has(AT.declaration)} ${entry.unsigned(AT.byte_size)} ${value}`;
}
