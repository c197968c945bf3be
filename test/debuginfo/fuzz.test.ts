/**
 * Broken files: a small program's bytes are changed at random, thousands of times, and all questions are asked of what
 * comes out. Whatever is answered, nothing but a SidestepError may be thrown, and no answer may take long. The random
 * numbers are the same in every run; SIDESTEP_FUZZ=N asks for N rounds instead.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SidestepError } from '../../src/base/errors';
import { Image } from '../../src/debuginfo/image';
import { ElfFile } from '../../src/debuginfo/elf/elfFile';
import { type Type } from '../../src/debuginfo/model/model';
import { buildFixture } from '../fixtures/build';
import { has } from './compile';
import { buildSplit } from './splitPrograms';

const ROUNDS = Number(process.env['SIDESTEP_FUZZ'] ?? 1500);
/** A sound file of this size is through in a few milliseconds. */
const MAX_MILLISECONDS = 2000;
/** Bytes: mocha with all tests, and what is still to be collected of the rounds before. */
const MAX_MEMORY = 2e9;
/** Of each section by itself. */
const ROUNDS_OF_SECTION = Math.ceil(ROUNDS / 15);
/** Programs that have them, by what makes them. */
const SECTIONS: Readonly<Record<string, { readonly flags: readonly string[]; readonly sections: readonly string[] }>> =
  {
    'DWARF 5': {
      flags: ['-O2', '-Wl,-z,pack-relative-relocs', '-Wl,--build-id'],
      sections: [
        ...['.debug_info', '.debug_abbrev', '.debug_line', '.debug_line_str', '.debug_str', '.debug_aranges'],
        ...['.debug_rnglists', '.debug_loclists', '.eh_frame', '.symtab', '.strtab', '.dynsym', '.dynstr'],
        ...['.note.gnu.build-id', '.relr.dyn', '.rela.dyn', '.dynamic'],
      ],
    },
    'DWARF 4': { flags: ['-O2', '-gdwarf-4'], sections: ['.debug_ranges', '.debug_loc', '.debug_info', '.debug_line'] },
    'type units': { flags: ['-O2', '-gdwarf-4', '-fdebug-types-section'], sections: ['.debug_types'] },
    'frames of their own': {
      flags: ['-O2', '-fno-asynchronous-unwind-tables', '-fno-exceptions'],
      sections: ['.debug_frame'],
    },
  };
const INTERESTING = [0, 1, 0x7f, 0x80, 0xff];

/** Numbers from 0 up to `limit`, the same sequence for the same seed (xorshift32). */
function randomNumbers(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % limit;
  };
}

function ask(path: string, source: string): void {
  const image = Image.open(path);
  try {
    const places = [
      ...tolerated(() => image.functionPlaces('walk')),
      ...tolerated(() => image.functionPlaces('twice')),
      ...tolerated(() => image.linePlaces(source, 50)?.places ?? []),
    ];
    for (const { candidates, function: name } of places.slice(0, 8)) {
      tolerated(() => {
        const scope = image.scopeAt(candidates[0]!, name);
        for (const variable of [...scope.parameters(), ...scope.locals()]) visit(variable.type, 4);
        for (const global of ['counter', 'per_thread', 'blue', 'walk']) visit(scope.lookup(global)?.type, 4);
        visit(scope.lookupType('struct node'), 4);
        scope.similarNames('totl');
        return [];
      });
      tolerated(() => [image.describe(candidates[0]!)]);
    }
    tolerated(() => image.codeLines(source, 1, 200));
    tolerated(() => image.sourceFiles());
    tolerated(() => image.similarFunctions('wolk'));
    tolerated(() => image.notices());
    tolerated(() => [...image.functionEntries()]);
    tolerated(() => [...image.lineStarts()]);
  } finally {
    image.dispose();
  }
}

/** What `read` gives; nothing where it refuses the file. */
function tolerated<T>(read: () => readonly T[]): readonly T[] {
  try {
    return read();
  } catch (error) {
    if (error instanceof SidestepError) return [];
    throw error;
  }
}

/** Reads all lazy parts of a type, to some depth. */
function visit(type: Type | undefined, depth: number): void {
  if (!type || depth === 0) return;
  assert.ok(type.byteSize === undefined || type.byteSize >= 0);
  if ('target' in type) visit(type.target, depth - 1);
  if ('element' in type) visit(type.element, depth - 1);
  if ('returns' in type) visit(type.returns, depth - 1);
  if ('members' in type) for (const member of type.members.slice(0, 50)) visit(member.type, depth - 1);
}

