/**
 * Whether a process can get code that is not there yet: what tells a probe that waits for a plugin, or for the program
 * that a script becomes, from one that is misspelt. A program loads libraries by dlopen(3), so one of its modules must
 * import it; glibc's own uses (NSS, iconv) do not count.
 */
import { closeSync, readFileSync } from 'node:fs';
import { openRegularFile } from '../../base/regularFile';
import { type Module } from '../code/module';
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

/** What {@link mentions} found; a file's code does not change while it is mapped. */
const known = new WeakMap<Module, Map<readonly string[], boolean>>();

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

function imports(process: Process, names: readonly string[]): boolean {
  return process.modules.some((module) => !LOADERS.test(module.name) && mentions(module, process.pid, names));
}

function mentions(module: Module, pid: number, names: readonly string[]): boolean {
  const found = known.get(module) ?? new Map<readonly string[], boolean>();
  known.set(module, found);
  let answer = found.get(names);
  if (answer === undefined) {
    answer = reads(module, pid, names);
    found.set(names, answer);
  }
  return answer;
}

function reads(module: Module, pid: number, names: readonly string[]): boolean {
  try {
    const { descriptor } = openRegularFile(`/proc/${pid}/root${module.path}`);
    try {
      const bytes = readFileSync(descriptor);
      return names.some((name) => bytes.includes(name));
    } finally {
      closeSync(descriptor);
    }
  } catch {
    // Deleted, or not ours to read: assume that it does, which only makes us wait.
    return true;
  }
}
