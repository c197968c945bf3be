import assert from 'node:assert/strict';
import { fixture, parseJsonLines, sidestep } from './commandLine';

/** What the program prints when nobody traces it. */
const ENDS = ['copy', 'shared', 'borrowed', 'silent', 'traced', 'forked'].map((what) => `${what} 700\n`).join('');

/** Its own call, and those of the three children that run in its memory. */
const OWN = 1 + 3 * 3;
/** Of two children with memory of their own, which are followed; the one that was to be untraced never is. */
const FOLLOWED = 2 * 3;

describe('children that are created with CLONE_UNTRACED', () => {
  for (const [how, flags] of [
    ['dynamically', ['-O0']],
    ['statically', ['-O0', '-static']],
  ] as const) {
    for (const [follow, hits] of [
      ['none', OWN],
      ['children', OWN + FOLLOWED],
    ] as const) {
      it(`end as they do without probes: linked ${how}, --follow ${follow}`, async () => {
        const program = fixture('untraced', flags);
        const args = ['run', '--follow', follow, '--format', 'json', '-p', 'count passed', '--', program];
        const { status, stdout, stderr } = await sidestep(args);
        assert.equal(stdout, ENDS);
        assert.equal(status, 0, stderr);
        assert.equal(parseJsonLines(stderr).summary.probes[0]?.hits, hits);
      });
    }
  }
});
