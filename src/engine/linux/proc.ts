/** /proc/PID (proc(5)), parsed. A process can be gone at any time: readers return `undefined` then. */
import { readFileSync, readdirSync, readlinkSync, type Stats, statSync } from 'node:fs';
import { address } from '../../base/address';
import { type Mapping } from '../../contract/messages';
import { withDescriptor } from './spareDescriptor';

/** Threads of a process, in no certain order. A directory that changes while it is read may miss some. */
export function threadsOf(pid: number): readonly number[] | undefined {
  return attempt(() => readdirSync(`/proc/${pid}/task`).map(Number));
}

/** The fields of /proc/PID/status (also of a thread's, by its tid) by their names. */
export function readStatus(pid: number): ReadonlyMap<string, string> | undefined {
  const text = attempt(() => readFileSync(`/proc/${pid}/status`, 'latin1'));
  if (text === undefined) return undefined;
  return new Map(
    text.split('\n').map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon), line.slice(colon + 1).trim()];
    }),
  );
}

/** Whether a thread is a zombie or dead, by its {@link readStatus}: it has a number, but no memory or registers. */
export function hasEnded(status: ReadonlyMap<string, string>): boolean {
  return /^[ZX]/.test(status.get('State') ?? 'Z');
}

/** A signal set of /proc/PID/status such as SigBlk, bit n-1 for signal n. */
export function signalSet(status: ReadonlyMap<string, string>, field: string): bigint {
  return BigInt(`0x${status.get(field) ?? '0'}`);
}

/** The number of the processor that a thread last ran on. */
export function processorOf(tid: number): number | undefined {
  const text = attempt(() => readFileSync(`/proc/${tid}/stat`, 'latin1'));
  // Field 39; the second one is a name that may hold blanks and parentheses.
  return text === undefined ? undefined : Number(text.slice(text.lastIndexOf(')') + 2).split(' ')[36]);
}

/** The letter for what a thread does: R runs or could, t is stopped by a tracer (proc(5)). `undefined`: it is gone. */
export function stateOf(pid: number, tid: number): string | undefined {
  return statOf(pid, tid)?.[0];
}

/** A traced thread that is stopped. */
export interface Stop {
  /** The signal that wait4(2) has yet to report to its tracer; 0 if there is none. */
  readonly untold: number;
  /** `undefined`: it may not be known. */
  readonly rip: number | undefined;
}

/** `undefined`: the thread runs, or is gone. */
export function stopOf(pid: number, tid: number): Stop | undefined {
  const fields = statOf(pid, tid);
  if (fields?.[0] !== 't') return undefined;
  const place = attempt(() => readFileSync(`/proc/${pid}/task/${tid}/syscall`, 'latin1'));
  const rip = place?.trimEnd().split(' ').at(-1);
  return { untold: Number(fields[49]), rip: rip?.startsWith('0x') === true ? Number(rip) : undefined };
}

/** The fields of /proc/PID/task/TID/stat from the third one on. */
function statOf(pid: number, tid: number): readonly string[] | undefined {
  const text = attempt(() => readFileSync(`/proc/${pid}/task/${tid}/stat`, 'latin1'));
  // The second one is a name that may hold blanks and parentheses.
  return text?.slice(text.lastIndexOf(')') + 2).split(' ');
}

/** The processes that a process traces, by their leaders. */
export function tracedBy(tracer: number): readonly number[] {
  const pids = readdirSync('/proc').flatMap((name) => (/^\d+$/.test(name) ? [Number(name)] : []));
  return pids.filter((pid) => Number(readStatus(pid)?.get('TracerPid')) === tracer);
}

/** The thread's name, as prctl(PR_SET_NAME) set it. */
export function threadName(tid: number): string | undefined {
  return attempt(() => readFileSync(`/proc/${tid}/comm`, 'utf8').trimEnd());
}

/** What the process runs, as /proc/PID/exe says; kernel threads have nothing. */
export function executableOf(pid: number): string | undefined {
  return attempt(() => readlinkSync(`/proc/${pid}/exe`));
}

/** What is known of the file that the process runs. */
export function executableStatus(pid: number): Stats | undefined {
  return attempt(() => statSync(`/proc/${pid}/exe`));
}

/** Where the program and its dynamic linker were put: AT_ENTRY and AT_BASE of the auxiliary vector (getauxval(3)). */
export function auxiliaryVector(pid: number): { readonly entry: bigint; readonly base: bigint } | undefined {
  const bytes = attempt(() => readFileSync(`/proc/${pid}/auxv`));
  if (!bytes?.length) return undefined;
  const values = new Map<bigint, bigint>();
  for (let at = 0; at + 16 <= bytes.length; at += 16)
    values.set(bytes.readBigUInt64LE(at), bytes.readBigUInt64LE(at + 8));
  const AT_BASE = 7n;
  const AT_ENTRY = 9n;
  return { entry: values.get(AT_ENTRY) ?? 0n, base: values.get(AT_BASE) ?? 0n };
}

/** The memory map of the process that `tid` belongs to; a leader that has exited has none, its living threads do. */
export function readMappings(tid: number): readonly Mapping[] | undefined {
  const text = attempt(() => readFileSync(`/proc/${tid}/maps`, 'utf8'));
  return text === '' ? undefined : text?.split('\n').flatMap((line) => parseMapping(line) ?? []);
}

const MAPPING = /^([0-9a-f]+)-([0-9a-f]+) (.)(.)(.)(.) ([0-9a-f]+) ([0-9a-f]+:[0-9a-f]+) (\d+) *(.*)$/;
const DELETED = ' (deleted)';

/** One line of /proc/PID/maps, as task_mmu.c prints it. */
export function parseMapping(line: string): Mapping | undefined {
  const match = MAPPING.exec(line);
  if (!match) return undefined;
  // Every group of the pattern takes part in every match; the defaults are for the compiler.
  const [, start = '', end = '', r, w, x, s, offset = '', device = '', inode, path = ''] = match;
  const deleted = path.endsWith(DELETED);
  return {
    start: address(BigInt(`0x${start}`)),
    end: address(BigInt(`0x${end}`)),
    readable: r === 'r',
    writable: w === 'w',
    executable: x === 'x',
    shared: s === 's',
    offset: parseInt(offset, 16),
    device,
    inode: Number(inode),
    path: (deleted ? path.slice(0, -DELETED.length) : path).replaceAll('\\012', '\n'),
    deleted,
  };
}

const EXPECTED = new Set(['ENOENT', 'ESRCH', 'EACCES', 'EPERM']);

/** The value, unless the process is gone or may not be looked at. */
function attempt<T>(read: () => T): T | undefined {
  try {
    return withDescriptor(read);
  } catch (thrown) {
    if (EXPECTED.has((thrown as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw thrown;
  }
}
