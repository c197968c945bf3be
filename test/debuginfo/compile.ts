/**
 * Programs for these tests: as test/fixtures/build.ts makes them, and by the compilers and tools that are not on every
 * machine. Those answer undefined when what they need is missing; the test is then skipped.
 */
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, rmSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { buildFixture, canBuild, type Fixture } from '../fixtures/build';

const OUTPUT = resolve(__dirname, '../../out/fixtures');

export function has(tool: string): boolean {
  return spawnSync(tool, ['--version'], { stdio: 'ignore' }).error === undefined;
}

/** A C, C++ or assembly fixture. */
export function compiled(file: string, ...flags: string[]): Fixture {
  return buildFixture(`debuginfo/${file}`, { flags });
}

/** A Rust or Go fixture. */
export function compiledElsewhere(file: string, ...flags: string[]): Fixture | undefined {
  return canBuild(file) ? compiled(file, ...flags) : undefined;
}

/** A copy of `fixture` that `change` works on. */
export function changed(fixture: Fixture, name: string, change: (path: string) => void): Fixture {
  const directory = join(OUTPUT, 'changed');
  mkdirSync(directory, { recursive: true });
  const path = join(directory, `${basename(fixture.path)}-${name}-${process.pid}`);
  copyFileSync(fixture.path, path);
  change(path);
  process.once('exit', () => rmSync(path, { force: true }));
  return { ...fixture, path };
}
