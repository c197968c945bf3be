/**
 * Starting a program, traced from its first instruction. A sleeping process is started with the program's streams and
 * directory, by the engine or, where that is another user's, by the client; it is seized, and made to call execve
 * itself: arguments and environment are exactly what was asked for, no shell stands between, and a failing execve says
 * why.
 */
import { accessSync, constants, type Stats, statSync } from 'node:fs';
import { bytesOfText } from '../../base/byteText';
import { type ErrorCode, messageOf, SidestepError } from '../../base/errors';
import { type Requests } from '../../contract/messages';
import { checkStarter } from '../linux/client';
import { FOREVER_SECONDS } from '../linux/sleeper';
import { sleeper } from '../linux/sleeper';
import { become, notExecutable } from './become';
import { closeOnExec } from '../linux/descriptors';
import { areSame } from '../linux/kcmp';
import { systemCallError } from '../linux/errno';
import { libc } from '../linux/libc';
import { ProcessMemory } from '../linux/memory';
import { HELD_OPTIONS, type Ptrace, TraceOption } from '../tracing/ptrace';
import { Signal } from '../linux/signals';
import { type Move, spawn } from '../linux/spawn';
import { type Waiter } from '../tracing/wait';
import { kill } from '../linux/processes';
import { headOf, wordSizeProblem } from '../linux/elfClass';

type LaunchArguments = Requests['launch']['arguments'];

export interface Launched {
  readonly pid: number;
  readonly memory: ProcessMemory;
}

/** Starts the program; it is stopped before its first instruction. */
export function launch(ptrace: Ptrace, waiter: Waiter, wanted: LaunchArguments): Launched {
  const { program } = wanted;
  if (wanted.cwd !== undefined) checkDirectory(wanted.cwd);
  checkProgram(program, pathOf(wanted));
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
    // Not before: posix_spawn returns when the sleeper's own exec has released the old memory, but that exec may not
    // have ended yet.
    ptrace.setOptions(pid, options | TraceOption.exec);
    become(ptrace, waiter, pid, wanted);
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

/** Where the engine finds the program, which may be called by a path from the directory that it starts in. */
function pathOf({ program, cwd, starter }: LaunchArguments): Buffer {
  if (program.startsWith('/')) return bytesOfText(program);
  const directory = cwd ?? (starter === undefined ? '.' : `/proc/${starter}/cwd`);
  return bytesOfText(`${directory}/${program}`);
}

function startSleeper({ cwd, stdio, descriptors = [] }: LaunchArguments): number {
  const pid = spawn(sleeper(), ['sidestep-launch', FOREVER_SECONDS], {
    stdio,
    descriptors,
    ...(cwd !== undefined && { cwd }),
  });
  for (const move of descriptors) forget(move);
  return pid;
}

/**
 * From now on only the program has it: the reader of a pipe waits for its end. This process may have it under the
 * program's number, too, from its own creator.
 */
function forget([own, other]: Move): void {
  if (areSame(own, other)) libc.close(other);
  libc.close(own);
}

function checkDirectory(cwd: string): void {
  if (!look(bytesOfText(cwd), cwd, 'launch-failed')?.isDirectory()) {
    throw new SidestepError('launch-failed', `the working directory ${cwd} does not exist`, { place: { file: cwd } });
  }
}

/** What would make execve fail is said beforehand, in better words. */
function checkProgram(program: string, path: Buffer): void {
  const place = { file: program };
  const status = look(path, program, 'program-not-found');
  if (status === undefined) {
    throw new SidestepError('program-not-found', `${program} does not exist`, { place });
  }
  if (!status.isFile()) throw notExecutable(program, 'it is not a file');
  try {
    accessSync(path, constants.X_OK);
  } catch (cause) {
    throw new SidestepError('program-not-executable', `${program} can't be executed: it has no execute permission`, {
      place,
      advice: `Compile it, or, if it is a program, run: chmod +x ${program}`,
      cause,
    });
  }
  const head = headOf(path);
  if (head === undefined || (head[0] === 0x23 && head[1] === 0x21)) return;
  const problem = wordSizeProblem(head);
  if (problem === 'not-elf') throw notExecutable(program, 'it is neither an ELF program nor a script with #!');
  if (problem === 'not-64-bit') {
    throw new SidestepError('not-64-bit', `${program} is not a 64-bit x86 program`, { place });
  }
}

/** stat(2); `undefined` where nothing is there. */
function look(path: Buffer, name: string, code: ErrorCode): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch (cause) {
    throw new SidestepError(code, `${name} can't be examined: ${messageOf(cause)}`, {
      place: { file: name },
      cause,
    });
  }
}
