/** Fixture programs of the engine's tests: compiled, with the file offsets of their functions. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { assertExists } from '../../src/base/assert';
import { buildFixture } from '../fixtures/build';

export interface Program {
  readonly path: string;
  /** File offset of a function's first instruction. */
  offset(symbol: string): number;
  /** `length` bytes of the file from the function on, in hex. */
  text(symbol: string, length: number): string;
}

/** Compiles test/fixtures/engine/<file>. */
export function program(file: string, flags: readonly string[] = []): Program {
  const { path } = buildFixture(`engine/${file}`, { flags: ['-O1', '-pthread', '-fno-omit-frame-pointer', ...flags] });
  const symbols = symbolOffsets(path);
  const offset = (symbol: string): number => assertExists(symbols.get(symbol), `${symbol} in ${file}`);
  return {
    path,
    offset,
    text: (symbol, length) =>
      readFileSync(path)
        .subarray(offset(symbol), offset(symbol) + length)
        .toString('hex'),
  };
}

/** By readelf: a symbol's address, less its segment's, plus the segment's place in the file. */
export function symbolOffsets(path: string): ReadonlyMap<string, number> {
  const segments = readelf('-lW', path).flatMap((line) => {
    const match = /^ *LOAD +0x(\w+) 0x(\w+) 0x\w+ 0x(\w+) /.exec(line);
    return match
      ? [{ offset: parseInt(match[1]!, 16), address: parseInt(match[2]!, 16), size: parseInt(match[3]!, 16) }]
      : [];
  });
  return new Map(
    readelf('-sW', path).flatMap((line): [string, number][] => {
      const match = /^ *\d+: (\w+) +\d+ (?:FUNC|NOTYPE) +\w+ +\w+ +\d+ (\S+)/.exec(line);
      if (!match) return [];
      const address = parseInt(match[1]!, 16);
      const segment = segments.find(({ address: start, size }) => address >= start && address < start + size);
      return segment ? [[match[2]!, address - segment.address + segment.offset]] : [];
    }),
  );
}

function readelf(option: string, path: string): readonly string[] {
  return execFileSync('readelf', [option, path], { encoding: 'utf8', maxBuffer: 64 << 20 }).split('\n');
}
