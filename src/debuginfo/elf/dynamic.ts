/**
 * The dynamic section (gABI, chapter 5, "Dynamic Section"), as far as it tells a position-independent program from a
 * shared library.
 */
import { ByteReader } from '../../base/byteReader';
import { SidestepError } from '../../base/errors';
import { type ElfFile } from './elfFile';
import { ET, PT } from './header';

const DT = { NULL: 0n, NEEDED: 1n, SONAME: 14n, FLAGS_1: 0x6ffffffbn } as const;
const DF_1_PIE = 0x08000000n;

/**
 * What the file is to the dynamic linker; throws `unsupported` if it can't be run. Old linkers don't mark programs:
 * then one that names an interpreter and no library name is one.
 */
export function imageKind(file: ElfFile): 'executable' | 'pie' | 'sharedObject' {
  const { type } = file.header;
  if (type === ET.EXEC) return 'executable';
  if (type !== ET.DYN) {
    const found = type === ET.REL ? 'an object file that is not linked yet' : `an ELF file of type ${type}`;
    throw new SidestepError('unsupported', `${file.path} is ${found}, not a program or shared library`, {
      place: { file: file.path },
    });
  }
  let hasName = false;
  for (const [tag, value] of dynamicEntries(file)) {
    if (tag === DT.FLAGS_1 && value & DF_1_PIE) return 'pie';
    if (tag === DT.SONAME) hasName = true;
  }
  return !hasName && file.segments.some(({ type }) => type === PT.INTERP) ? 'pie' : 'sharedObject';
}

/** The program interpreter's path (PT_INTERP). */
export function readInterpreter(file: ElfFile): string | undefined {
  const segment = file.segments.find(({ type }) => type === PT.INTERP);
  if (!segment) return undefined;
  return new ByteReader(file.read(segment.offset, segment.fileSize, 'the interpreter name'), {
    file: file.path,
    section: 'the interpreter name',
  }).cstring();
}

/** Names of the libraries that the dynamic linker loads with it (DT_NEEDED), in their order. */
export function readNeeded(file: ElfFile): readonly string[] {
  const names = file.sectionBytes('.dynstr');
  if (!names) return [];
  const needed = [...dynamicEntries(file)].filter(([tag, offset]) => tag === DT.NEEDED && offset < names.length);
  return needed.map(([, offset]) => {
    const start = Number(offset);
    const end = names.indexOf(0, start);
    return Buffer.from(names.subarray(start, end < 0 ? undefined : end)).toString('utf8');
  });
}

/** Tags and values, up to DT_NULL. */
export function* dynamicEntries(file: ElfFile): IterableIterator<readonly [bigint, bigint]> {
  const segment = file.segments.find(({ type }) => type === PT.DYNAMIC);
  if (!segment || segment.offset + segment.fileSize > file.size) return;
  const reader = new ByteReader(file.read(segment.offset, segment.fileSize, 'the dynamic section'), {
    file: file.path,
  });
  while (reader.end - reader.offset >= 16) {
    const tag = reader.u64();
    if (tag === DT.NULL) return;
    yield [tag, reader.u64()];
  }
}