describe('broken files', () => {
  let folder: string;
  before(() => (folder = mkdtempSync(join(tmpdir(), 'sidestep-fuzz-'))));
  after(() => rmSync(folder, { recursive: true }));

  /** Changes bytes for which `places` gives an offset, and asks. */
  function fuzz(
    title: string,
    original: Buffer,
    source: string,
    place: (random: (limit: number) => number) => number,
    rounds = ROUNDS,
    program = join(folder, title),
  ): void {
    const random = randomNumbers(0x51de57e9);
    const path = join(folder, title);
    for (let round = 0; round < rounds; round++) {
      const bytes = Buffer.from(original);
      const changes: string[] = [];
      for (let left = 1 + random(6); left > 0; left--) {
        const at = place(random);
        const value = random(3) === 0 ? INTERESTING[random(INTERESTING.length)]! : random(256);
        bytes[at] = value;
        changes.push(`${at}=${value}`);
      }
      writeFileSync(path, bytes);
      const before = process.cpuUsage();
      try {
        ask(program, source);
      } catch (error) {
        if (!(error instanceof SidestepError)) {
          throw new Error(`round ${round} (${changes.join(' ')}) threw`, { cause: error });
        }
      }
      const used = process.cpuUsage(before);
      const took = (used.user + used.system) / 1000;
      assert.ok(
        took < MAX_MILLISECONDS,
        `round ${round} (${changes.join(' ')}) took ${took.toFixed(0)} ms of the processor`,
      );
      const { heapUsed, arrayBuffers } = process.memoryUsage();
      assert.ok(heapUsed + arrayBuffers < MAX_MEMORY, `round ${round} (${changes.join(' ')}) left much memory behind`);
    }
  }

  for (const [title, flags] of Object.entries({
    'dwarf 5': ['-O2'],
    'dwarf 4 with type units': ['-O2', '-gdwarf-4', '-fdebug-types-section'],
  })) {
    it(`${title}: are read or refused, whatever is wrong in their debug sections`, () => {
      const { path, source } = buildFixture('debuginfo/values.c', { flags });
      const file = ElfFile.open(path);
      const ranges = file.sections.filter(
        (section) =>
          ['.eh_frame', '.symtab', '.strtab'].some((name) => file.section(name) === section) || isDebug(file, section),
      );
      file.dispose();
      fuzz(title, readFileSync(path), source, (random) => {
        const { offset, size } = ranges[random(ranges.length)]!;
        return offset + random(Math.max(1, size));
      });
    });
  }

  for (const [title, { flags, sections }] of Object.entries(SECTIONS)) {
    it(`are read or refused, whatever is wrong in one section: ${title}`, () => {
      const { path, source } = buildFixture('debuginfo/values.c', { flags: [...flags] });
      const original = readFileSync(path);
      const file = ElfFile.open(path);
      const places = sections.map((name) => ({ name, section: file.section(name) }));
      file.dispose();
      for (const { name, section } of places) {
        assert.ok(section && section.size > 0, `there is no ${name}`);
        fuzz(`${title}${name}`, original, source, (random) => section.offset + random(section.size), ROUNDS_OF_SECTION);
      }
    });
  }

  for (const version of [4, 5]) {
    it(`are read or refused, whatever is wrong in split DWARF ${version}`, function () {
      const flags = ['-O2', `-gdwarf-${version}`, ...(version === 4 ? ['-fdebug-types-section'] : [])];
      const program = buildSplit(folder, ['values.c'], { compiler: 'gcc', flags });
      const source = join(__dirname, '../fixtures/debuginfo/values.c');
      const names = ['values.dwo'];
      if (has('llvm-dwp')) {
        execFileSync('llvm-dwp', [join(folder, 'values.dwo'), '-o', `${program}.dwp`]);
        names.push('program.dwp');
      }
      for (const name of names.reverse()) {
        const original = readFileSync(join(folder, name));
        const file = ElfFile.open(join(folder, name));
        const sections = [...file.sections];
        const indexes = ['.debug_cu_index', '.debug_tu_index'].map((index) => file.section(index));
        file.dispose();
        for (const section of sections.filter(({ size }) => size > 0)) {
          const rounds = Math.ceil(ROUNDS / (indexes.includes(section) ? 15 : 60));
          fuzz(name, original, source, (random) => section.offset + random(section.size), rounds, program);
        }
        rmSync(join(folder, name));
      }
    });
  }

  it('are read or refused, whatever is wrong in their ELF structures', () => {
    const { path, source } = buildFixture('debuginfo/values.c', { flags: ['-O2'] });
    const original = readFileSync(path);
    const sectionTable = Number(original.readBigUInt64LE(40));
    fuzz('elf', original, source, (random) =>
      random(2) === 0 ? random(64 + 56 * 12) : sectionTable + random(original.length - sectionTable),
    );
  });

  it('are read or refused when they are cut short anywhere', () => {
    const { path, source } = buildFixture('debuginfo/values.c', { flags: ['-O2', '-gz'] });
    const original = readFileSync(path);
    const cut = join(folder, 'cut');
    for (let length = 0; length < original.length; length += 97) {
      writeFileSync(cut, original.subarray(0, length));
      tolerated(() => {
        ask(cut, source);
        return [];
      });
    }
  });
});

function isDebug(file: ElfFile, section: ElfFile['sections'][number]): boolean {
  const names = [
    'abbrev',
    'aranges',
    'info',
    'types',
    'line',
    'line_str',
    'loclists',
    'loc',
    'rnglists',
    'ranges',
    'str',
  ];
  return names.some((name) => file.section(`.debug_${name}`) === section);
}
