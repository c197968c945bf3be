/**
 * Where a byte of text comes from: what is left to find it by when the program has moved it. mremap(2) takes a page
 * along with what was written into it; programs that put their text into huge pages do that.
 */
import { type Mapping } from '../../contract/messages';

/** One byte of a file. */
export interface Origin {
  readonly device: string;
  readonly inode: number;
  readonly offset: number;
}

export function originOf(mapping: Mapping, address: number): Origin {
  const { device, inode, offset, start } = mapping;
  return { device, inode, offset: offset + address - Number(start) };
}

/** Every address at which the byte is mapped. */
export function addressesOf(origin: Origin, mappings: readonly Mapping[]): number[] {
  return mappings.flatMap(({ device, inode, offset, start, end, shared }) => {
    if (inode !== origin.inode || device !== origin.device || shared) return [];
    const address = Number(start) + origin.offset - offset;
    return origin.offset >= offset && address < Number(end) ? [address] : [];
  });
}
