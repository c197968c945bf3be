/**
 * Whether a process can load code that is not there yet: what tells a probe that waits for a plugin from one that is misspelt.
 * A program loads libraries by dlopen(3), so one of its modules must import it; glibc's own uses (NSS, iconv) do not count.
 */
import { readFileSync } from 'node:fs';
import { type Module } from '../session/module';
import { type Process } from '../session/process';

/** As they end a name in .dynstr; a linker may let a longer name share its end, which only makes us wait in vain. */
const IMPORTS = ['dlopen\0', 'dlmopen\0'];

/** Names of what defines dlopen, or is it. */
const LOADERS = /^(ld-linux|libc\.so|libc-|libdl\.so|libdl-)/;

export function canLoadCode(process: Process): boolean {
  return process.modules.some((module) => !LOADERS.test(module.name) && importsLoader(module, process.pid));
}

function importsLoader(module: Module, pid: number): boolean {
  try {
    const bytes = readFileSync(`/proc/${pid}/root${module.path}`);
    return IMPORTS.some((name) => bytes.includes(name));
  } catch {
    // Deleted, or not ours to read: assume that it does, which only makes us wait.
    return true;
  }
}
