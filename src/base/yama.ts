/** Yama, the security module that restricts ptrace (Documentation/admin-guide/LSM/Yama.rst). */
import { readFileSync } from 'node:fs';

/**
 * The value of /proc/sys/kernel/yama/ptrace_scope: `0` (classic rules) to `3` (no attach at all). `0` where the kernel
 * has no Yama. Throws what reading throws otherwise.
 */
export function ptraceScope(): string {
  try {
    return readFileSync('/proc/sys/kernel/yama/ptrace_scope', 'latin1').trim();
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return '0';
    throw thrown;
  }
}
