/** Notes (gABI, chapter 5, "Note Section"): the build-id that ties a program to its separate debug file. */
import { ByteReader } from '../../base/byteReader';
import { type ElfFile } from './elfFile';
import { PT } from './header';

const NT_GNU_BUILD_ID = 3;
/** SHA-1 makes 20 bytes; --build-id=0x… allows any number. */
const MAX_BUILD_ID = 64;
/** Bytes of the largest note segment that is searched; those of programs have some hundred. */
const MAX_NOTES = 1 << 20;

/** The build-id in lower-case hex digits; undefined if the file has none. */
export function readBuildId(file: ElfFile): string | undefined {
  const section = file.section('.note.gnu.build-id') && file.sectionBytes('.note.gnu.build-id');
  if (section) {
    const id = findBuildId(new ByteReader(section, { file: file.path, section: '.note.gnu.build-id' }), 4);
    if (id !== undefined) return id;
  }
  for (const segment of file.segments) {
    if (segment.type !== PT.NOTE || segment.fileSize > MAX_NOTES) continue;
    if (segment.offset + segment.fileSize > file.size) continue;
    const bytes = file.read(segment.offset, segment.fileSize, 'a note segment');
    const alignment = segment.alignment === 8 ? 8 : 4;
    const id = findBuildId(new ByteReader(bytes, { file: file.path, section: 'a note segment' }), alignment);
    if (id !== undefined) return id;
  }
  return undefined;
}

function findBuildId(reader: ByteReader, alignment: number): string | undefined {
  while (reader.end - reader.offset >= 12) {
    const nameSize = reader.u32();
    const size = reader.u32();
    const type = reader.u32();
    const nameEnd = align(reader.offset + nameSize, alignment);
    const end = nameEnd + size;
    if (end > reader.end) return undefined;
    const name = Buffer.from(reader.bytes(nameSize)).toString('latin1');
    reader.offset = nameEnd;
    if (type === NT_GNU_BUILD_ID && name === 'GNU\0' && size > 1 && size <= MAX_BUILD_ID) {
      return Buffer.from(reader.bytes(size)).toString('hex');
    }
    reader.offset = Math.min(align(end, alignment), reader.end);
  }
  return undefined;
}

function align(offset: number, alignment: number): number {
  return Math.ceil(offset / alignment) * alignment;
}
