/**
 * Variables that are not where debug information says alone: a thread's own, those of other modules, and those whose
 * place another module's takes.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseJsonLines, ROOT, SCRATCH, sidestep } from '../cli/commandLine';
import { expected } from './messages';

const SOURCES = join(ROOT, 'test/fixtures/values');
const sourceOf = (file: string) => join(SOURCES, file);

/** `file:line` of a marker. */
function placeOf(file: string, marker: string): string {
  const lines = readFileSync(sourceOf(file), 'utf8').split('\n');
  return `${file}:${lines.findIndex((line) => line.includes(`#${marker}`)) + 1}`;
}

/** Runs compilers one after the other; `PROGRAM` in their arguments is the program's path. */
function build(name: string, ...commands: readonly (readonly string[])[]): string {
  mkdirSync(SCRATCH, { recursive: true });
  const program = join(SCRATCH, `modules-${name.replaceAll(' ', '-')}-${process.pid}`);
  for (const [compiler, ...flags] of commands) {
    execFileSync(compiler!, ['-g', ...flags.map((flag) => flag.replace('PROGRAM', program))], { stdio: 'inherit' });
  }
  return program;
}

/** What the probes said, hit by hit, and what the program printed as right. */
async function messages(
  program: string,
  probes: readonly string[],
  ...args: readonly string[]
): Promise<{ readonly told: readonly string[]; readonly right: readonly string[] }> {
  const output = `${program}.json`;
  const options = probes.flatMap((probe) => ['-p', probe]);
  const outcome = await sidestep(['run', ...options, '--format', 'json', '-o', output, '--', program, ...args]);
  assert.equal(outcome.status, 0, outcome.stderr);
  const { hits } = parseJsonLines(readFileSync(output, 'utf8'));
  return { told: hits.map(({ message }) => message), right: expected(outcome.stdout) };
}

describe('thread-local variables', function () {
  this.timeout(120_000);
  const [program, inLibrary] = ['threads.c', 'threadsLibrary.c'].map(sourceOf) as [string, string];
  const probes = [
    `log ${placeOf('threads.c', 'show')} "{z} {x} {name} {other} {pair.a} {zero} {aligned} {times}"`,
    `log ${placeOf('threadsLibrary.c', 'library')} "library {global} {local}"`,
  ];
  const whole = (...flags: string[]) => [['gcc', ...flags, program, inLibrary, '-o', 'PROGRAM', '-pthread']];
  const library = (...flags: string[]) => [
    ['gcc', '-shared', '-fPIC', '-DALONE', ...flags, inLibrary, '-o', 'PROGRAM.so'],
    ['gcc', '-DALONE', program, 'PROGRAM.so', '-o', 'PROGRAM', '-pthread'],
  ];

  const programs: Readonly<Record<string, readonly (readonly string[])[]>> = {
    'a program': whole(),
    'an optimised program': whole('-O2'),
    'a static program': whole('-static'),
    'a static position-independent program': whole('-static-pie'),
    'a program with TLS descriptors': whole('-mtls-dialect=gnu2', '-fPIC', '-pie'),
    'a library': library('-O0'),
    'an optimised library': library('-O2'),
    'a library with fixed offsets': library('-ftls-model=initial-exec'),
    'a library with TLS descriptors': library('-mtls-dialect=gnu2'),
    'an optimised library with TLS descriptors': library('-O2', '-mtls-dialect=gnu2'),
    'a library with TLS descriptors that are bound at once': library('-mtls-dialect=gnu2', '-Wl,-z,now'),
  };

  for (const [name, commands] of Object.entries(programs)) {
    it(`of ${name} read as the program says`, async () => {
      const { told, right } = await messages(build(name, ...commands), probes);
      assert.deepEqual(told, right);
    });
  }

  for (const dialect of ['gnu', 'gnu2']) {
    it(`of a library that a thread has not used say so (${dialect})`, async () => {
      const commands = library('-O0', `-mtls-dialect=${dialect}`);
      const probe = `log ${placeOf('threadsLibrary.c', 'library')} "{unused}"`;
      const { told } = await messages(build(`unused ${dialect}`, ...commands), [probe]);
      for (const message of told) assert.match(message, /^(?:9|<not allocated yet in this thread>)$/);
    });
  }
});

describe('variables of several modules', function () {
  this.timeout(120_000);
  const [program, inLibrary] = ['modules.c', 'modulesLibrary.c'].map(sourceOf) as [string, string];
  const probes = [
    `log ${placeOf('modules.c', 'program')} "program {librarys} {librarysOwn} {only} {array[1]} {programs} {second}"`,
    `log ${placeOf('modulesLibrary.c', 'library')} "library {librarys} {kept} {librarysOwn} {keptOwn} {programs} {programsOwn} {first}"`,
  ];
  const linked = (ofLibrary: string[], ofProgram: string[] = []) => [
    ['gcc', '-shared', '-fPIC', ...ofLibrary, inLibrary, '-o', 'PROGRAM.so'],
    ['gcc', ...ofProgram, program, 'PROGRAM.so', '-o', 'PROGRAM', '-pthread'],
  ];

  const programs: Readonly<Record<string, readonly (readonly string[])[]>> = {
    'that the program has a copy of': linked([]),
    'that an optimised program has a copy of': linked(['-O2'], ['-O2']),
    'that a program at a fixed address has a copy of': linked([], ['-no-pie', '-fno-pic']),
    'that the program reaches as a library would': linked([], ['-fPIC', '-pie', '-O2']),
    'with TLS descriptors': linked(['-mtls-dialect=gnu2'], ['-fPIC', '-pie', '-mtls-dialect=gnu2']),
    'with fixed offsets': linked(['-ftls-model=initial-exec']),
    'that the library alone reaches': linked(['-Wl,-Bsymbolic'], ['-fPIC', '-pie', '-DALONE']),
    'with DWARF 2': linked(['-gdwarf-2'], ['-gdwarf-2']),
  };

  for (const [name, commands] of Object.entries(programs)) {
    it(`${name} read as the program says`, async () => {
      const { told, right } = await messages(build(name, ...commands), probes);
      assert.equal(told.length, 8);
      assert.deepEqual(told, right);
    });
  }

  for (const flags of [[], ['-mtls-dialect=gnu2']]) {
    it(`of a library that is loaded late read as the program says ${flags.join()}`, async () => {
      const path = build(
        `late ${flags.join()}`,
        ['gcc', '-shared', '-fPIC', '-DLATE', ...flags, inLibrary, '-o', 'PROGRAM.so'],
        ['gcc', '-DLATE', '-rdynamic', program, '-o', 'PROGRAM', '-pthread'],
      );
      const { told, right } = await messages(path, [probes[1]!], `${path}.so`);
      assert.equal(told.length, 4);
      assert.deepEqual(
        told,
        right.filter((line) => line.startsWith('library')),
      );
    });
  }
});
