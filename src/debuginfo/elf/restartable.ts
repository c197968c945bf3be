/**
 * Restartable sequences (rseq(2)): instructions that the kernel lets a thread execute undisturbed on one processor, or
 * else sends it to the sequence's abort handler. Programs describe them by struct rseq_cs (include/uapi/linux/rseq.h)
 * in the section `__rseq_cs`, and list those in `__rseq_cs_ptr_array`, which is how debuggers find them (librseq,
 * rseq-abi.h; tcmalloc does the same).
 */
import { ByteReader } from '../../base/byteReader';
import { OverlapLimit } from '../../base/overlapLimit';
import { type ElfFile } from './elfFile';
import { ET, PT, SHF_ALLOC, SHT } from './header';

/** From the first instruction to the end of the one that commits; link-time addresses. */
export interface AddressRange {
  readonly start: number;
  readonly end: number;
}

const DESCRIPTORS = '__rseq_cs';
const POINTERS = '__rseq_cs_ptr_array';

/** struct rseq_cs: u32 version and flags, u64 start_ip, post_commit_offset and abort_ip; aligned to its size. */
const DESCRIPTOR_BYTES = 32;
const START = 8;
const LENGTH = 16;
const POINTER_BYTES = 8;
/** Where user space ends (x86-64, four levels of page tables). */
const MAX_ADDRESS = 2 ** 47;

/** Elf64_Rela: u64 r_offset and r_info, i64 r_addend. */
const RELA_BYTES = 24;
const R_X86_64_RELATIVE = 8n;

/** In ascending order. Throws `malformed`. */
export function readRestartableSequences(file: ElfFile): readonly AddressRange[] {
  if (file.section(DESCRIPTORS) === undefined && file.section(POINTERS) === undefined) return [];
  const memory = new LinkedMemory(file);
  const places = new Set([...placesIn(file, DESCRIPTORS, DESCRIPTOR_BYTES)]);
  for (const place of placesIn(file, POINTERS, POINTER_BYTES)) places.add(memory.word(place) ?? 0);
  return [...places]
    .flatMap((place) => {
      const [start, length] = [memory.word(place + START), memory.word(place + LENGTH)];
      return start && length ? [{ start, end: start + length }] : [];
    })
    .sort((a, b) => a.start - b.start);
}

/** Addresses of a section's items, which lie in the file as in memory. */
function* placesIn(file: ElfFile, name: string, bytes: number): Iterable<number> {
  const section = file.section(name);
  if (section === undefined || section.type === SHT.NOBITS) return;
  if (section.offset + section.size > file.size || section.address + section.size > MAX_ADDRESS) {
    throw new ByteReader(new Uint8Array(0), { file: file.path, section: name }).malformed(
      'it lies outside the file or outside what a program can address',
      0,
    );
  }
  const first = Math.ceil(section.address / bytes) * bytes;
  for (let at = first; at + bytes <= section.address + section.size; at += bytes) yield at;
}

/** Words of a file as the dynamic linker leaves them, for a program that lies where it was linked. */
class LinkedMemory {
  readonly #file: ElfFile;
  readonly #relocated: ReadonlyMap<number, number>;

  constructor(file: ElfFile) {
    this.#file = file;
    this.#relocated = file.header.type === ET.DYN ? relativeRelocations(file) : new Map<number, number>();
  }

  /** Undefined where the file has none. */
  word(address: number): number | undefined {
    const relocated = this.#relocated.get(address);
    if (relocated !== undefined) return relocated;
    const segment = this.#file.segments.find(
      (each) =>
        each.type === PT.LOAD && address >= each.address && address + POINTER_BYTES <= each.address + each.fileSize,
    );
    if (segment === undefined) return undefined;
    const bytes = this.#file.read(segment.offset + address - segment.address, POINTER_BYTES, 'a restartable sequence');
    return new ByteReader(bytes, { file: this.#file.path }).number64();
  }
}

/** What R_X86_64_RELATIVE puts where. Relocations that are packed (SHT_RELR) find it there already. */
function relativeRelocations(file: ElfFile): ReadonlyMap<number, number> {
  const relocated = new Map<number, number>();
  const limit = new OverlapLimit({ file: file.path, section: 'a section of relocations' }, file.size);
  for (const [index, { type, flags, offset, size }] of file.sections.entries()) {
    if (type !== SHT.RELA || (flags & SHF_ALLOC) === 0) continue;
    limit.read(index, size);
    const reader = new ByteReader(file.read(offset, size, 'relocations'), { file: file.path, section: 'relocations' });
    while (reader.end - reader.offset >= RELA_BYTES) {
      const at = reader.number64();
      const kind = reader.u64();
      const value = reader.number64();
      if (kind === R_X86_64_RELATIVE) relocated.set(at, value);
    }
  }
  return relocated;
}
