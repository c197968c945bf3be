/**
 * How a thread's own copy of a module's thread-local variables is found (ELF Handling For Thread-Local Storage, §3.4.6,
 * variant II; the psABI's relocations, table 4.10). The executable's lies at a fixed distance below the thread pointer.
 * Of a shared library the dynamic linker alone knows; it leaves what it knows in the library's own relocated words.
 */
import { ByteReader } from '../../base/byteReader';
import { linkAddress } from '../../base/address';
import { type ThreadBlock } from '../model/model';
import { dynamicEntries } from './dynamic';
import { type ElfFile } from './elfFile';
import { PT } from './header';

const DT = { NEEDED: 1n, STRTAB: 5n, SYMTAB: 6n, RELA: 7n, RELASZ: 8n, STRSZ: 10n } as const;
const R_X86_64 = { DTPMOD64: 16, DTPOFF64: 17, TPOFF64: 18 } as const;
const RELA_BYTES = 24;
const SYMBOL_BYTES = 24;

/** Libraries of glibc, whose vector of a thread's blocks is known (see `language/compile/threadLocal`). */
const GLIBC = /^(?:libc\.so\.6|ld-linux-x86-64\.so\.2|libpthread\.so\.0)$/;

/** Undefined: nothing in the file tells. `isProgram`: it is what the kernel started, not a library. */
export function readThreadBlock(file: ElfFile, isProgram: boolean): ThreadBlock | undefined {
  const block = file.segments.find(({ type }) => type === PT.TLS);
  if (!block) return undefined;
  if (isProgram) {
    const alignment = Math.max(1, block.alignment);
    return { kind: 'fixed', offset: -BigInt(Math.ceil(block.memorySize / alignment) * alignment) };
  }
  return inLibrary(file);
}

function inLibrary(file: ElfFile): ThreadBlock | undefined {
  const dynamic = new Map<bigint, bigint>();
  const needed: bigint[] = [];
  for (const [tag, value] of dynamicEntries(file)) {
    if (tag === DT.NEEDED) needed.push(value);
    else dynamic.set(tag, value);
  }
  const bytesOf = (at: bigint | undefined, length: bigint) => bytesAt(file, Number(at ?? 0n), Number(length));
  const relocations = bytesOf(dynamic.get(DT.RELA), dynamic.get(DT.RELASZ) ?? 0n);
  if (!relocations) return undefined;
  const found = new Map<string, ThreadBlock>();
  const reader = new ByteReader(relocations, { file: file.path, section: 'the relocations' });
  const offsets = new Map<bigint, bigint>();
  const modules: { slot: bigint; symbol: number }[] = [];
  while (reader.end - reader.offset >= RELA_BYTES) {
    const slot = reader.u64();
    const type = reader.u32();
    const symbol = reader.u32();
    const addend = BigInt.asIntN(64, reader.u64());
    // Without a symbol it is about this very module; another's definition may take the place of a symbol.
    if (type === R_X86_64.TPOFF64 && symbol === 0) {
      found.set('offset', { kind: 'offset', slot: linkAddress(slot), addend });
    } else if (type === R_X86_64.DTPMOD64) modules.push({ slot, symbol });
    else if (type === R_X86_64.DTPOFF64) offsets.set(slot, addend);
  }
  const offset = found.get('offset');
  if (offset) return offset;
  if (!needed.some((at) => GLIBC.test(nameAt(at)))) return undefined;
  const own = modules.find(({ symbol }) => symbol === 0);
  if (own) return { kind: 'module', slot: linkAddress(own.slot) };
  for (const { slot, symbol } of modules) {
    const value = definedValue(symbol);
    const addend = offsets.get(slot + 8n);
    if (value === undefined || addend === undefined) continue;
    return {
      kind: 'module',
      slot: linkAddress(slot),
      expected: { slot: linkAddress(slot + 8n), value: value + addend },
    };
  }
  return undefined;

  function nameAt(at: bigint): string {
    const size = dynamic.get(DT.STRSZ) ?? 0n;
    const strings = at < size ? bytesOf((dynamic.get(DT.STRTAB) ?? 0n) + at, size - at) : undefined;
    const end = strings?.indexOf(0) ?? -1;
    return strings === undefined || end < 0 ? '' : Buffer.from(strings.subarray(0, end)).toString('latin1');
  }

  /** A symbol's offset in the module's block, if the module itself defines it. */
  function definedValue(symbol: number): bigint | undefined {
    const bytes = bytesOf((dynamic.get(DT.SYMTAB) ?? 0n) + BigInt(symbol * SYMBOL_BYTES), BigInt(SYMBOL_BYTES));
    if (!bytes) return undefined;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    return view.getUint16(6, true) === 0 ? undefined : view.getBigUint64(8, true);
  }
}

/** Bytes by their link-time address; undefined where the file has none there. */
function bytesAt(file: ElfFile, address: number, length: number): Uint8Array | undefined {
  const segment = file.segments.find(
    (each) => each.type === PT.LOAD && address >= each.address && address + length <= each.address + each.fileSize,
  );
  const at = segment && segment.offset + address - segment.address;
  return at === undefined || at + length > file.size ? undefined : file.read(at, length, 'the dynamic section');
}
