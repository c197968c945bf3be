/** Whether a program is one for 64-bit x86, from the head of its ELF file (System V ABI, ELF header). */
import { closeSync, openSync, readSync } from 'node:fs';
import { withDescriptor } from './spareDescriptor';

const EI_CLASS = 4;
const ELFCLASS64 = 2;
const E_MACHINE = 18;
const EM_X86_64 = 62;

/** `head`: the file's first 20 bytes. `undefined`: no problem. */
export function wordSizeProblem(head: Uint8Array): 'not-elf' | 'not-64-bit' | undefined {
  if (head.length < 20 || Buffer.from(head.subarray(0, 4)).toString('latin1') !== '\x7fELF') return 'not-elf';
  const machine = head[E_MACHINE]! | (head[E_MACHINE + 1]! << 8);
  return head[EI_CLASS] === ELFCLASS64 && machine === EM_X86_64 ? undefined : 'not-64-bit';
}

/**
 * The file's first bytes; `undefined` where it is gone or may not be read (programs can be executable without being
 * readable).
 */
export function headOf(path: string | Buffer): Uint8Array | undefined {
  const head = Buffer.alloc(20);
  try {
    const fd = withDescriptor(() => openSync(path, 'r'));
    try {
      return head.subarray(0, readSync(fd, head));
    } finally {
      closeSync(fd);
    }
  } catch (thrown) {
    if (['EACCES', 'ENOENT', 'ESRCH', 'EPERM'].includes((thrown as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw thrown;
  }
}
