/**
 * ELF's header and its tables of sections and segments (System V ABI, Edition 4.1, chapters 4 and 5). elfy reads what
 * it reads right: it is given the header and one section entry at a time, never the file. Read here instead are the
 * fields it gets wrong (alignment and entry size of 64-bit sections, the OS ABI), 64-bit numbers above 2^53, the counts
 * that don't fit their fields in the header, and segments, whose types it does not know.
 */
import { constants, Parser } from 'elfy';
import { type FileOffset, fileOffset } from '../../base/address';
import { ByteReader } from '../../base/byteReader';
import { hex } from '../../base/address';
import { SidestepError } from '../../base/errors';

const HEADER_SIZE = 64;
const SECTION_ENTRY_SIZE = 64;
const SEGMENT_ENTRY_SIZE = 56;

export const ET = { REL: 1, EXEC: 2, DYN: 3 } as const;
const EM_X86_64 = 62;
/** The kernel reads at most 64 KiB of program headers (load_elf_phdrs, fs/binfmt_elf.c). */
const MAX_SEGMENTS = Math.floor(0x1_0000 / 56);
/** Values that mean "look in section 0" (gABI, extended numbering). */
const SHN_XINDEX = 0xffff;
const PN_XNUM = 0xffff;

export const SHT = { SYMTAB: 2, STRTAB: 3, RELA: 4, NOTE: 7, NOBITS: 8, DYNSYM: 11 } as const;
export const SHF_ALLOC = 0x2;
export const SHF_EXECINSTR = 0x4;
export const SHF_COMPRESSED = 0x800;
export const PT = { LOAD: 1, DYNAMIC: 2, INTERP: 3, NOTE: 4, TLS: 7 } as const;
export const PF_X = 1;

/** Machines people meet, by e_machine; elfy's own names serve for the rest. */
const MACHINES = new Map<number, string>([
  [3, '32-bit x86'],
  [8, 'MIPS'],
  [20, '32-bit PowerPC'],
  [21, '64-bit PowerPC'],
  [22, 'IBM Z'],
  [40, '32-bit ARM'],
  [62, 'x86-64'],
  [183, '64-bit ARM (AArch64)'],
  [243, 'RISC-V'],
  [247, 'BPF'],
  [258, 'LoongArch'],
]);

export interface ElfHeader {
  /** ET_*: 1 relocatable, 2 executable, 3 shared, 4 core; debug files may have another type than their program. */
  readonly type: number;
  readonly entry: bigint;
  readonly sectionTable: FileOffset;
  readonly sectionCount: number;
  readonly sectionNames: number;
  readonly segmentTable: FileOffset;
  readonly segmentCount: number;
}

export interface ElfSection {
  /** In the section name table. */
  readonly nameOffset: number;
  readonly type: number;
  readonly flags: number;
  readonly address: number;
  readonly offset: FileOffset;
  readonly size: number;
  readonly link: number;
  readonly entrySize: number;
}

export interface ElfSegment {
  readonly type: number;
  readonly flags: number;
  readonly offset: FileOffset;
  readonly address: number;
  readonly fileSize: number;
  readonly memorySize: number;
  readonly alignment: number;
}

/** Reads `length` bytes of the file from `offset`; throws `malformed` if the file is shorter. */
export type ReadFile = (offset: number, length: number, what: string) => Uint8Array;

/** The header; throws `not-elf`, `wrong-architecture` or `malformed`. */
export function readHeader(read: ReadFile, size: number, file: string): ElfHeader {
  const place = { file };
  const start = size >= 4 ? read(0, Math.min(size, HEADER_SIZE), 'the ELF header') : new Uint8Array(0);
  if (start[0] !== 0x7f || start[1] !== 0x45 || start[2] !== 0x4c || start[3] !== 0x46) {
    throw new SidestepError('not-elf', `${file} is not an ELF file${describeStart(start)}`, {
      place,
      advice: 'Name a native Linux program or shared library.',
    });
  }
  if (size < 20) throw new ByteReader(start, place).malformed('the file is shorter than an ELF header', size);
  checkMachine(start, file);
  if (size < HEADER_SIZE) throw new ByteReader(start, place).malformed('the file is shorter than an ELF header', size);
  // elfy reads the identification and the 16- and 32-bit fields right.
  const header = new Parser().parseHeader(Buffer.from(start));
  const reader = new ByteReader(start, place);
  const type = reader.at(16).u16();
  const entry = reader.at(24).u64();
  const segmentTable = reader.at(32).size64();
  const sectionTable = reader.at(40).size64();
  let sectionCount = sectionTable === 0 ? 0 : header.shnum;
  let sectionNames = header.shstrndx;
  let segmentCount = header.phnum;
  if (sectionTable !== 0 && (sectionCount === 0 || sectionNames === SHN_XINDEX || segmentCount === PN_XNUM)) {
    const first = new ByteReader(read(sectionTable, SECTION_ENTRY_SIZE, 'the section table'), place);
    if (sectionCount === 0) sectionCount = first.at(32).size64();
    if (sectionNames === SHN_XINDEX) sectionNames = first.at(40).u32();
    if (segmentCount === PN_XNUM) segmentCount = first.at(44).u32();
  }
  if (sectionCount > 0 && header.shentsize !== SECTION_ENTRY_SIZE) {
    throw reader.malformed(`section table entries of ${header.shentsize} bytes are not 64-bit ELF's`, 58);
  }
  if (segmentCount > 0 && header.phentsize !== SEGMENT_ENTRY_SIZE) {
    throw reader.malformed(`program header entries of ${header.phentsize} bytes are not 64-bit ELF's`, 54);
  }
  return {
    type,
    entry,
    sectionTable: fileOffset(sectionTable),
    sectionCount,
    sectionNames,
    segmentTable: fileOffset(segmentTable),
    segmentCount,
  };
}

