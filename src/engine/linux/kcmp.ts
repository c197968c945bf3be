/** kcmp(2): whether what two processes have is one object of the kernel. */
import { libc } from './libc';

const SYS_KCMP = 312;
const KCMP_FILE = 0;
const KCMP_VM = 1;

/** Whether two processes share their memory (CLONE_VM). `undefined` where the kernel can't say. */
export function sharesMemory(a: number, b: number): boolean | undefined {
  const order = libc.syscall(SYS_KCMP, a, b, KCMP_VM, 0, 0);
  return order < 0 ? undefined : order === 0;
}

/** Whether two descriptors of this process are one open file; false where the kernel can't say. */
export function areSame(a: number, b: number): boolean {
  return libc.syscall(SYS_KCMP, process.pid, process.pid, KCMP_FILE, a, b) === 0;
}
