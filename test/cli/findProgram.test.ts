import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SidestepError } from '../../src/base/errors';
import { findProgram } from '../../src/cli/findProgram';
import { SCRATCH } from './commandLine';

describe('which program a name means', () => {
  const [first, second] = [join(SCRATCH, 'path', 'first'), join(SCRATCH, 'path', 'second')];

  before(() => {
    for (const [directory, mode] of [
      [first, 0o644],
      [second, 0o755],
    ] as const) {
      mkdirSync(join(directory, 'folder'), { recursive: true });
      writeFileSync(join(directory, 'program'), '#!/bin/sh\n');
      chmodSync(join(directory, 'program'), mode);
    }
  });

  it('with a slash it is a path', () => {
    assert.equal(findProgram('./program', second), './program');
    assert.equal(findProgram('/bin/sh', second), '/bin/sh');
  });

  it('without one it is the first executable file of that name in PATH', () => {
    assert.equal(findProgram('program', `${first}:${second}`), join(second, 'program'));
  });

  it('what is in no directory of PATH, or no file, is not found', () => {
    for (const name of ['folder', 'no-such-program']) {
      assert.throws(
        () => findProgram(name, `${first}:${second}`),
        (error) => error instanceof SidestepError && error.code === 'program-not-found' && error.message.includes(name),
      );
    }
  });
});
