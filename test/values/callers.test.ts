/**
 * Values that optimised code has in no place of their own: objects behind implicit pointers (DWARF 5 §2.6.1.1.4), and
 * parameters that are gone, by what the callers are described to pass (§2.5.1.7, §3.4).
 */
import assert from 'node:assert/strict';
import { buildFixture } from '../fixtures/build';
import { has } from '../debuginfo/compile';
import { messagesOf } from './messages';
import { skip } from '../skip';

const FILE = 'callers.c';

describe('values that optimised code has in no place', function () {
  this.timeout(60_000);

  for (const version of [4, 5]) {
    for (const split of [[], ['-gsplit-dwarf']]) {
      const flags = ['-O2', `-gdwarf-${version}`, ...split];
      const title = `DWARF ${version}${split.length > 0 ? ', split' : ''}`;

      it(`are followed through implicit pointers, ${title}`, async () => {
        const fixture = buildFixture(`values/${FILE}`, { flags });
        const probes = { '#sum': '= {pair->first} {pair->second} {*number} | {pair} | {pair->second + *number}' };
        const { told, right } = await messagesOf(fixture, { file: FILE, probes });
        if (split.length > 0) {
          // gcc 12 does not write what its implicit pointers in .dwo files point to.
          assert.match(told, /^= <[^>]+> <[^>]+> <[^>]+> \| <[^>]+> \| <[^>]+>$/m);
          return;
        }
        const lines = right.split('\n').slice(0, 2);
        const sums = lines.map((line) =>
          line
            .split(' ')
            .slice(1)
            .reduce((sum, each) => sum + Number(each), 0),
        );
        assert.deepEqual(
          told.split('\n'),
          lines.map((line, index) => `= ${line} | <implicit pointer> | ${sums[index]}`),
        );
      });

      it(`are what the caller passed, ${title}`, async () => {
        const fixture = buildFixture(`values/${FILE}`, { flags });
        const probes = { '#passed': '= {constant} {computed} {text}', '#jumps': 'jumps {from}' };
        const { told, right } = await messagesOf(fixture, { file: FILE, probes });
        const passed = right.split('\n').flatMap((line) => {
          const [, before, text] = /^(.*) (one|two)$/.exec(line) ?? [];
          return before === undefined ? [] : [`= ${before} "${text}"`];
        });
        assert.equal(passed.length, 5);
        const lines = told.split('\n');
        assert.deepEqual(
          lines.filter((line) => line.startsWith('= ')),
          passed,
        );
        // The call that `jumps` makes is a jump, and so may be one that enters it again.
        assert.deepEqual(
          lines.filter((line) => line.startsWith('jumps')),
          Array<string>(2).fill('jumps <optimized out>'),
        );
      });
    }
  }

  it("are right or missing in clang's programs", async function () {
    if (!has('clang')) skip(this, 'needs clang');
    const fixture = buildFixture(`values/${FILE}`, { flags: ['-O2'], compiler: 'clang' });
    const probes = { '#passed': '{constant} {computed} {text}' };
    const { told, right } = await messagesOf(fixture, { file: FILE, probes });
    const passed = right.split('\n').filter((line) => / (?:one|two)$/.test(line));
    const lines = told.split('\n');
    assert.equal(lines.length, passed.length);
    for (const [index, line] of lines.entries()) {
      const [constant, computed, text] = passed[index]!.split(' ');
      assert.match(line, new RegExp(`^${constant} (?:${computed}|<optimized out>) (?:"${text}"|<optimized out>)$`));
    }
  });
});
