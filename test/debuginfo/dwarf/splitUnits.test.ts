/**
 * Split DWARF tells the same as the same program's debug information in one piece: each function's places, and where
 * each variable is there.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Image } from '../../../src/debuginfo/image';
import { has } from '../compile';
import { locationText, placeText, typeText } from '../show';
import { buildSplit } from '../splitPrograms';
import { skip } from '../../skip';

interface Program {
  readonly sources: readonly string[];
  readonly functions: readonly string[];
  readonly globals: readonly string[];
  readonly types: readonly string[];
}

const C: Program = {
  sources: ['values.c'],
  functions: ['twice', 'add_to', 'walk', 'many', 'pick', 'main'],
  globals: ['counter', 'file_static', 'per_thread', 'version_text', 'blue'],
  types: ['struct node', 'unsigned long'],
};
const CC: Program = {
  sources: ['catalog.cc'],
  functions: ['shop::Square::area', 'maximum', 'clamp', 'main'],
  globals: [],
  types: ['shop::Item', 'shop::Square'],
};

const WAYS: readonly (readonly [string, Program, readonly string[], readonly string[]])[] = [
  ['C by gcc', C, ['gcc'], []],
  ['C by clang', C, ['clang', 'clang-14'], []],
  ['C++ with type units by g++', CC, ['g++'], ['-fdebug-types-section']],
  ['C++ with type units by clang++', CC, ['clang++', 'clang++-14'], ['-fdebug-types-section']],
];

/** All that is asked of a program, as text. */
function answers(path: string, { functions, globals, types }: Program): string[] {
  const image = Image.open(path);
  try {
    const lines: string[] = [];
    for (const name of functions) {
      for (const place of image.functionPlaces(name)) {
        const scope = image.scopeAt(place.candidates[0]!, place.function);
        lines.push(`${placeText(place)} ${place.candidates.join(' ')} ${scope.language}`);
        const variables = [...scope.parameters(), ...scope.locals(), ...globals.map((global) => scope.lookup(global))];
        for (const variable of variables) {
          assert.ok(variable);
          lines.push(`  ${variable.name}: ${typeText(variable.type)} ${locationText(variable.location)}`);
        }
        for (const type of types) lines.push(`  ${type}: ${memberText(scope.lookupType(type))}`);
        lines.push(`  ${image.describe(place.candidates[0]!).inlinedInto.join(' ')}`);
      }
    }
    assert.deepEqual(image.notices(), []);
    return lines;
  } finally {
    image.dispose();
  }
}

function memberText(type: ReturnType<ReturnType<Image['scopeAt']>['lookupType']>): string {
  assert.ok(type);
  const members = 'members' in type ? type.members : [];
  return `${type.byteSize} ${members.map((member) => `${member.name} ${typeText(member.type)}`).join(', ')}`;
}

/** How an implicit pointer reads in these answers, and one whose object is not known. */
const POINTED_TO = /pointer to \d+ in \S+ bytes/;
const NOTHING = '<not available: debug information does not say what it points to>';

