/** /proc, as the kernel prints it. */
import assert from 'node:assert/strict';
import { address } from '../../../src/base/address';
import {
  auxiliaryVector,
  executableOf,
  parseMapping,
  readMappings,
  readStatus,
  signalSet,
  threadName,
  threadsOf,
} from '../../../src/engine/linux/proc';

const NOBODY = 4_194_303;

describe('/proc', () => {
  it('maps: a file', () => {
    const line = '7f0a1c228000-7f0a1c37d000 r-xp 00026000 fe:01 1835 /usr/lib/x86_64-linux-gnu/libc.so.6';
    assert.deepEqual(parseMapping(line), {
      start: address(0x7f0a1c228000n),
      end: address(0x7f0a1c37d000n),
      readable: true,
      writable: false,
      executable: true,
      shared: false,
      offset: 0x26000,
      device: 'fe:01',
      inode: 1835,
      path: '/usr/lib/x86_64-linux-gnu/libc.so.6',
      deleted: false,
    });
  });

  it('maps: names with spaces and line feeds, deleted files, none at all, the highest addresses', () => {
    const mapping = (path: string) => parseMapping(`1000-2000 ---s 00000000 00:00 0 ${path}`)!;
    assert.equal(mapping('/a b/c').path, '/a b/c');
    assert.equal(mapping('/a\\012b').path, '/a\nb');
    assert.deepEqual([mapping('/x (deleted)').path, mapping('/x (deleted)').deleted], ['/x', true]);
    assert.deepEqual([mapping('').path, mapping('').shared, mapping('').readable], ['', true, false]);
    const vsyscall = parseMapping(
      'ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0                  [vsyscall]',
    )!;
    assert.deepEqual([vsyscall.start, vsyscall.path], [0xffff_ffff_ff60_0000n, '[vsyscall]']);
    assert.equal(parseMapping(''), undefined);
  });

  it('of this process', () => {
    assert.equal(executableOf(process.pid), process.execPath);
    assert.ok(threadsOf(process.pid)!.includes(process.pid));
    assert.ok(threadName(process.pid)!.length > 0);
    const status = readStatus(process.pid)!;
    assert.equal(status.get('Pid'), `${process.pid}`);
    // Node ignores SIGPIPE (13).
    assert.equal((signalSet(status, 'SigIgn') >> 12n) & 1n, 1n);
    const { entry, base } = auxiliaryVector(process.pid)!;
    const holds = (at: bigint) => readMappings(process.pid)!.some(({ start, end }) => at >= start && at < end);
    assert.ok(holds(entry) && holds(base));
  });

  it('of a process that is gone', () => {
    for (const read of [threadsOf, readStatus, threadName, executableOf, auxiliaryVector, readMappings]) {
      assert.equal(read(NOBODY), undefined);
    }
  });
});
