/**
 * Whether a process can load code that is not there yet: what tells a probe that waits for a plugin from one that is
 * misspelt. A program loads libraries by dlopen(3), so one of its modules must import it; glibc's own uses (NSS, iconv)
 * do not count.
 */
import { readFileSync } from 'node:fs';
import { type Module } from './module';
import { type Process } from './process';

/** As they end a name in .dynstr; a linker may let a longer name share its end, which only makes us wait in vain. */
const IMPORTS = ['dlopen\0', 'dlmopen\0'];

/** Names of what defines dlopen, or is it. */
const LOADERS = /^(ld-linux|libc\.so|libc-|libdl\.so|libdl-)/;

/** What {@link importsLoader} found; a file's code does not change while it is mapped. */
const known = new WeakMap<Module, boolean>();

export function canLoadCode(process: Process): boolean {
  // Without a dynamic linker there is nothing that would tell of it.
  if (process.modules.length < 2) return false;
  // Before its first instruction, only the program and its dynamic linker are mapped: the libraries are still to come.
  if (process.heldAtEntry !== undefined) return true;
  return process.modules.some((module) => !LOADERS.test(module.name) && importsLoader(module, process.pid));
}

function importsLoader(module: Module, pid: number): boolean {
  let imports = known.get(module);
  if (imports === undefined) {
    imports = readsAsLoader(module, pid);
    known.set(module, imports);
  }
  return imports;
}

function readsAsLoader(module: Module, pid: number): boolean {
  try {
    const bytes = readFileSync(`/proc/${pid}/root${module.path}`);
    return IMPORTS.some((name) => bytes.includes(name));
  } catch {
    // Deleted, or not ours to read: assume that it does, which only makes us wait.
    return true;
  }
}
