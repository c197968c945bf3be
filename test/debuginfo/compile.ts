/**
 * Programs for these tests: as test/fixtures/build.ts makes them, and by the compilers and tools that are not on every
 * machine. Those answer undefined when what they need is missing; the test is then skipped.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { buildFixture, type Fixture } from '../fixtures/build';

const SOURCES = resolve(__dirname, '../fixtures/debuginfo');
const OUTPUT = resolve(__dirname, '../../out/fixtures');

export function has(tool: string): boolean {
  return spawnSync(tool, ['--version'], { stdio: 'ignore' }).error === undefined;
}

/** A C, C++ or assembly fixture. */
export function compiled(file: string, ...flags: string[]): Fixture {
  return buildFixture(`debuginfo/${file}`, { flags });
}

export function compiledRust(file: string, ...flags: string[]): Fixture | undefined {
  return has('rustc') ? built(file, ['rustc', '-g', ...flags, join(SOURCES, file), '-o']) : undefined;
}

export function compiledGo(file: string, ...flags: string[]): Fixture | undefined {
  if (spawnSync('go', ['version'], { stdio: 'ignore' }).error) return undefined;
  return built(file, ['go', 'build', ...flags, '-o'], [join(SOURCES, file)], {
    GOFLAGS: '-mod=mod',
    GOTOOLCHAIN: 'local',
    GOPROXY: 'off',
    GO111MODULE: 'off',
    GOCACHE: join(OUTPUT, 'go-cache'),
  });
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

/** Runs `command OUTPUT after`, unless its result is there already. */
function built(
  file: string,
  command: readonly string[],
  after: readonly string[] = [],
  environment: Readonly<Record<string, string>> = {},
): Fixture {
  const source = join(SOURCES, file);
  const text = readFileSync(source, 'utf8');
  const key = createHash('sha256')
    .update(JSON.stringify([command, after, text]))
    .digest('hex')
    .slice(0, 16);
  const directory = join(OUTPUT, key);
  const path = join(directory, basename(file).replace(/\..*$/, ''));
  if (!existsSync(path)) {
    mkdirSync(directory, { recursive: true });
    const temporary = `${path}.${process.pid}`;
    const [program, ...options] = command as [string, ...string[]];
    execFileSync(program, [...options, temporary, ...after], {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...process.env, ...environment },
    });
    renameSync(temporary, path);
  }
  const line = (marker: string): number => {
    const index = text.split('\n').findIndex((each) => new RegExp(`#${marker}\\b`).test(each));
    if (index < 0) throw new Error(`${file} has no marker #${marker}`);
    return index + 1;
  };
  return { path, source, line };
}