/** Sections in table order, entry 0 included so that indices fit. */
export function readSections(read: ReadFile, header: ElfHeader, file: string): ElfSection[] {
  if (header.sectionCount === 0) return [];
  const table = read(header.sectionTable, header.sectionCount * SECTION_ENTRY_SIZE, 'the section table');
  const parser = new Parser();
  // parseSection takes from the header only the class, and cuts section contents from the third argument: nothing.
  parser.setEndian('lsb');
  parser.setWord(8);
  const none = Buffer.alloc(0);
  const sections: ElfSection[] = [];
  for (let index = 0; index < header.sectionCount; index++) {
    const entry = Buffer.from(table.buffer, table.byteOffset + index * SECTION_ENTRY_SIZE, SECTION_ENTRY_SIZE);
    const parsed = parser.parseSection(entry, { class: '64' }, none);
    const at = header.sectionTable + index * SECTION_ENTRY_SIZE;
    const reader = new ByteReader(entry, { file });
    if (!Number.isSafeInteger(parsed.off) || !Number.isSafeInteger(parsed.size)) {
      throw new ByteReader(table, { file }).malformed(`section ${index} has an impossible offset or size`, at);
    }
    sections.push({
      nameOffset: parsed.name,
      type: reader.at(4).u32(),
      flags: Number(reader.at(8).u64() & 0xffff_ffffn),
      address: reader.at(16).number64(),
      offset: fileOffset(parsed.off),
      size: parsed.size,
      link: parsed.link,
      entrySize: reader.at(56).number64(),
    });
  }
  return sections;
}

export function readSegments(read: ReadFile, header: ElfHeader, file: string): ElfSegment[] {
  if (header.segmentCount === 0) return [];
  if (header.segmentCount > MAX_SEGMENTS) {
    throw new ByteReader(new Uint8Array(0), { file }).malformed(
      `${header.segmentCount} program headers are more than the kernel loads`,
      56,
    );
  }
  const bytes = read(header.segmentTable, header.segmentCount * SEGMENT_ENTRY_SIZE, 'the program headers');
  const reader = new ByteReader(bytes, { file, section: 'the program headers' });
  return Array.from({ length: header.segmentCount }, () => {
    const type = reader.u32();
    const flags = reader.u32();
    const offset = fileOffset(reader.size64());
    const address = reader.number64();
    reader.skip(8); // the physical address
    const fileSize = reader.size64();
    const memorySize = reader.size64();
    return { type, flags, offset, address, fileSize, memorySize, alignment: reader.number64() };
  });
}

function checkMachine(start: Uint8Array, file: string): void {
  const is64 = start[4] === 2;
  const isLittle = start[5] === 1;
  const machine = isLittle ? start[18]! | (start[19]! << 8) : (start[18]! << 8) | start[19]!;
  if (is64 && isLittle && machine === EM_X86_64) return;
  const name = MACHINES.get(machine) ?? constants.machine[machine] ?? `machine ${machine}`;
  const found = machine === EM_X86_64 && !is64 ? 'x86-64 with 32-bit pointers (x32)' : name;
  throw new SidestepError('wrong-architecture', `${file} is for ${found}; Sidestep probes 64-bit x86-64 programs`, {
    place: { file, offset: 18 },
  });
}

/** What a file that is not ELF seems to be. */
function describeStart(start: Uint8Array): string {
  if (start.length === 0) return ': it is empty or too short';
  if (start[0] === 0x23 && start[1] === 0x21) return ': it is a script (probe the interpreter that runs it)';
  return `: it starts with ${[...start.subarray(0, 4)].map((byte) => hex(byte)).join(' ')}`;
}
