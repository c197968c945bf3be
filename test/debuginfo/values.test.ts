/**
 * Variables have the values that gdb sees. The program runs in gdb, stops at every place of every function and marked
 * line, and each variable's location from here is evaluated on gdb's registers and memory beside gdb's own reading of
 * the variable.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Image } from '../../src/debuginfo/image';
import { hex, type LinkAddress, linkAddress } from '../../src/base/address';
import { type Variable } from '../../src/debuginfo/model/model';
import { buildFixture } from '../fixtures/build';

/** Where Linux puts position-independent programs when gdb has switched address randomisation off. */
const PIE_BASE = 0x5555_5555_4000n;

interface Reading {
  readonly address: string;
  readonly name: string;
  readonly gdb: string | null;
  readonly ours: string | null;
}

interface Stop {
  readonly address: LinkAddress;
  readonly function: string;
  readonly variables: readonly Variable[];
}

function readInGdb(image: Image, stops: readonly Stop[]): Reading[] {
  const bias = image.kind === 'pie' ? PIE_BASE : 0n;
  const folder = mkdtempSync(join(tmpdir(), 'sidestep-gdb-'));
  try {
    const request = join(folder, 'stops.json');
    const described = stops.map(({ address, function: name, variables }) => ({
      address: String(address + bias),
      function: name,
      variables: variables.map((variable) => ({
        name: variable.name,
        byteSize: variable.type.byteSize ?? 0,
        location: variable.location,
      })),
    }));
    writeFileSync(
      request,
      JSON.stringify({ program: image.path, stops: described }, (key, value: unknown) => toJson(key, value, bias)),
    );
    const output = execFileSync('gdb', ['-nx', '-batch', '-x', join(__dirname, 'readVariables.py')], {
      env: { ...process.env, SIDESTEP_STOPS: request },
      stdio: ['ignore', 'pipe', 'pipe'],
      encoding: 'utf8',
    });
    return output
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as Reading);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function toJson(key: string, value: unknown, bias: bigint): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
  if (typeof value !== 'bigint') return value;
  return String(key === 'address' ? value + bias : value);
}

/** A reading with its function, for the failure's text. */
function nameOf(image: Image, reading: Reading): object {
  const address = BigInt(reading.address) - (image.kind === 'pie' ? PIE_BASE : 0n);
  return { ...reading, address: hex(address), function: image.describe(linkAddress(address)).function };
}

/** The functions' and lines' places with all that is visible there. */
function stopsOf(
  image: Image,
  functions: readonly string[],
  source: string,
  lines: readonly number[],
  names: readonly string[],
): Stop[] {
  const places = [
    ...functions.flatMap((name) => image.functionPlaces(name)),
    ...lines.flatMap((line) => image.linePlaces(source, line)?.places ?? []),
  ];
  const stops = new Map<LinkAddress, Stop>();
  for (const { candidates, function: name } of places) {
    const [address] = candidates;
    if (address === undefined || name === undefined) continue;
    const scope = image.scopeAt(address, name);
    const visible = [...scope.parameters(), ...scope.locals(), ...names.map((global) => scope.lookup(global)!)];
    // Shadowed names read as the inner variable, in gdb as here.
    const variables = [...new Map(visible.map((variable) => [variable.name, scope.lookup(variable.name)!])).values()];
    stops.set(address, { address, function: name, variables });
  }
  return [...stops.values()];
}

describe('variables, compared with gdb', () => {
  const FUNCTIONS = ['twice', 'add_to', 'walk', 'many', 'pick', 'main'];
  const MARKERS = ['TWICE', 'ADD', 'OVER', 'TOTAL', 'MANY', 'PICK', 'SHADOW', 'CALL'];
  const GLOBALS = ['counter', 'file_static', 'per_thread', 'version_text'];
  /** Parameters that optimised code no longer holds after their last use. */
  const ENTRY_VALUES = new Set(['list', 'a']);
  const BUILDS: Readonly<Record<string, readonly string[]>> = {
    'without optimisation': ['-O0'],
    'with frame pointers left out': ['-O0', '-fomit-frame-pointer'],
    'with a stack protector': ['-O0', '-fstack-protector-all'],
    'for debugging': ['-Og'],
    optimised: ['-O2'],
    'optimised, DWARF 4': ['-O2', '-gdwarf-4'],
    'optimised, DWARF 3 only': ['-O2', '-gdwarf-3', '-gstrict-dwarf'],
    'DWARF 2 only': ['-O0', '-gdwarf-2', '-gstrict-dwarf'],
    'linked at a fixed address': ['-O1', '-no-pie'],
    'linked statically': ['-O1', '-static'],
  };

  for (const [title, flags] of Object.entries(BUILDS)) {
    it(title, () => {
      const fixture = buildFixture('debuginfo/values.c', { flags });
      const image = Image.open(fixture.path);
      try {
        const lines = MARKERS.map((marker) => fixture.line(marker));
        const readings = readInGdb(image, stopsOf(image, FUNCTIONS, fixture.source, lines, GLOBALS));
        // gdb itself finds no thread-local variables in programs without libpthread's helper library.
        const known = readings.filter(({ gdb }) => gdb !== null);
        const present = known.filter(({ gdb }) => gdb !== 'optimized out');
        assert.ok(present.length > 60, `${present.length} of ${readings.length} values are there`);
        assert.deepEqual(
          known
            .filter(({ ours, gdb }) => ours !== gdb && ours !== 'optimized out')
            .map((reading) => nameOf(image, reading)),
          [],
          'values that differ',
        );
        // What a parameter was at the function's entry, gdb finds out from the caller's frame. Only parameters may be
        // missing.
        const missed = known.filter(({ ours, gdb }) => ours !== gdb && ours === 'optimized out');
        assert.deepEqual(
          missed.filter(({ name }) => !ENTRY_VALUES.has(name)).map((reading) => nameOf(image, reading)),
          [],
          'values that only gdb finds',
        );
      } finally {
        image.dispose();
      }
    });
  }
});
