/** What Sidestep uses of elfy, which ships no types. */
declare module 'elfy' {
  export interface ParsedHeader {
    readonly class: string;
    readonly phentsize: number;
    readonly phnum: number;
    readonly shentsize: number;
    readonly shnum: number;
    readonly shstrndx: number;
  }

  export interface ParsedSection {
    /** Offset in the section name table. */
    readonly name: number;
    readonly off: number;
    readonly size: number;
    readonly link: number;
  }

  export class Parser {
    setEndian(endian: 'lsb' | 'msb'): void;
    setWord(bytes: 4 | 8): void;
    parseHeader(header: Buffer): ParsedHeader;
    parseSection(entry: Buffer, header: { readonly class: string }, file: Buffer): ParsedSection;
  }

  export const constants: { readonly machine: Readonly<Record<number, string | undefined>> };
}
