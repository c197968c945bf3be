/**
 * Runs expressions through gcc: a program that prints where its variables are, what is in them, and the type and bytes
 * of each value.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DECLARATIONS } from './variables';

export interface Value {
  /** One of {@link TAGS}. */
  readonly tag: string;
  /** In hex, in memory order; `nan` for any NaN: which one it is, IEEE 754 leaves open. */
  readonly bytes: string;
}

export interface ProgramRun {
  readonly addresses: ReadonlyMap<string, bigint>;
  readonly contents: ReadonlyMap<string, Uint8Array>;
  /** In the order of the expressions. */
  readonly values: readonly Value[];
}

/** C's type → how the program calls it. */
const TAGS: Readonly<Record<string, string>> = {
  char: 'char',
  'signed char': 'signed char',
  'unsigned char': 'unsigned char',
  _Bool: 'bool',
  short: 'short',
  'unsigned short': 'unsigned short',
  int: 'int',
  unsigned: 'unsigned int',
  long: 'long',
  'unsigned long': 'unsigned long',
  'long long': 'long',
  'unsigned long long': 'unsigned long',
  float: 'float',
  double: 'double',
  'int *': 'int *',
};

const PRELUDE = `
#include <stdio.h>
static void dump(const char *tag, const void *at, unsigned long size) {
  printf("%s ", tag);
  for (unsigned long k = 0; k < size; k++) printf("%02x", ((const unsigned char *)at)[k]);
  printf("\\n");
}
#define TAG(x) _Generic((x), ${Object.entries(TAGS)
  .map(([type, tag]) => `${type}: "${tag}"`)
  .join(', ')})
#define SHOW(x) do { __typeof__(x) value = (x); if (value != value) printf("%s nan\\n", TAG(x)); else dump(TAG(x), &value, sizeof value); } while (0)
#define PLACE(x) do { printf("%p ", (void *)&x); dump(#x, &x, sizeof x); } while (0)
`;

export function runThroughGcc(expressions: readonly string[]): ProgramRun {
  const directory = mkdtempSync(join(tmpdir(), 'sidestep-expressions-'));
  try {
    const source = join(directory, 'expressions.c');
    writeFileSync(source, programOf(expressions));
    const program = join(directory, 'expressions');
    execFileSync('gcc', ['-O0', '-fwrapv', '-ffp-contract=off', '-w', '-o', program, source]);
    return parseOutput(execFileSync(program, { encoding: 'utf8', maxBuffer: 1 << 26 }));
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function programOf(expressions: readonly string[]): string {
  const functions = expressions.map((expression, index) => `static void show${index}(void) { SHOW(${expression}); }`);
  return [
    PRELUDE,
    ...DECLARATIONS.map(({ declaration }) => declaration),
    ...functions,
    'int main(void) {',
    ...DECLARATIONS.map(({ name }) => `PLACE(${name});`),
    ...expressions.map((_, index) => `show${index}();`),
    'return 0; }',
  ].join('\n');
}

function parseOutput(output: string): ProgramRun {
  const lines = output.trimEnd().split('\n');
  const addresses = new Map<string, bigint>();
  const contents = new Map<string, Uint8Array>();
  for (const line of lines.slice(0, DECLARATIONS.length)) {
    const [address, name, bytes] = line.split(' ') as [string, string, string];
    addresses.set(name, BigInt(address));
    contents.set(name, Buffer.from(bytes, 'hex'));
  }
  const values = lines.slice(DECLARATIONS.length).map((line) => {
    const cut = line.lastIndexOf(' ');
    return { tag: line.slice(0, cut), bytes: line.slice(cut + 1) };
  });
  return { addresses, contents, values };
}
