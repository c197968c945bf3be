import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { findMistakes } from '../../src/extension/probesMistakes';

describe('mistakes in a .probes text', () => {
  it('are none in the example', () => {
    const example = readFileSync(join(__dirname, '../../examples/server/example.probes'), 'utf8');
    assert.deepEqual(findMistakes(example), []);
  });

  it('are all found, each with its line and range', () => {
    const mistakes = findMistakes('# fine\nlgo main\n\ncount main\nlog main "{x"\r\nlog main hits many');
    assert.deepEqual(
      mistakes.map(({ line, start }) => [line, start]),
      [
        [1, 0],
        [4, 10],
        [5, 13],
      ],
    );
    assert.match(mistakes[0]?.message ?? '', /expected `log` or `count`/);
  });
});
