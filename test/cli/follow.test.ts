import assert from 'node:assert/strict';
import { buildFixture } from '../fixtures/build';
import { parseJsonLines, sidestep } from './commandLine';

const fixture = buildFixture('tree.c');
const tree = fixture.path;
const WORKED = `tree.c:${fixture.line('worked')}`;
/** Two children each, over three generations. */
const PROCESSES = 1 + 2 + 4 + 8;

describe('sidestep run --follow', () => {
  it('children: probes all that the program starts, by fork and by exec, until the last one ends', async () => {
    const probe = `log ${WORKED} "generation {generation}"`;
    const options = ['run', '--format', 'json', '--follow', 'children', '-p', probe];
    const { status, stderr } = await sidestep([...options, '--', tree, '3', '2']);
    const { hits, summary } = parseJsonLines(stderr);
    assert.equal(status, 7);
    assert.equal(new Set(hits.map(({ pid }) => pid)).size, PROCESSES);
    const generations = hits.map(({ message }) => Number(message.replace('generation ', '')));
    assert.deepEqual(
      [0, 1, 2, 3].map((generation) => generations.filter((one) => one === generation).length),
      [1, 2, 4, 8],
    );
    assert.equal(summary.probes[0]?.hits, PROCESSES);
    assert.equal(summary.probes[0].reported + summary.probes[0].lost, PROCESSES);
  });

  it('children: places a probe that only a child has', async () => {
    const options = ['run', '--format', 'json', '--follow', 'children', '-p', `count ${WORKED}`];
    const { status, stderr } = await sidestep([...options, '--', '/bin/sh', '-c', `${tree} 1 2; exit 3`]);
    assert.equal(status, 3);
    assert.equal(parseJsonLines(stderr).summary.probes[0]?.hits, 3, stderr);
  });

  it('none: probes the program alone, and its children run on', async () => {
    const options = ['run', '--format', 'json', '--follow', 'none', '-p', `count ${WORKED}`];
    const { status, stderr } = await sidestep([...options, '--', tree, '3', '2']);
    assert.equal(status, 7);
    assert.equal(parseJsonLines(stderr).summary.probes[0]?.hits, 1);
  });

  it('refuses anything else', async () => {
    const { status, stderr } = await sidestep(['run', '--follow', 'parents', '--', tree, '0', '0']);
    assert.equal(status, 2);
    assert.match(stderr, /--follow must be none or children, not "parents"/);
  });
});
