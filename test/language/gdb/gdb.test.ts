/** Values of a real program read as gdb reads them at the same place, with and without optimisation. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Image } from '../../../src/debuginfo/image';
import { compileProbe } from '../../../src/language/compileProbe';
import { runCapture } from '../agentInterpreter';
import { stoppedAt } from './gdb';
import { normalised, sameNumbers } from './gdbText';

const FIXTURE = join(__dirname, 'fixture.c');
const MARKED_LINE =
  readFileSync(FIXTURE, 'utf8')
    .split('\n')
    .findIndex((line) => line.includes('#P1')) + 1;

/** Expressions that mean the same here and in gdb and that both write alike. */
// prettier-ignore
const EXPRESSIONS = [
  'step', 'mode', 'scale', 'base', 'byte', 'node', '*node', 'node->next->name', 'node->name[1]', '*node->next', 'node->level', 'node->depth',
  'node->weight * 2', 'node->flags', 'nodes[1].flags', 'counter', 'counter >> 1', 'grid', 'grid[1]', 'grid[2][step]', 'ratios', 'ratios[1] * 3',
  'letters', 'precise', '&nodes[1]', '&node->weight', '(long)node & 15', '(unsigned char)step + byte', 'node->codes', 'node->whole',
  'sizeof(struct node)', 'step * 1000000 * 1000000', '$rsp', '$xmm0', '(char)(step + 70)', 'node == nodes', 'scale / 0', '-7 / 2', '-7 % 3',
  'step > 2 ? node->id : -1', '&nodes[2] - node', '*(node + 1)->name', 'label',
];

describe('values, against gdb', () => {
  let directory: string;

  before(() => (directory = mkdtempSync(join(tmpdir(), 'sidestep-gdb-'))));
  after(() => rmSync(directory, { recursive: true }));

  for (const optimisation of ['-O0', '-O2']) {
    it(`read alike with ${optimisation}`, () => {
      const program = join(directory, `fixture${optimisation}`);
      execFileSync('gcc', ['-g', optimisation, '-pie', '-o', program, FIXTURE]);
      const image = Image.open(program);
      try {
        const place = image.linePlaces(FIXTURE, MARKED_LINE)!.places[0]!;
        const scope = image.scopeAt(place.candidates[0]!);
        const { machine, bias, texts } = stoppedAt(program, scope.pc, EXPRESSIONS);
        const differences = EXPRESSIONS.flatMap((expression, index) => {
          const { agent, render } = compileProbe({ kind: 'log', message: `{${expression}}` }, scope, bias);
          const captures = agent.captures.map((operations) => runCapture(operations, machine));
          const ours = render(captures, {
            pid: 0,
            tid: 0,
            threadName: '',
            timeNs: 1_700_000_000_000_000_000n,
            ordinal: 7,
          });
          const theirs = normalised(texts[index]!);
          const alike = theirs.startsWith('<') ? /^<.*>$/.test(ours) : sameNumbers(ours, theirs);
          return alike ? [] : [`${expression}: ${ours} is ${theirs} in gdb`];
        });
        assert.deepEqual(differences, []);
      } finally {
        image.dispose();
      }
    });
  }
});
