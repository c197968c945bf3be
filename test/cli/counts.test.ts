import assert from 'node:assert/strict';
import { buildFixture } from '../fixtures/build';
import { parseJsonLines, sidestep } from './commandLine';

describe('the counts of a probe', () => {
  const instances = buildFixture('instances.cc', { flags: ['-O0'] });
  const tree = buildFixture('tree.c');
  const visited = `instances.cc:${instances.line('visited')}`;
  const worked = `tree.c:${tree.line('worked')}`;

  /** Runs a program under one probe; what the probe counted, and the warnings. */
  async function count(probe: string, command: readonly string[], options: readonly string[] = []) {
    const outcome = await sidestep(['run', '--format', 'json', ...options, '-p', probe, '--', ...command]);
    const { summary, hits, warnings } = parseJsonLines(outcome.stderr);
    return { counted: summary.probes[0]!, hits, warnings };
  }

  it('say how often a condition held, for `count` and `log`, whatever the hit condition lets through', async () => {
    const counting = await count(`count ${visited} if turn >= 7`, [instances.path]);
    assert.deepEqual([counting.counted.hits, counting.counted.matched, counting.counted.reported], [17, 4, 0]);
    const logging = await count(`log ${visited} "{turn}" if turn >= 5 hits % 3`, [instances.path]);
    assert.deepEqual([logging.counted.hits, logging.counted.matched, logging.counted.reported], [17, 8, 2]);
    assert.equal(logging.hits.length, 2);
    const text = await sidestep(['run', '-p', `count ${visited} if turn >= 7`, '--', instances.path]);
    assert.match(text.stderr, /17 hits, .*4 matched, 0 reported/);
  });

  it('are all hits where there is no condition', async () => {
    const { counted } = await count(`count ${visited}`, [instances.path]);
    assert.deepEqual([counted.hits, counted.matched], [17, 17]);
  });

  it('are those of its places together, each with its own', async () => {
    const { counted } = await count(`log ${visited} "{turn}" if turn % 2 == 0`, [instances.path]);
    assert.deepEqual(
      counted.sites.map(({ hits, matched, reported }) => [hits, matched, reported]),
      [
        [10, 5, 5],
        [5, 5, 5],
        [2, 1, 1],
      ],
    );
  });

  for (const follow of ['none', 'children']) {
    it(`stay exact over forks and exec, with --follow ${follow}`, async () => {
      const command = follow === 'children' ? ['/bin/sh', '-c', `exec ${tree.path} 3 2`] : [tree.path, '3', '2'];
      const { counted } = await count(`log ${worked} "" if generation > 1`, command, ['--follow', follow]);
      if (follow === 'children') assert.deepEqual([counted.hits, counted.matched], [1 + 2 + 4 + 8, 4 + 8]);
      else assert.deepEqual([counted.hits, counted.matched], [1, 0]);
      assert.equal(counted.sites.length, 1, 'the place is one in all processes');
    });
  }

  describe('where a message or a condition has no meaning at some of the places', () => {
    it('go on there, and the place says what is wrong with the message', async () => {
      const { counted, hits, warnings } = await count(`log ${visited} "{thing->size}" if turn > 0`, [instances.path]);
      assert.equal(hits.length, 9 + 4);
      assert.deepEqual(
        counted.sites.map(({ hits: all, matched, reported, problem }) => [
          all,
          matched,
          reported,
          problem !== undefined,
        ]),
        [
          [10, 9, 9, false],
          [5, 4, 4, false],
          [2, 1, 0, true],
        ],
      );
      assert.match(counted.sites[2]!.problem!, /^the message can't be shown here: .*size/);
      assert.equal(warnings.filter((message) => message.includes('size')).length, 1, warnings.join('\n'));
    });

    it('say that the condition can not be evaluated', async () => {
      const { counted, hits, warnings } = await count(`log ${visited} "{turn}" if thing->set`, [instances.path]);
      assert.equal(hits.length, 2);
      assert.deepEqual([counted.hits, counted.matched, counted.reported, counted.failedConditions], [17, 2, 2, 15]);
      assert.deepEqual(
        counted.sites.map(({ hits: all, failedConditions = 0, problem = '' }) => [
          all,
          failedConditions,
          problem !== '',
        ]),
        [
          [10, 10, true],
          [5, 5, true],
          [2, 0, false],
        ],
      );
      assert.match(counted.sites[0]!.problem!, /^the condition can't be evaluated here: .*set/);
      const reasons = new Set(counted.sites.flatMap(({ problem = [] }) => problem));
      assert.equal(warnings.length, reasons.size, 'one warning for each reason');
      const { stderr } = await sidestep(['run', '-p', `count ${visited} if thing->set`, '--', instances.path]);
      assert.match(stderr, /10 hits, 0 matched, 0 reported\n +the condition can't be evaluated here: /);
    });

    it('are refused where it has one nowhere', async () => {
      const { status, stderr } = await sidestep(['run', '-p', `log ${visited} "{nothing}"`, '--', instances.path]);
      assert.equal(status, 2);
      assert.match(stderr, /nothing/);
    });
  });
});
