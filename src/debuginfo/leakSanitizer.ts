/**
 * Whether a program brings LeakSanitizer, by itself or as a part of AddressSanitizer: by a symbol of their runtime
 * where it is linked statically (clang's default), by the library's name where it is not (gcc's).
 */
import { readNeeded } from './elf/dynamic';
import { ElfFile } from './elf/elfFile';
import { SymbolTable } from './elf/symbolTable';

/** lsan_interface.h: the check that the runtime makes when the program ends. */
export const LEAK_CHECK = '__lsan_do_leak_check';

/** libasan.so.8, liblsan.so.0, libclang_rt.asan-x86_64.so, libhwasan.so.0. */
export const LEAK_SANITIZER_LIBRARY = /^lib(clang_rt\.)?(asan|lsan|hwasan)\b/;

/** Only the file itself is looked at, not its libraries. Throws a SidestepError if it can't be read as ELF. */
export function bringsLeakSanitizer(path: string): boolean {
  const file = ElfFile.open(path);
  try {
    if (readNeeded(file).some((name) => LEAK_SANITIZER_LIBRARY.test(name))) return true;
    return (['.dynsym', '.symtab'] as const).some((section) => {
      const [symbol] = SymbolTable.of(file, section)?.named(LEAK_CHECK) ?? [];
      return symbol !== undefined;
    });
  } finally {
    file.dispose();
  }
}