describe('split DWARF', () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'sidestep-split-'))));
  afterEach(() => rmSync(folder, { recursive: true }));

  const subfolder = (name: string): string => {
    const path = join(folder, name);
    mkdirSync(path);
    return path;
  };

  for (const [title, program, compilers, more] of WAYS) {
    for (const version of [4, 5]) {
      it(`${title}, DWARF ${version}: tells the same from .dwo files, from moved ones, and from a package`, function () {
        const compiler = compilers.find(has);
        if (compiler === undefined) skip(this, `needs ${compilers.join(' or ')}`);
        const flags = ['-O2', `-gdwarf-${version}`, ...more];
        const whole = buildSplit(subfolder('whole'), program.sources, { compiler, flags, isSplit: false });
        // gcc's .dwo files do not say what an implicit pointer points to (its reference is 0).
        const isClang = compiler.startsWith('clang');
        const expected = answers(whole, program).map((line) => (isClang ? line : line.replace(POINTED_TO, NOTHING)));
        assert.ok(expected.length > 10);
        const place = subfolder('split');
        const path = buildSplit(place, program.sources, { compiler, flags });
        assert.deepEqual(answers(path, program), expected, '.dwo files where the compiler wrote them');

        const moved = join(subfolder('moved'), 'program');
        renameSync(path, moved);
        const dwo = readdirSync(place).filter((file) => file.endsWith('.dwo'));
        for (const file of dwo) renameSync(join(place, file), join(folder, 'moved', file));
        assert.deepEqual(answers(moved, program), expected, '.dwo files beside a moved program');

        // LLVM's tool does not come to an end on g++'s type units.
        if (!has('llvm-dwp') || compiler === 'g++') return;
        const files = dwo.map((file) => join(folder, 'moved', file));
        execFileSync('llvm-dwp', [...files, '-o', `${moved}.dwp`], { timeout: 60_000 });
        for (const file of files) rmSync(file);
        assert.deepEqual(answers(moved, program), expected, 'a package');
      });
    }
  }

  for (const version of [4, 5]) {
    it(`DWARF ${version}: has no global that is another file's local variable or a member`, () => {
      const flags = ['-O0', `-gdwarf-${version}`];
      const path = buildSplit(folder, ['values.c', 'opaque_definition.c'], { compiler: 'gcc', flags });
      const image = Image.open(path);
      try {
        const [place] = image.functionPlaces('area_of');
        assert.ok(place);
        const scope = image.scopeAt(place.candidates[0]!, place.function);
        assert.ok(scope.lookup('counter'));
        for (const name of ['calls', 'over', 'squares', 'wide']) assert.equal(scope.lookup(name), undefined, name);
      } finally {
        image.dispose();
      }
    });
  }

  describe('of which a part is missing', () => {
    const flags = ['-O1', '-gdwarf-5'];
    const sources = ['values.c', 'opaque_definition.c'];

    /** What is said of `program` after functions of both files were asked for. */
    function notices(path: string): { readonly variables: number; readonly notices: readonly string[] } {
      const image = Image.open(path);
      try {
        const [place] = image.functionPlaces('walk');
        assert.ok(place, 'a function is still found by its symbol');
        const scope = image.scopeAt(place.candidates[0]!, place.function);
        const { symbol, line } = image.describe(place.candidates[0]!);
        assert.equal(symbol?.name, 'walk');
        assert.ok(line && image.linePlaces(line.file, line.line)?.places.length, 'lines are found');
        return { variables: scope.parameters().length, notices: image.notices() };
      } finally {
        image.dispose();
      }
    }

    it('names the file that is not there, and finds functions by their symbols', () => {
      const path = buildSplit(folder, sources, { compiler: 'gcc', flags });
      assert.deepEqual(notices(path), { variables: 4, notices: [] });
      rmSync(join(folder, 'values.dwo'));
      const { variables, notices: said } = notices(path);
      assert.equal(variables, 0);
      assert.equal(said.length, 1);
      assert.match(said[0]!, /can't have values\.dwo: there, lines and functions with symbols work/);
    });

    it('still reads the files that are there', () => {
      const path = buildSplit(folder, sources, { compiler: 'gcc', flags });
      rmSync(join(folder, 'opaque_definition.dwo'));
      const { variables, notices: said } = notices(path);
      assert.equal(variables, 4);
      assert.match(said.join(), /opaque_definition\.dwo/);
    });

    it('does not take the .dwo file of another build', () => {
      const path = buildSplit(folder, sources, { compiler: 'gcc', flags });
      const other = subfolder('other');
      buildSplit(other, sources, { compiler: 'gcc', flags: ['-O2', '-gdwarf-5', '-DOTHER=1'] });
      copyFileSync(join(other, 'values.dwo'), join(folder, 'values.dwo'));
      const { variables, notices: said } = notices(path);
      assert.equal(variables, 0);
      assert.match(said[0]!, /values\.dwo \(.*values\.dwo is of another build\)/);
    });

    it('refuses a file that is none, and a package that is none', () => {
      const path = buildSplit(folder, sources, { compiler: 'gcc', flags });
      writeFileSync(`${path}.dwp`, 'not a package');
      assert.deepEqual(notices(path), { variables: 4, notices: [] }, '.dwo files are used instead');
      writeFileSync(join(folder, 'values.dwo'), 'not a .dwo file');
      assert.match(notices(path).notices[0]!, /values\.dwo is not an ELF file/);
    });
  });
});
