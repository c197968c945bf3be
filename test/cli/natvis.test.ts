import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildFixture } from '../fixtures/build';
import { SCRATCH, sidestep } from './commandLine';

describe('--natvis', function () {
  this.timeout(60_000);

  const file = (name: string, types: string): string => {
    mkdirSync(SCRATCH, { recursive: true });
    const path = join(SCRATCH, `${process.pid}-${name}.natvis`);
    writeFileSync(path, `<AutoVisualizer>${types}</AutoVisualizer>`);
    return path;
  };

  it("gives the user's types their texts, and says what is wrong with a file", async () => {
    const { path } = buildFixture('values/neighbours.cc', { flags: ['-std=c++20'] });
    const right = file('right', '<Type Name="shop::Item"><DisplayString>costs {price}</DisplayString></Type>');
    const wrong = file('wrong', '\n<Type Name="shop::Item"><DisplayString>{price</DisplayString></Type>');
    const probe = 'log neighbours "{item} ; {item,!}"';
    const { stderr, status } = await sidestep(['run', '--natvis', wrong, '--natvis', right, '-p', probe, '--', path]);
    assert.equal(status, 0, stderr);
    assert.match(stderr, /costs 4 ; \{kind = tea, price = 4\}/);
    assert.ok(stderr.includes(`${wrong}:2:40: expected \`}\` after \`{price\``), stderr);
  });
});
