/** Containers as formatters show them, captured at the hit: what probes say, and what the program says of itself. */
import assert from 'node:assert/strict';
import { buildFixture } from '../fixtures/build';
import { standardLibrary } from '../language/visual/standardLibrary';
import { formattedMessages } from './formatted';
import { expected } from './messages';

const NAMES = ['numbers', 'names', 'chain', 'ages', 'nested', 'one', 'points', 'text'];

describe('containers of the C++ library', () => {
  for (const flags of [['-O0'], ['-O2'], ['-O2', '-gdwarf-4']]) {
    it(`read as the program prints them (${flags.join(' ')})`, async () => {
      const fixture = buildFixture('values/containers.cc', { flags });
      const place = `containers.cc:${fixture.line('show')}`;
      const probes = NAMES.map((name) => `log ${place} "${name} {${name}}"`);
      const { messages, stdout, warnings } = await formattedMessages(fixture.path, probes, standardLibrary);
      assert.deepEqual(warnings, []);
      assert.deepEqual(messages, expected(stdout));
      assert.equal(messages.length, 3 * NAMES.length);
    });
  }
});
