/**
 * The processes that can be attached to, read from /proc (proc(5)), and for those that can't, why: the rules are those
 * of ptrace(2), "Ptrace access mode checking".
 */
import { closeSync, openSync, readFileSync, readSync, readdirSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';

export interface RunningProcess {
  readonly pid: number;
  /** The name of its main thread: up to 15 bytes, the program's unless it renamed itself. */
  readonly name: string;
  readonly commandLine: string;
  readonly user: string;
  readonly own: boolean;
  /** Clock ticks between the system's start and its own. */
  readonly started: number;
  /** Why it can't be attached to; undefined if no obstacle is known. */
  readonly obstacle: string | undefined;
}

const ELFCLASS32 = 1;

/** This process's own. */
export function ownViewpoint(): TracerRights {
  return { proc: '/proc', uid: userInfo().uid, pid: process.pid };
}

/** Who asks, and where /proc is; tests replace both. */
export interface TracerRights {
  readonly proc: string;
  readonly uid: number;
  readonly pid: number;
  /** Whether the engine will run as root. */
  readonly isElevated?: boolean;
}

/** All user-space processes but this one: those of this user first, then the last started first. */
export function listProcesses(viewpoint: TracerRights): RunningProcess[] {
  const { uid, isElevated = uid === 0 } = viewpoint;
  const rules: Rules = { uid, isElevated, scope: ptraceScope(viewpoint), userName: userNames() };
  return readdirSync(viewpoint.proc)
    .filter((name) => /^\d+$/.test(name) && Number(name) !== viewpoint.pid)
    .map((name) => readProcess(Number(name), viewpoint.proc, rules))
    .filter((found) => found !== undefined)
    .sort((a, b) => Number(b.own) - Number(a.own) || b.started - a.started || b.pid - a.pid);
}

/** The conditions that hold for all processes. */
interface Rules {
  readonly uid: number;
  readonly isElevated: boolean;
  /** kernel.yama.ptrace_scope */
  readonly scope: number;
  readonly userName: (uid: number) => string;
}

function readProcess(pid: number, proc: string, rules: Rules): RunningProcess | undefined {
  const file = (name: string): string => readFileSync(join(proc, String(pid), name), 'utf8');
  try {
    const commandLine = file('cmdline').split('\0').join(' ').trim();
    if (commandLine === '') return undefined; // a kernel thread, or a zombie
    const status = parseStatus(file('status'));
    const owner = Number(status.get('Uid')?.split('\t')[0]);
    const tracer = Number(status.get('TracerPid'));
    return {
      pid,
      name: status.get('Name') ?? '',
      commandLine,
      user: rules.userName(owner),
      own: owner === rules.uid,
      started: startTime(file('stat')),
      obstacle: obstacle(owner, tracer, rules) ?? foreignProgram(join(proc, String(pid), 'exe')),
    };
  } catch {
    return undefined; // it ended while it was looked at
  }
}

/** `Name:\tvalue` lines. */
function parseStatus(text: string): Map<string, string> {
  return new Map(
    text.split('\n').map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon), line.slice(colon + 1).trim()];
    }),
  );
}

/** Field 22 of stat. Field 2, the name, may hold blanks and parentheses: count from the last parenthesis. */
function startTime(stat: string): number {
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[22 - 3]);
}

function obstacle(owner: number, tracer: number, { uid, isElevated, scope, userName }: Rules): string | undefined {
  if (tracer !== 0) return `already traced by process ${tracer}`;
  if (scope >= 3) return `kernel.yama.ptrace_scope is ${scope}: no process may attach`;
  if (isElevated) return undefined;
  if (owner !== uid) return `belongs to ${userName(owner)}`;
  return scope > 0 ? `kernel.yama.ptrace_scope is ${scope}: only root may attach` : undefined;
}

/** Sidestep does not trace 32-bit programs; byte 4 of an ELF file is its class, 32 or 64 bits. */
function foreignProgram(executable: string): string | undefined {
  let descriptor: number;
  try {
    descriptor = openSync(executable, 'r');
  } catch {
    return undefined; // another user's: nothing can be said of it
  }
  const start = Buffer.alloc(5);
  readSync(descriptor, start);
  closeSync(descriptor);
  return start[4] === ELFCLASS32 ? 'a 32-bit program' : undefined;
}

/** The kernel's setting; without the Yama module the effect is that of 0. */
function ptraceScope({ proc }: TracerRights): number {
  try {
    return Number(readFileSync(join(proc, 'sys/kernel/yama/ptrace_scope'), 'utf8'));
  } catch {
    return 0;
  }
}

/** Names from passwd(5); the number, where there is no name. */
function userNames(): (uid: number) => string {
  const names = new Map<number, string>();
  for (const line of readFileSync('/etc/passwd', 'utf8').split('\n')) {
    const [name, , uid] = line.split(':');
    if (name !== undefined && uid !== undefined) names.set(Number(uid), name);
  }
  return (uid) => names.get(uid) ?? String(uid);
}
