/**
 * LeakSanitizer stops all threads by ptrace(2) when the program ends, which is not possible in a program that is
 * traced: it ends with an error then, and what the program has not written out yet is lost. So the check is turned off
 * in what is launched, and what is attached to gets a warning. LSAN_OPTIONS is read by AddressSanitizer too, after its
 * own ASAN_OPTIONS.
 */
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { SidestepError } from '../../base/errors';
import { bringsLeakSanitizer, LEAK_CHECK, LEAK_SANITIZER_LIBRARY } from '../../debuginfo/leakSanitizer';
import { type Module } from '../code/module';
import { type Process } from '../processes/process';

const OFF = 'detect_leaks=0';

/** Which options say that it is wanted, or not. The last one counts. */
const SETTING = /\bdetect_leaks=(\w+)/g;

const VARIABLES = ['HWASAN_OPTIONS', 'ASAN_OPTIONS', 'LSAN_OPTIONS'];

/**
 * The variable that turns a program's leak check off; undefined if it has no such check, or the user has set the
 * option. `environment`: the program's, `NAME=value` each.
 */
export function withoutLeakCheck(
  program: string,
  environment: readonly string[],
): { readonly name: string; readonly value: string } | undefined {
  if (settingOf(environment) !== undefined || !brings(program, valueOf(environment, 'LD_PRELOAD') ?? ''))
    return undefined;
  const own = valueOf(environment, 'LSAN_OPTIONS');
  return { name: 'LSAN_OPTIONS', value: own === undefined || own === '' ? OFF : `${own}:${OFF}` };
}

/**
 * What to say where a program that is traced is going to check for leaks; undefined where it is not, as far as can be
 * seen.
 */
export function leakCheckWarning(process: Process, module: Module): string | undefined {
  if (!hasLeakSanitizer(module) || isOff(process.pid)) return undefined;
  return (
    `${process.label} checks for leaks when it ends (LeakSanitizer), which fails while it is traced: ` +
    `detach before it ends, or start it with LSAN_OPTIONS=${OFF}`
  );
}

function brings(program: string, preloaded: string): boolean {
  if (preloaded.split(/[ :]/).some((path) => LEAK_SANITIZER_LIBRARY.test(basename(path)))) return true;
  try {
    return bringsLeakSanitizer(program);
  } catch (error) {
    // A script, or a file that is not ours to read: the engine says what is wrong with it.
    if (error instanceof SidestepError) return false;
    throw error;
  }
}

function hasLeakSanitizer(module: Module): boolean {
  if (!module.isProgram) return LEAK_SANITIZER_LIBRARY.test(module.name);
  return module.readableImage?.symbolAddress(LEAK_CHECK) !== undefined;
}

function isOff(pid: number): boolean {
  try {
    const setting = settingOf(readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0'));
    return setting !== undefined && /^(0|no|false)$/.test(setting);
  } catch {
    // Gone, or not ours to read.
    return false;
  }
}

function settingOf(environment: readonly string[]): string | undefined {
  const options = VARIABLES.map((name) => valueOf(environment, name) ?? '').join(' ');
  return [...options.matchAll(SETTING)].at(-1)?.[1];
}

function valueOf(environment: readonly string[], name: string): string | undefined {
  return environment.find((variable) => variable.startsWith(`${name}=`))?.slice(name.length + 1);
}
