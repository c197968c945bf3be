/**
 * What the dynamic linker puts into which slot (gABI, chapter 4, "Relocation"; System V ABI x86-64, table 4.9), as far
 * as it is a function's address.
 */
import { type ElfFile } from './elfFile';

const RELA_SIZE = 24;
const R_X86_64 = { 64: 1, GLOB_DAT: 6, JUMP_SLOT: 7, RELATIVE: 8 } as const;
const SYMBOL_SIZE = 24;
const SHN_UNDEF = 0;

/** Link-time addresses of this file's own code and data that its slots will hold, by the slot's address. */
export function readSlots(file: ElfFile): ReadonlyMap<number, number> {
  const slots = new Map<number, number>();
  const symbols = viewOf(file, '.dynsym');
  for (const section of ['.rela.dyn', '.rela.plt']) {
    const relocations = viewOf(file, section);
    for (let at = 0; relocations && at + RELA_SIZE <= relocations.byteLength; at += RELA_SIZE) {
      const addend = Number(relocations.getBigInt64(at + 16, true));
      const type = relocations.getUint32(at + 8, true);
      const base = type === R_X86_64.RELATIVE ? 0 : valueOf(symbols, type, relocations.getUint32(at + 12, true));
      if (base !== undefined) slots.set(Number(relocations.getBigUint64(at, true)), base + addend);
    }
  }
  return slots;
}

function viewOf(file: ElfFile, section: string): DataView | undefined {
  const bytes = file.section(section) && file.sectionBytes(section);
  return bytes && new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** The value of a defined symbol, where the relocation takes one. */
function valueOf(symbols: DataView | undefined, type: number, index: number): number | undefined {
  const at = index * SYMBOL_SIZE;
  const takesSymbol = type === R_X86_64[64] || type === R_X86_64.GLOB_DAT || type === R_X86_64.JUMP_SLOT;
  if (!takesSymbol || !symbols || at + SYMBOL_SIZE > symbols.byteLength) return undefined;
  return symbols.getUint16(at + 6, true) === SHN_UNDEF ? undefined : Number(symbols.getBigUint64(at + 8, true));
}
