/**
 * What this process has of its creator, for a program that is to have the same. Node hides most of it before its first
 * line of JavaScript runs: it sets the signal mask and the actions of signals 1 to 31 anew (PlatformInit in
 * src/node.cc), raises the limit on open files, closes descriptors on exec, and decodes arguments and environment as
 * UTF-8.
 *
 * - The `sidestep` command looks before Node does, and leaves a record in a memfd (scripts/launcher.ts). What it says
 *   is exact.
 * - Where Node was started without it, bytes are exact (proc(5)); descriptors are told from Node's own by what they
 *   are; ignored signals and the limit are those of the parent, unless that is a shell with job control, which ignores
 *   signals only for itself; blocked signals can't be known.
 */
import { closeSync, readFileSync, readlinkSync, readdirSync, readSync } from 'node:fs';
import { textOfBytes } from '../../base/byteText';
import { type Inheritance } from '../../contract/messages';

export interface Inherited extends Inheritance {
  /** Open descriptors above 2, ascending. */
  readonly descriptors: readonly number[];
  /** Whether the record says so; then none of them can be Node's own. */
  readonly isRecorded: boolean;
}

/** Name of the memfd, as /proc/PID/fd shows it. */
const RECORD = '/memfd:sidestep-inherited (deleted)';

/** The record: seven u64, then struct linux_dirent64 (getdents64(2)) of /proc/self/fd. */
const RecordField = { pid: 0, ignored: 8, blocked: 16, openFiles: 24, directory: 40, record: 48, entries: 56 } as const;
const EntryField = { length: 16, name: 19 } as const;

/** SIGQUIT is ignored by Bash, SIGPIPE and SIGXFSZ by Node and Python: for themselves, not for what they start. */
const IGNORED_BY_PARENTS: ReadonlySet<number> = new Set([3, 13, 25]);

/**
 * Arguments as text of their bytes: {@link textOfBytes}. `decoded`: those of process.argv, the last ones of the command
 * line.
 */
export function inheritedArguments(decoded: readonly string[]): readonly string[] {
  const raw = zeroTerminated('/proc/self/cmdline').slice(-decoded.length || Infinity);
  const areThose = raw.length === decoded.length && raw.every((bytes, at) => bytes.toString('utf8') === decoded[at]);
  return areThose ? raw.map(textOfBytes) : decoded;
}

/** `NAME=value` each, as text of their bytes, in their order. */
export function inheritedEnvironment(): readonly string[] {
  const raw = zeroTerminated('/proc/self/environ');
  if (raw.length > 0) return raw.map(textOfBytes);
  return Object.entries(process.env).map(([name, value]) => `${name}=${value ?? ''}`);
}

/** To be asked once, before anything is opened. */
export function inherited(): Inherited {
  const open = openDescriptors();
  const fd = open.find(({ target }) => target === RECORD)?.fd;
  const recorded = fd === undefined ? undefined : readRecord(fd);
  return recorded ?? guess(open.filter((each) => each.fd !== fd));
}

/** Of what an earlier program with the same number has left nothing counts. */
function readRecord(fd: number): Inherited | undefined {
  const chunks: Buffer[] = [];
  const chunk = Buffer.alloc(1 << 16);
  for (let at = 0, read; (read = readSync(fd, chunk, 0, chunk.length, at)) > 0; at += read) {
    chunks.push(Buffer.from(chunk.subarray(0, read)));
  }
  closeSync(fd);
  const bytes = Buffer.concat(chunks);
  if (bytes.length < RecordField.entries || bytes.readBigUInt64LE(RecordField.pid) !== BigInt(process.pid))
    return undefined;
  const own = [RecordField.directory, RecordField.record].map((field) => Number(bytes.readBigInt64LE(field)));
  const descriptors: number[] = [];
  for (let at = RecordField.entries; at < bytes.length; at += bytes.readUInt16LE(at + EntryField.length)) {
    const name = at + EntryField.name;
    const number = Number(bytes.toString('latin1', name, bytes.indexOf(0, name)));
    if (number > 2 && !own.includes(number)) descriptors.push(number);
  }
  return {
    isRecorded: true,
    descriptors: descriptors.sort((a, b) => a - b),
    ignoredSignals: signalsOf(bytes.readBigUInt64LE(RecordField.ignored)),
    blockedSignals: signalsOf(bytes.readBigUInt64LE(RecordField.blocked)),
    ...limitOf(bytes.readBigUInt64LE(RecordField.openFiles)),
  };
}

interface Descriptor {
  readonly fd: number;
  /** What /proc/self/fd links to. */
  readonly target: string;
  /** Of open(2). */
  readonly flags: number;
}

