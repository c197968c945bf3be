/**
 * How a thread's own copy of a module's thread-local variables is found (ELF Handling For Thread-Local Storage, §3.4.6,
 * variant II; the psABI's relocations, table 4.10). The executable's lies at a fixed distance below the thread pointer.
 * Of a shared library the dynamic linker alone knows; it leaves what it knows in the library's own relocated words.
 */
import { linkAddress } from '../../base/address';
import { type ThreadBlock } from '../model/model';
import { type ElfFile } from './elfFile';
import { PT } from './header';
import { R_X86_64, type RelocatedWords, type Relocation } from './relocatedWords';

/** Libraries of glibc, whose vector of a thread's blocks is known (see `language/compile/threadLocal`). */
const GLIBC = /^(?:libc\.so\.6|ld-linux-x86-64\.so\.2|libpthread\.so\.0)$/;

/** Undefined: nothing in the file tells. `isProgram`: it is what the kernel started, not a library. */
export function readThreadBlock(file: ElfFile, words: RelocatedWords, isProgram: boolean): ThreadBlock | undefined {
  const block = file.segments.find(({ type }) => type === PT.TLS);
  if (!block) return undefined;
  if (isProgram) {
    const alignment = Math.max(1, block.alignment);
    return { kind: 'fixed', offset: -BigInt(Math.ceil(block.memorySize / alignment) * alignment) };
  }
  return inLibrary(words);
}

/**
 * The offset in the module's block that `value` means. gcc has the linker write addresses for offsets into .debug_addr
 * (a plain R_X86_64_64 of the symbol; gcc 12 with -gsplit-dwarf): of the segment that the block is made from.
 */
export function offsetInBlock(file: ElfFile, value: bigint): bigint {
  const block = file.segments.find(({ type }) => type === PT.TLS);
  const within = block && value - BigInt(block.address);
  const isAddress = block && within !== undefined && within >= 0n && within < BigInt(block.memorySize);
  return isAddress && value >= BigInt(block.memorySize) ? within : value;
}

/** Words about the module itself; of symbols, whose place another module's may take, only where that can be checked. */
function inLibrary(words: RelocatedWords): ThreadBlock | undefined {
  const own = new Map<number, Relocation>();
  const pairs: Relocation[] = [];
  const offsets = new Map<bigint, bigint>();
  for (const relocation of words.relocations()) {
    const { type, slot, symbol, addend } = relocation;
    if (type === R_X86_64.DTPOFF64) offsets.set(slot, addend);
    else if (type === R_X86_64.DTPMOD64 && symbol !== 0) pairs.push(relocation);
    else if (symbol === 0 && !own.has(type)) own.set(type, relocation);
  }
  const offset = own.get(R_X86_64.TPOFF64);
  if (offset) return { kind: 'offset', slot: offset.slot, addend: offset.addend };
  const module = usesGlibc(words) ? own.get(R_X86_64.DTPMOD64) : undefined;
  if (module) return { kind: 'module', slot: module.slot };
  const descriptor = own.get(R_X86_64.TLSDESC);
  if (descriptor) return descriptorBlock(words, descriptor);
  if (!usesGlibc(words)) return undefined;
  for (const { slot, symbol } of pairs) {
    const named = words.symbol(symbol);
    const addend = offsets.get(slot + 8n);
    if (named?.isDefined !== true || addend === undefined) continue;
    const expected = { slot: linkAddress(slot + 8n), value: named.value + addend };
    return { kind: 'module', slot, expected };
  }
  return undefined;
}

/**
 * Where a thread has the variable of a symbol, by a word about it: as if the variable were a block of its own.
 * Undefined for words that don't tell. DTPOFF64 stands for the pair that it is the second word of.
 */
export function variableBlock(words: RelocatedWords, relocation: Relocation): ThreadBlock | undefined {
  const { slot, type, addend } = relocation;
  if (type === R_X86_64.TPOFF64) return { kind: 'offset', slot, addend };
  if (type === R_X86_64.TLSDESC) return descriptorBlock(words, relocation);
  const isSecond = type === R_X86_64.DTPOFF64 && usesGlibc(words);
  return isSecond ? { kind: 'pair', slot: linkAddress(slot - 8n), addend } : undefined;
}

function descriptorBlock(words: RelocatedWords, { slot, addend, entry }: Relocation): ThreadBlock {
  return { kind: 'descriptor', slot, addend, unresolved: entry, hasVector: usesGlibc(words) };
}

function usesGlibc(words: RelocatedWords): boolean {
  return words.needed().some((name) => GLIBC.test(name));
}
