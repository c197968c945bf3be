/**
 * Where Sidestep puts probes beside where gdb puts breakpoints: in the interpreter of Python (C), in what Go links from
 * its own library, and in a fixture (C++). A sample of functions and lines, the same each time.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type LinkAddress, linkAddress } from '../src/base/address';
import { SidestepError } from '../src/base/errors';
import { Image } from '../src/debuginfo/image';
import { type ProbePlace } from '../src/debuginfo/model/model';
import { readFlow } from '../src/emulator/flow';
import { Random } from '../src/emulator/oracle/random';
import { buildFixture } from '../test/fixtures/build';
import { gdbPlaces } from './gdbPlaces';
import { say, table } from './report';

const SEED = 8;

/** How often a name or line is drawn for each that is wanted: some are drawn twice, some can't be asked for. */
const DRAWS = 40;

/** Names that gdb and Sidestep read alike: no templates, no operators. */
const PLAIN_NAME = /^[\w:.]+$/;

/** Lines of headers stand in thousands of functions, and take as long. */
const SOURCE = /\.(c|cc|cpp|go)$/;

const GO_PROGRAM = `package main

import (
	"encoding/json"
	"fmt"
	"os"
)

func main() {
	text, err := json.Marshal(os.Args)
	fmt.Println(string(text), err)
}
`;

const VERDICTS = {
  same: 'the same addresses',
  instruction: 'the same copies, each at another instruction',
  doubt: 'others, and Sidestep warns that copies can not be told apart',
  more: 'more copies in Sidestep; of the others some are at another instruction',
  piece: "gdb's further addresses are later pieces of the same copy",
  elsewhere: "gdb's further addresses are on another line",
  split: "gdb's further addresses are in the outlined part of a split function",
  unknown: 'gdb knows no such function or line',
  unexplained: 'unexplained',
} as const;

type Verdict = keyof typeof VERDICTS;

interface Question {
  readonly kind: 'function' | 'line';
  /** As gdb reads it. */
  readonly text: string;
  readonly ask: () => readonly ProbePlace[];
}

