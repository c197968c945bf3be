/** Small ELF programs put together by hand: every field may lie. */
import { type Field, u16, u32, u64 } from '../assembler';

/** Bytes of some fields; large ones come as bytes. */
export type Piece = Field | Uint8Array;

export function bytes(...pieces: readonly Piece[]): Buffer {
  return Buffer.concat(pieces.map((piece) => (piece instanceof Uint8Array ? piece : Buffer.from(piece))));
}

/** `pieces`, over and over. */
export function repeated(count: number, ...pieces: readonly Piece[]): Buffer {
  const once = bytes(...pieces);
  return Buffer.alloc(once.length * count, once);
}

/** A 32-bit initial length before what it counts. */
export function sized(...pieces: readonly Piece[]): Buffer {
  const body = bytes(...pieces);
  return bytes(u32(body.length), body);
}

export interface Section {
  readonly name: string;
  readonly contents?: Uint8Array;
  /** SHT_PROGBITS unless it says otherwise. */
  readonly type?: number;
  readonly flags?: number;
  readonly address?: number | bigint;
  /** What the header claims, where that is not the truth. */
  readonly claimedSize?: number | bigint;
  readonly claimedOffset?: number | bigint;
  readonly link?: number;
}

export const CODE_ADDRESS = 0x40_1000;

/** _start calls work and exits with status 0; work, at {@link WORK}, returns. */
const CODE = bytes(
  [0xe8, 0x09, 0, 0, 0], // call work
  [0x31, 0xff], // xor edi, edi
  [0xb8, 60, 0, 0, 0], // mov eax, SYS_exit
  [0x0f, 0x05], // syscall
  [0x90, 0x90, 0x90, 0xc3], // work: nop, nop, nop, ret
);
export const WORK = CODE_ADDRESS + 14;
export const CODE_END = CODE_ADDRESS + CODE.length;

/** A program that runs, with these sections; the code is a section, too. */
export function program(sections: readonly Section[], more: { readonly segments?: readonly Field[] } = {}): Buffer {
  const all: Section[] = [{ name: '.text', contents: CODE, flags: 6, address: CODE_ADDRESS }, ...sections];
  const names = bytes([0], ...all.map(({ name }) => Buffer.from(`${name}\0`)), Buffer.from('.shstrtab\0'));
  all.push({ name: '.shstrtab', contents: names, type: 3 });
  const segments: readonly Field[] = [
    segment({ type: 1, flags: 5, offset: 0x1000, address: CODE_ADDRESS, size: CODE.length }),
    ...(more.segments ?? []),
  ];
  const headers = 64 + 56 * segments.length;
  // The code at a page of its own, what else there is behind it.
  const contents: Buffer[] = [Buffer.alloc(0x1000 - headers)];
  let at = 0x1000;
  let nameAt = 1;
  const table: Field[] = [new Array<number>(64).fill(0)];
  for (const section of all) {
    const body = section.contents ?? Buffer.alloc(0);
    table.push([
      ...u32(nameAt), // name
      ...u32(section.type ?? 1), // type
      ...u64(section.flags ?? 0), // flags
      ...u64(section.address ?? 0), // address
      ...u64(section.claimedOffset ?? at), // offset
      ...u64(section.claimedSize ?? body.length), // size
      ...u32(section.link ?? 0), // link
      ...u32(0), // info
      ...u64(1), // alignment
      ...u64(0), // size of entries
    ]);
    contents.push(Buffer.from(body));
    at += body.length;
    nameAt += section.name.length + 1;
  }
  const header = bytes(
    [0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0], // \x7fELF, 64-bit, little-endian, version 1
    u16(2), // type: executable
    u16(62), // machine
    u32(1), // version
    u64(CODE_ADDRESS), // entry
    u64(64), // program headers
    u64(at), // section table
    u32(0), // flags
    u16(64), // size of this header
    u16(56),
    u16(segments.length), // program headers: size, count
    u16(64),
    u16(table.length), // sections: size, count
    u16(table.length - 1), // section of section names
  );
  return Buffer.concat([header, ...segments.map((each) => Buffer.from(each)), ...contents, Buffer.from(table.flat())]);
}

/** A program header. */
export function segment(of: {
  readonly type: number;
  readonly flags: number;
  readonly offset: number;
  readonly address: number;
  readonly size: number;
}): Field {
  return [
    ...u32(of.type),
    ...u32(of.flags),
    ...u64(of.offset),
    ...u64(of.address),
    ...u64(of.address), // physical address
    ...u64(of.size), // in the file
    ...u64(of.size), // in memory
    ...u64(0x1000), // alignment
  ];
}
