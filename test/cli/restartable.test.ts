/** Probes in and around a restartable sequence (rseq(2)), which the kernel aborts whenever the thread stops in it. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { Image } from '../../src/debuginfo/image';
import { buildFixture } from '../fixtures/build';
import { parseJsonLines, sidestep } from './commandLine';
import { skip } from '../skip';

const [THREADS, ROUNDS] = [4, 2000];

const rseq = buildFixture('rseq.c', { flags: ['-O1', '-g0', '-pthread'] }).path;
const registered = spawnSync(rseq, ['1', '1']).status === 0;

/** Addresses of the function's instructions, by what its labels say. */
function instructions(): { readonly inside: readonly bigint[]; readonly outside: readonly bigint[] } {
  const image = Image.open(rseq);
  const [bump, enter, end] = ['bump', 'enter', 'sequence_end'].map((name) => BigInt(image.symbolAddress(name)!));
  const [aborted] = [BigInt(image.symbolAddress('aborted')!)];
  image.dispose();
  const listing = execFileSync('objdump', ['-d', '--no-show-raw-insn', '--disassemble=bump', rseq], {
    encoding: 'utf8',
  });
  const starts = [...listing.matchAll(/^ +([0-9a-f]+):/gm)].map(([, at]) => BigInt(`0x${at!}`));
  return { inside: starts.filter((at) => at >= enter! && at < end!), outside: [bump!, end!, aborted] };
}

describe('restartable sequences', () => {
  const { inside, outside } = instructions();

  it('are refused from the instruction on that leads into them', async () => {
    assert.equal(inside.length, 6);
    for (const at of inside) {
      const { stdout } = await sidestep(['sites', rseq, `*0x${at.toString(16)}`]);
      assert.match(stdout, /refused: the kernel aborts the restartable sequence/);
    }
    for (const at of outside) {
      const { stdout } = await sidestep(['sites', rseq, `*0x${at.toString(16)}`]);
      assert.match(stdout, /emulated$/m);
    }
  });

  it('count as refused', async () => {
    const { stdout } = await sidestep(['coverage', '--json', rseq]);
    const { reasons } = (JSON.parse(stdout) as { entries: { reasons: Record<string, number> } }).entries;
    assert.equal(reasons['restartable-sequence'], 1, 'of the labels, one is a function');
  });

  for (const at of inside) {
    it(`run refuses a probe at bump+${Number(at - outside[0]!)}`, async () => {
      const probe = `count rseq!bump+0x${(at - outside[0]!).toString(16)}`;
      const { status, stderr } = await sidestep(['run', '-p', probe, '--', rseq, '1', '1']);
      assert.equal(status, 2);
      assert.match(stderr, /can't be probed: the kernel aborts the restartable sequence/);
    });
  }

  it(`count right with probes around them`, async function () {
    if (!registered) skip(this, 'the C library has registered no restartable sequences');
    const probes = outside.flatMap((at) => ['-p', `count rseq!bump+0x${(at - outside[0]!).toString(16)}`]);
    const { status, stdout, stderr } = await sidestep([
      ...['run', ...probes, '--format', 'json', '--', rseq],
      ...[`${THREADS}`, `${ROUNDS}`],
    ]);
    assert.equal(status, 0, stderr);
    assert.equal(stdout, 'right\n');
    const [entered, committed, aborted] = parseJsonLines(stderr).summary.probes.map(({ hits }) => hits);
    assert.equal(committed, THREADS * ROUNDS);
    assert.equal(entered, committed + aborted!);
  });
});