/** `functions`, `lines`: how many of each. */
export function benchPlaces({ functions, lines }: { readonly functions: number; readonly lines: number }): void {
  say(`### Places beside gdb's\n`);
  const directory = mkdtempSync(join(tmpdir(), 'sidestep-bench-places-'));
  try {
    const programs = [
      ['C++, a fixture', buildFixture('places/shapes.cc', { flags: ['-O2'] }).path],
      ['Go, encoding/json', goProgram(directory)],
      ['C, CPython 3.11', '/usr/bin/python3.11'],
    ] as const;
    for (const [name, path] of programs) {
      if (existsSync(path)) compare(name, path, functions, lines);
      else say(`${name}: ${path} is not installed\n`);
    }
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function goProgram(directory: string): string {
  const [source, path] = [join(directory, 'main.go'), join(directory, 'main')];
  writeFileSync(source, GO_PROGRAM);
  const environment = { ...process.env, GO111MODULE: 'off', GOCACHE: join(directory, 'cache') };
  execFileSync('go', ['build', '-o', path, source], { env: environment });
  return path;
}

function compare(name: string, path: string, functions: number, lines: number): void {
  const image = Image.open(path, { readFlow });
  try {
    const random = new Random(SEED);
    const questions = [...functionsOf(image, random, functions), ...linesOf(image, random, lines)];
    const gdbs = gdbPlaces(
      path,
      questions.map(({ text }) => text),
    );
    const counts = new Map<string, number>();
    for (const [index, question] of questions.entries()) {
      const verdict = judge(image, question, new Set(gdbs[index]));
      const key = `${question.kind} ${verdict}`;
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    const count = (kind: string, verdict: string): string => String(counts.get(`${kind} ${verdict}`) ?? 0);
    table(
      [name, 'functions', 'lines'],
      Object.entries(VERDICTS).map(([verdict, text]) => [text, count('function', verdict), count('line', verdict)]),
    );
  } finally {
    image.dispose();
  }
}

function functionsOf(image: Image, random: Random, wanted: number): readonly Question[] {
  const entries = [...image.functionEntries()];
  const questions = new Map<string, Question>();
  for (let draw = 0; draw < wanted * DRAWS && questions.size < wanted; draw++) {
    const { function: innermost, inlinedInto, line } = image.describe(random.pick(entries));
    const name = inlinedInto.at(-1) ?? innermost;
    if (line === undefined || name === undefined || !PLAIN_NAME.test(name)) continue;
    // In quotes it is a name as a whole: Go's have dots.
    questions.set(name, { kind: 'function', text: `'${name}'`, ask: () => image.functionPlaces(name) });
  }
  return [...questions.values()];
}

function linesOf(image: Image, random: Random, wanted: number): readonly Question[] {
  const starts = [...image.lineStarts()];
  const questions = new Map<string, Question>();
  for (let draw = 0; draw < wanted * DRAWS && questions.size < wanted; draw++) {
    const { line: found } = image.describe(random.pick(starts));
    if (found === undefined || found.line === 0 || !SOURCE.test(found.file)) continue;
    const { file, line } = found;
    // gdb does not put a path together as the debug information's directories do.
    const text = `${file.split('/').slice(-2).join('/')}:${line}`;
    questions.set(text, { kind: 'line', text, ask: () => image.linePlaces(file, line)?.places ?? [] });
  }
  return [...questions.values()];
}

/** Says each difference that it can't explain, and why not. */
function judge(image: Image, { kind, text, ask }: Question, gdbs: ReadonlySet<LinkAddress>): Verdict {
  if (gdbs.size === 0) return 'unknown';
  const places = placesOrNone(ask);
  const ours = new Set(places.map(({ candidates }) => linkAddress(candidates[0] ?? 0n)));
  const [onlyOurs, onlyGdbs] = [without(ours, gdbs), without(gdbs, ours)];
  if (onlyOurs.length + onlyGdbs.length === 0) return 'same';
  if (places.some(({ doubt }) => doubt !== undefined)) return 'doubt';
  if (onlyGdbs.length === 0) return 'more';
  const outermost = (address: LinkAddress): string => copyOf(image, address).at(-1) ?? '';
  const ofOurs = onlyOurs.map(outermost);
  const unpaired = onlyGdbs.filter((address) => !take(ofOurs, outermost(address)));
  if (unpaired.length === 0) return ofOurs.length === 0 ? 'instruction' : 'more';
  if (kind === 'line' && unpaired.every((address) => isMoved(image, address, text, ours.size))) return 'elsewhere';
  const copies = new Set([...ours].map(outermost));
  if (kind === 'line' && unpaired.every((address) => copies.has(outermost(address)))) return 'piece';
  if (unpaired.every((address) => isOutlined(image, address))) return 'split';
  const show = (address: LinkAddress): string => `0x${address.toString(16)} ${copyOf(image, address).join(' < ')}`;
  say(`${text}: Sidestep ${onlyOurs.map(show).join(', ')}; gdb ${onlyGdbs.map(show).join(', ')}\n`);
  return 'unexplained';
}

function placesOrNone(ask: () => readonly ProbePlace[]): readonly ProbePlace[] {
  try {
    return ask();
  } catch (error) {
    if (error instanceof SidestepError) return [];
    throw error;
  }
}

function without(some: ReadonlySet<LinkAddress>, others: ReadonlySet<LinkAddress>): readonly LinkAddress[] {
  return [...some].filter((address) => !others.has(address));
}

/** Takes an item out of the list; whether it was there. */
function take(items: string[], wanted: string): boolean {
  const index = items.indexOf(wanted);
  if (index >= 0) items.splice(index, 1);
  return index >= 0;
}

/** The functions at an address, from the inside out; the last is the one that was not inlined, by its symbol. */
function copyOf(image: Image, address: LinkAddress): string[] {
  const { function: innermost = '?', inlinedInto, symbol } = image.describe(address);
  return [innermost, ...inlinedInto, symbol?.name ?? '?'];
}

/** GCC inlines the beginning of a function into its callers and calls the rest, which it may inline again. */
function isOutlined(image: Image, address: LinkAddress): boolean {
  const functions = copyOf(image, address);
  const symbol = functions.pop() ?? '';
  return /\.(part|cold)\b/.test(symbol) || new Set(functions).size < functions.length;
}

/**
 * gdb moves to a later line, in another function even, where no row of the line begins a statement: Sidestep says that
 * there is no code (`ours` places). And gdb moves to a function's entry where the line begins the part of the function
 * that lies elsewhere (.cold).
 */
function isMoved(image: Image, address: LinkAddress, asked: string, ours: number): boolean {
  const { line, symbol } = image.describe(address);
  const isAnother = line?.line !== Number(asked.slice(asked.lastIndexOf(':') + 1));
  return isAnother && (ours === 0 || symbol?.offset === 0);
}
