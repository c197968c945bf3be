/**
 * Sidestep's own formatters, on values of running programs: each program says on its own output, before each marker,
 * what the message at the marker has to read there.
 */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseJsonLines, SCRATCH, sidestep } from '../cli/commandLine';
import { buildFixture, canBuild, type Fixture, type FixtureOptions } from '../fixtures/build';
import { skip } from '../skip';
import { expected } from './messages';

interface Library extends FixtureOptions {
  readonly file: string;
}

const LIBRARIES: Readonly<Record<string, Library>> = {
  'libstdc++ with GCC': { file: 'containers.cc', flags: ['-std=c++20', '-O0'] },
  "libstdc++ with GCC's old ABI, optimised, with DWARF 4": {
    file: 'containers.cc',
    flags: ['-std=c++20', '-O2', '-gdwarf-4', '-D_GLIBCXX_USE_CXX11_ABI=0'],
  },
  'libstdc++ with Clang': { file: 'containers.cc', flags: ['-std=c++20', '-O0'], compiler: 'clang++' },
  'libc++ with Clang': {
    file: 'containers.cc',
    flags: ['-std=c++20', '-O0', '-stdlib=libc++', '-fstandalone-debug'],
    compiler: 'clang++',
  },
  Rust: { file: 'collections.rs', flags: [] },
  Go: { file: 'collections.go', flags: ['-gcflags=-N -l'] },
};

/** The message of a marker: `// #name {a} | {b}`. */
const MARKER = /\/\/ #(\w+) (.+)$/;

/** Entries of hash tables whose order the program can't know. */
const UNORDERED = new Set(['several', 'growing', 'many']);

async function messages(fixture: Fixture): Promise<Map<string, readonly string[]>> {
  const output = join(SCRATCH, `formatters-${process.pid}.json`);
  mkdirSync(SCRATCH, { recursive: true });
  const lines = readFileSync(fixture.source, 'utf8').split('\n');
  const markers = lines.flatMap((line, index) => {
    const [, name, message] = MARKER.exec(line) ?? [];
    return name === undefined || message === undefined ? [] : [{ name, message, line: index + 1 }];
  });
  const probes = markers.flatMap(({ message, line }) => [
    '-p',
    `log ${fixture.source}:${line} ${JSON.stringify(message)}`,
  ]);
  const outcome = await sidestep(['run', ...probes, '--format', 'json', '-o', output, '--', fixture.path]);
  assert.equal(outcome.status, 0, outcome.stderr);
  const right = expected(outcome.stdout);
  assert.equal(right.length, markers.length, outcome.stdout);
  const { hits } = parseJsonLines(readFileSync(output, 'utf8'));
  return new Map(
    markers.map(({ name, line }, index) => {
      const told = hits.filter(({ location }) => location.line === line).map(({ message }) => message);
      const all = [right[index] ?? '', ...told];
      return [name, UNORDERED.has(name) ? all.map(inOrder) : all];
    }),
  );
}

function inOrder(entries: string): string {
  return entries
    .slice(1, -1)
    .split(/, (?=\[)/)
    .sort()
    .join(', ');
}

describe('the formatters', function () {
  this.timeout(120_000);

  for (const [name, { file, ...options }] of Object.entries(LIBRARIES)) {
    it(`of ${name} show what the program says`, async function () {
      if (!canBuild(file, options.compiler)) skip(this, `there is no compiler for ${name}`);
      const all = await messages(buildFixture(`formatters/${file}`, options));
      const told = [...all].map(([marker, [, ...hits]]) => `${marker}: ${hits.join(' AND ')}`);
      const right = [...all].map(([marker, [text]]) => `${marker}: ${text ?? ''}`);
      assert.deepEqual(told, right);
    });
  }
});
