/**
 * Whether a process can get code that is not there yet: what tells a probe that waits for a plugin, or for the program
 * that a script becomes, from one that is misspelt. A program loads libraries by dlopen(3), so one of its modules must
 * import it; glibc's own uses (NSS, iconv) do not count.
 */
import { type Process } from '../processes/process';

/**
 * As they end a name in .dynstr; a linker may let a longer name share its end, in which case the probe waits for
 * nothing.
 */
const LOADING = ['dlopen\0', 'dlmopen\0'];

/** exec(3); posix_spawn(3), system(3) and popen(3) only start others. */
const BECOMING = [
  'execve\0',
  'execv\0',
  'execvp\0',
  'execvpe\0',
  'execl\0',
  'execlp\0',
  'execle\0',
  'fexecve\0',
  'execveat\0',
];

/** Names of what defines dlopen, or is it. */
const LOADERS = /^(ld-linux|libc\.so|libc-|libdl\.so|libdl-)/;

export function canLoadCode(process: Process): boolean {
  // Without a dynamic linker, no event would report it.
  if (process.modules.length < 2) return false;
  // Before its first instruction, only the program and its dynamic linker are mapped: the libraries are still to come.
  if (process.waitsAtEntry) return true;
  return imports(process, LOADING);
}

/** Whether it can become another program by exec, as a shell script does at its end, or start one by fork and exec. */
export function canBecomeAnother(process: Process): boolean {
  return imports(process, BECOMING);
}

/** A file that can't be read counts as importing it, which only makes us wait. */
function imports(process: Process, names: readonly string[]): boolean {
  return process.modules.some((module) => !LOADERS.test(module.name) && module.mentions(names));
}