const O_NONBLOCK = 0o4000;
const O_CLOEXEC = 0o2000000;

function guess(open: readonly Descriptor[]): Inherited {
  const parent = readStatus(process.ppid);
  const isAlike = parent !== undefined && processGroup(process.ppid) === processGroup(process.pid);
  const ignored = isAlike ? signalsOf(BigInt(`0x${/^SigIgn:\s*(\w+)/m.exec(parent)?.[1] ?? '0'}`)) : [];
  return {
    isRecorded: false,
    descriptors: open.filter(isInherited(open)).map(({ fd }) => fd),
    ignoredSignals: ignored.filter((signal) => !IGNORED_BY_PARENTS.has(signal)),
    ...limitOf(openFilesOf(process.ppid)),
  };
}

/**
 * Node's own are those of its event loops: epoll, eventfd, io_uring, pipes to itself that don't block, and one that
 * does (the lock of its signal handlers, uv__signal_global_init), which is made just before one that doesn't.
 */
function isInherited(open: readonly Descriptor[]): (descriptor: Descriptor) => boolean {
  const pairs = open.filter(
    ({ fd, target, flags }) =>
      target.startsWith('pipe:') &&
      open.some(
        (other) => other.fd !== fd && other.target === target && (other.flags & O_NONBLOCK) === (flags & O_NONBLOCK),
      ),
  );
  const inode = ({ target }: Descriptor): number => Number(/\d+/.exec(target)?.[0]);
  const waking = pairs.filter(({ flags }) => (flags & O_NONBLOCK) !== 0).map(inode);
  const distance = (each: Descriptor): number => Math.min(...waking.map((other) => Math.abs(other - inode(each))));
  const [lock] = pairs.filter(({ flags }) => (flags & O_NONBLOCK) === 0).sort((a, b) => distance(a) - distance(b));
  const own = new Set(
    open
      .filter(
        (each) =>
          each.target.startsWith('anon_inode:') ||
          each.target === lock?.target ||
          (pairs.includes(each) && (each.flags & O_NONBLOCK) !== 0),
      )
      .map(({ fd }) => fd),
  );
  // What came with the process is closed on exec only up to 16, or without a gap (uv_disable_stdio_inheritance): what
  // follows Node has opened.
  const last = Math.max(16, ...own);
  return ({ fd, flags }) => !own.has(fd) && (fd < last || (flags & O_CLOEXEC) === 0);
}

function openDescriptors(): readonly Descriptor[] {
  const numbers = readdirSync('/proc/self/fd').map(Number);
  return numbers
    .filter((fd) => fd > 2)
    .sort((a, b) => a - b)
    .flatMap((fd) => {
      try {
        const flags = /^flags:\s*(\d+)/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'latin1'))?.[1];
        return [{ fd, target: readlinkSync(`/proc/self/fd/${fd}`), flags: parseInt(flags ?? '0', 8) }];
      } catch {
        // The directory that was just read.
        return [];
      }
    });
}

/** Bit n-1 stands for signal n. */
function signalsOf(mask: bigint): readonly number[] {
  return Array.from({ length: 64 }, (_, index) => index + 1).filter((signal) => (mask >> BigInt(signal - 1)) & 1n);
}

function limitOf(openFiles: bigint | undefined): Pick<Inheritance, 'openFiles'> {
  return openFiles === undefined || openFiles > BigInt(Number.MAX_SAFE_INTEGER) ? {} : { openFiles: Number(openFiles) };
}

/** The soft limit, where the hard one is this process's. */
function openFilesOf(pid: number): bigint | undefined {
  const limits = (of: number) => /^Max open files +(\S+) +(\S+)/m.exec(text(`/proc/${of}/limits`) ?? '') ?? [];
  const [, soft, hard] = limits(pid);
  const [, , ownHard] = limits(process.pid);
  return soft !== undefined && hard === ownHard && /^\d+$/.test(soft) ? BigInt(soft) : undefined;
}

function readStatus(pid: number): string | undefined {
  return text(`/proc/${pid}/status`);
}

/** Field 5 of /proc/PID/stat; the second one is a name that may hold blanks and parentheses. */
function processGroup(pid: number): string | undefined {
  const stat = text(`/proc/${pid}/stat`);
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[2];
}

/** `undefined`: it is not there, or not ours to read. */
function text(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return undefined;
  }
}

function zeroTerminated(path: string): readonly Buffer[] {
  const bytes = Buffer.from(text(path) ?? '', 'latin1');
  const parts: Buffer[] = [];
  for (let at = 0, end; at < bytes.length; at = end + 1) {
    end = bytes.indexOf(0, at);
    if (end < 0) end = bytes.length;
    parts.push(bytes.subarray(at, end));
  }
  return parts;
}
