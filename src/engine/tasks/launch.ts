/**
 * Starting a program, traced from its first instruction. A sleeping process is started with the program's streams and directory, by the
 * engine or, where that is another user's, by the client; it is seized, and made to call execve itself: arguments and environment are
 * exactly what was asked for, no shell stands between, and a failing execve says why.
 */
import { accessSync, constants, type Stats, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { type ErrorCode, messageOf, SidestepError } from '../../base/errors';
import { type Requests } from '../../contract/messages';
import { checkStarter } from '../client';
import { FOREVER_SECONDS, sleeper } from '../pipe/doorbell';
import { Injection } from './injection';
import { closeOnExec } from '../linux/descriptors';
import { Errno, errnoText, systemCallError } from '../linux/errno';
import { ProcessMemory } from '../linux/memory';
import { HELD_OPTIONS, type Ptrace, TraceOption } from '../linux/ptrace';
import { Signal } from '../linux/signals';
import { spawn } from '../linux/spawn';
import { kill, type Waiter } from '../linux/wait';
import { headOf, wordSizeProblem } from './wordSize';

type LaunchArguments = Requests['launch']['arguments'];

const SYS_MMAP = 9;
const SYS_EXECVE = 59;
const PROT_READ_WRITE = 3;
const MAP_PRIVATE_ANONYMOUS = 0x22;

export interface Launched {
  readonly pid: number;
  readonly memory: ProcessMemory;
}

/** Starts the program; it is stopped before its first instruction. */
export function launch(ptrace: Ptrace, waiter: Waiter, wanted: LaunchArguments): Launched {
  const program = resolve(wanted.cwd, wanted.program);
  checkDirectory(wanted.cwd);
  checkProgram(program);
  closeOnExec();
  checkStarter(wanted.starter);
  const pid = wanted.starter ?? startSleeper(wanted);
  let isToEnd = wanted.starter === undefined;
  try {
    const options = TraceOption.sysGood | TraceOption.exitKill;
    const failure = ptrace.seize(pid, options) || ptrace.interrupt(pid);
    if (failure !== 0) throw systemCallError('PTRACE_SEIZE', failure, { pid });
    waiter.waitFor(pid);
    // Its number could have become another process's; it can't any more.
    checkStarter(wanted.starter);
    isToEnd = true;
    // Not before: posix_spawn returns when the sleeper's own exec has let go of the old memory, but that exec may not have ended yet.
    ptrace.setOptions(pid, options | TraceOption.exec);
    execute(new Injection(ptrace, waiter, pid), pid, program, wanted);
    const memory = ProcessMemory.open(pid);
    if (memory === undefined) throw new SidestepError('launch-failed', `${program} was killed at its start`);
    ptrace.setOptions(pid, HELD_OPTIONS);
    return { pid, memory };
  } catch (error) {
    if (isToEnd) {
      kill(pid, Signal.SIGKILL);
      waiter.waitFor(pid);
    } else ptrace.detach(pid, 0);
    throw error;
  }
}

function startSleeper({ cwd, stdio }: LaunchArguments): number {
  return spawn(sleeper(), ['sidestep-launch', FOREVER_SECONDS], { cwd, stdio });
}

function execute(injection: Injection, pid: number, program: string, wanted: LaunchArguments): void {
  const argv = [wanted.program, ...wanted.args];
  const envp = Object.entries(wanted.env).map(([name, value]) => `${name}=${value}`);
  const size = layOut(program, argv, envp, 0).block.length;
  const mapped = injection.call(SYS_MMAP, 0, size, PROT_READ_WRITE, MAP_PRIVATE_ANONYMOUS, -1, 0);
  const base = 'returned' in mapped ? mapped.returned : -Errno.ESRCH;
  if (base < 0) throw launchFailed(program, -base);
  const { block, argvAt, envpAt } = layOut(program, argv, envp, base);
  const memory = ProcessMemory.open(pid);
  const failure = memory?.write(base, block) ?? Errno.ESRCH;
  memory?.close();
  if (failure !== 0) throw launchFailed(program, failure);
  const result = injection.call(SYS_EXECVE, base, argvAt, envpAt);
  if ('returned' in result) throw launchFailed(program, -result.returned);
  if (result.stopped?.kind !== 'exec') {
    throw new SidestepError('launch-failed', `${program} ended before its first instruction`);
  }
}

/** The path, the strings and the two arrays of pointers that execve(2) takes, as they are to lie from `base` on. */
function layOut(
  program: string,
  argv: readonly string[],
  envp: readonly string[],
  base: number,
): { readonly block: Buffer; readonly argvAt: number; readonly envpAt: number } {
  const strings = [program, ...argv, ...envp].map((text) => Buffer.from(`${text}\0`, 'utf8'));
  const offsets: number[] = [];
  let end = 0;
  for (const text of strings) {
    offsets.push(end);
    end += text.length;
  }
  const argvOffset = (end + 7) & ~7;
  const envpOffset = argvOffset + 8 * (argv.length + 1);
  const block = Buffer.alloc(envpOffset + 8 * (envp.length + 1));
  Buffer.concat(strings).copy(block);
  argv.forEach((_, index) => block.writeBigUInt64LE(BigInt(base + offsets[1 + index]!), argvOffset + 8 * index));
  envp.forEach((_, index) => {
    block.writeBigUInt64LE(BigInt(base + offsets[1 + argv.length + index]!), envpOffset + 8 * index);
  });
  return { block, argvAt: base + argvOffset, envpAt: base + envpOffset };
}

function checkDirectory(cwd: string): void {
  if (!look(cwd, 'launch-failed')?.isDirectory()) {
    throw new SidestepError('launch-failed', `the working directory ${cwd} does not exist`, { place: { file: cwd } });
  }
}

/** What would make execve fail is said beforehand, in better words. */
function checkProgram(program: string): void {
  const place = { file: program };
  const status = look(program, 'program-not-found');
  if (status === undefined) {
    throw new SidestepError('program-not-found', `${program} does not exist`, { place });
  }
  if (!status.isFile()) throw notExecutable(program, 'it is not a file');
  try {
    accessSync(program, constants.X_OK);
  } catch (cause) {
    throw new SidestepError('program-not-executable', `${program} can't be executed: it has no execute permission`, {
      place,
      advice: `Compile it, or if it is a program: chmod +x ${program}`,
      cause,
    });
  }
  const head = headOf(program);
  if (head === undefined || (head[0] === 0x23 && head[1] === 0x21)) return;
  const problem = wordSizeProblem(head);
  if (problem === 'not-elf') throw notExecutable(program, 'it is neither an ELF program nor a script with #!');
  if (problem === 'not-64-bit') {
    throw new SidestepError('not-64-bit', `${program} is not a 64-bit x86 program`, { place });
  }
}

/** stat(2); `undefined` where nothing is there. */
function look(path: string, code: ErrorCode): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch (cause) {
    throw new SidestepError(code, `${path} can't be looked at: ${messageOf(cause)}`, { place: { file: path }, cause });
  }
}

function notExecutable(program: string, why: string): SidestepError {
  return new SidestepError('program-not-executable', `${program} can't be executed: ${why}`, {
    place: { file: program },
  });
}

function launchFailed(program: string, errno: number): SidestepError {
  if (errno === Errno.ENOEXEC) return notExecutable(program, 'the kernel does not know its format');
  if (errno === Errno.EACCES) return notExecutable(program, errnoText(errno));
  return new SidestepError('launch-failed', `${program} can't be started: ${errnoText(errno)}`, {
    place: { file: program },
  });
}
