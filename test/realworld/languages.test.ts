/**
 * Programs in the languages people probe, by their own compilers: every call counted, values right, results unchanged.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseJsonLines, SCRATCH, sidestep } from '../cli/commandLine';

const SOURCES = join(__dirname, '../fixtures/languages');
const DESKS = 4;
const CALLS = 20_000;

interface Language {
  readonly name: string;
  readonly source: string;
  readonly compile: readonly [string, ...string[]];
  readonly probe: string;
  /** What the probe says of the last order of each desk. */
  readonly last: (desk: number) => string;
}

const LANGUAGES: readonly Language[] = [
  {
    name: 'C++',
    source: 'orders.cc',
    compile: ['g++', '-g', '-O2', '-pthread'],
    probe: 'log shop::Desk::handle "{order.id} {order.item} {order.price} {number}" if order.id == 4999',
    last: (desk) => `4999 "tea" 2499.5 ${desk}`,
  },
  {
    name: 'Rust',
    source: 'orders.rs',
    compile: ['rustc', '-g'],
    probe: 'log orders::handle "{order->id} {order->item} {order->price} {desk}" if order->id == 4999',
    last: (desk) => `4999 "tea" 2499.5 ${desk}`,
  },
  {
    name: 'Go',
    source: 'orders.go',
    compile: ['go', 'build'],
    probe: 'log main.handle "{order->ID} {order->Item} {order->Price} {desk}" if order->ID == 4999',
    last: (desk) => `4999 "tea" 2499.5 ${desk}`,
  },
];

function build({ source, compile: [compiler, ...options] }: Language): string {
  mkdirSync(SCRATCH, { recursive: true });
  const program = join(SCRATCH, source.replace('.', '-'));
  const offline = { GOPROXY: 'off', GOTOOLCHAIN: 'local', GO111MODULE: 'off', GOCACHE: join(SCRATCH, 'go-cache') };
  execFileSync(compiler, [...options, '-o', program, join(SOURCES, source)], {
    stdio: 'inherit',
    env: { ...process.env, ...offline },
  });
  return program;
}

describe('a program in', () => {
  for (const language of LANGUAGES) {
    it(language.name, async () => {
      const program = build(language);
      const expected = execFileSync(program, { encoding: 'utf8' });
      const { status, stdout, stderr } = await sidestep([
        'run',
        '-p',
        language.probe,
        '--format',
        'json',
        '--',
        program,
      ]);
      assert.equal(status, 0, stderr);
      assert.equal(stdout, expected);
      const { hits, summary } = parseJsonLines(stderr);
      assert.equal(summary.probes[0]?.hits, CALLS);
      const desks = Array.from({ length: DESKS }, (_, desk) => language.last(desk));
      assert.deepEqual(hits.map(({ message }) => message).sort(), desks);
    });
  }
});
