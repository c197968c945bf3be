/** What a mapped file has where memory should have the same. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { type Mapping } from '../../contract/messages';

/**
 * The byte of the file at an address of its mapping; `undefined` where nothing is mapped from a file, or the file can't
 * be read. It may have been replaced under its name, so it is looked for through the process first (proc(5),
 * map_files).
 */
export function byteOfFile(pid: number, mapping: Mapping | undefined, address: number): number | undefined {
  if (mapping === undefined || mapping.inode === 0) return undefined;
  const { start, end, path } = mapping;
  const range = `${start.toString(16)}-${end.toString(16)}`;
  for (const candidate of [`/proc/${pid}/map_files/${range}`, `/proc/${pid}/exe`, `/proc/${pid}/root${path}`]) {
    const byte = byteAt(candidate, mapping.inode, mapping.offset + address - Number(start));
    if (byte !== undefined) return byte;
  }
  return undefined;
}

function byteAt(path: string, inode: number, offset: number): number | undefined {
  try {
    const fd = openSync(path, 'r');
    try {
      const byte = new Uint8Array(1);
      return fstatSync(fd).ino === inode && readSync(fd, byte, 0, 1, offset) === 1 ? byte[0] : undefined;
    } finally {
      closeSync(fd);
    }
  } catch {
    // Gone, or not ours to read: the next path is tried.
    return undefined;
  }
}
