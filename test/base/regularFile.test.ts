import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { closeSync, mkdtempSync, readSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openRegularFile } from '../../src/base/regularFile';

describe('a file whose name another chose', () => {
  let folder: string;

  before(() => (folder = mkdtempSync(join(tmpdir(), 'sidestep-files-'))));
  after(() => rmSync(folder, { recursive: true }));

  it('is opened where it is a regular file, or a link to one', () => {
    const path = join(folder, 'file');
    const link = join(folder, 'link');
    writeFileSync(path, 'abc');
    symlinkSync(path, link);
    for (const name of [path, link]) {
      const { descriptor, status } = openRegularFile(name);
      assert.equal(status.size, 3);
      assert.equal(readSync(descriptor, Buffer.alloc(3)), 3);
      closeSync(descriptor);
    }
  });

  it('is refused where it is a directory', () => {
    assert.throws(() => openRegularFile(folder), /it is a directory, not a regular file/);
  });

  it('is refused where it is a FIFO, without waiting for its writer', () => {
    const path = join(folder, 'fifo');
    execFileSync('mkfifo', [path]);
    assert.throws(() => openRegularFile(path), /it is a FIFO, not a regular file/);
  });

  it('is refused where it is a device', () => {
    assert.throws(() => openRegularFile('/dev/zero'), /it is a device, not a regular file/);
  });

  it('is refused where it is a socket', async () => {
    const path = join(folder, 'socket');
    const server = createServer().listen(path);
    await new Promise((resolve) => server.once('listening', resolve));
    try {
      assert.throws(() => openRegularFile(path), /it is a socket, not a regular file/);
    } finally {
      server.close();
    }
  });

  it('throws what opening throws', () => {
    assert.throws(() => openRegularFile(join(folder, 'absent')), { code: 'ENOENT' });
  });
});
