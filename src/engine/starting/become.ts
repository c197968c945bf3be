/**
 * A stopped process becomes the program: it is made to call execve itself, after it has been given what the program is
 * to have of its creator (signal(7), "Execution of signal handlers"; sigprocmask(2), getrlimit(2): ignored and blocked
 * signals and limits outlive execve).
 */
import { bytesOfText } from '../../base/byteText';
import { SidestepError } from '../../base/errors';
import { type Inheritance, type Requests } from '../../contract/messages';
import { Errno, errnoText } from '../linux/errno';
import { hardLimitOnFiles } from '../linux/limits';
import { ProcessMemory } from '../linux/memory';
import { type Ptrace } from '../tracing/ptrace';
import { signalBits } from '../linux/signals';
import { type Waiter } from '../tracing/wait';
import { RemoteSyscalls } from './remoteSyscalls';

const SYS_MMAP = 9;
const SYS_RT_SIGACTION = 13;
const SYS_EXECVE = 59;
const SYS_PRLIMIT64 = 302;
const PROT_READ_WRITE = 3;
const MAP_PRIVATE_ANONYMOUS = 0x22;

const RLIMIT_NOFILE = 7;
const SIG_IGN = 1n;
const SIGSET_BYTES = 8;

/** For what a system call reads, in bytes: struct sigaction is the longest. */
const OPERAND_BYTES = 32;

type Wanted = Requests['launch']['arguments'];

/**
 * `pid`: in a ptrace-stop, traced with {@link TraceOption.exec} and sysGood; it stops for exec. Throws `launch-failed`,
 * `program-not-executable`.
 */
export function become(ptrace: Ptrace, waiter: Waiter, pid: number, wanted: Wanted): void {
  const { program, argv0 = program, args, env } = wanted;
  const injection = new RemoteSyscalls(ptrace, waiter, pid);
  const strings = [program, argv0, ...args, ...env].map(bytesOfText);
  const size = OPERAND_BYTES + layOut(strings, args.length + 1, 0).block.length;
  const mapped = injection.call(SYS_MMAP, 0, size, PROT_READ_WRITE, MAP_PRIVATE_ANONYMOUS, -1, 0);
  const operand = 'returned' in mapped ? mapped.returned : -Errno.ESRCH;
  if (operand < 0) throw launchFailed(program, -operand);
  const { block, argvAt, envpAt } = layOut(strings, args.length + 1, operand + OPERAND_BYTES);
  const memory = ProcessMemory.open(pid);
  try {
    const failure = memory?.write(operand + OPERAND_BYTES, block) ?? Errno.ESRCH;
    if (failure !== 0) throw launchFailed(program, failure);
    const write = (...words: readonly bigint[]): void => {
      memory?.write(operand, Buffer.from(BigUint64Array.from(words).buffer));
    };
    inherit(injection, wanted, operand, write);
  } finally {
    memory?.close();
  }
  ptrace.getSignalMask(pid)?.replace(signalBits(wanted.blockedSignals ?? []));
  ptrace.setSignalMask(pid);
  const result = injection.call(SYS_EXECVE, operand + OPERAND_BYTES, argvAt, envpAt);
  if ('returned' in result) throw launchFailed(program, -result.returned);
  if (result.stopped?.kind !== 'exec') {
    throw new SidestepError('launch-failed', `${program} ended before its first instruction`);
  }
}

/** `operand`: an address that `write` fills with words. */
function inherit(
  injection: RemoteSyscalls,
  { ignoredSignals = [], openFiles }: Inheritance,
  operand: number,
  write: (...words: readonly bigint[]) => void,
): void {
  // The kernel's struct sigaction: handler, flags, restorer, mask.
  write(SIG_IGN, 0n, 0n, 0n);
  for (const signal of ignoredSignals) injection.call(SYS_RT_SIGACTION, signal, operand, 0, SIGSET_BYTES);
  if (openFiles === undefined) return;
  // struct rlimit: soft and hard.
  write(BigInt(openFiles), hardLimitOnFiles());
  injection.call(SYS_PRLIMIT64, 0, RLIMIT_NOFILE, operand, 0);
}

const NUL = Buffer.alloc(1);

/**
 * The strings, the first of which is the path, and the two arrays of pointers that execve(2) takes, as they are to lie
 * from `base` on.
 */
function layOut(
  strings: readonly Buffer[],
  argumentCount: number,
  base: number,
): { readonly block: Buffer; readonly argvAt: number; readonly envpAt: number } {
  const addresses: number[] = [];
  let end = 0;
  for (const text of strings) {
    addresses.push(base + end);
    end += text.length + 1;
  }
  const argvOffset = (end + 7) & ~7;
  const envpOffset = argvOffset + 8 * (argumentCount + 1);
  const block = Buffer.alloc(envpOffset + 8 * (strings.length - argumentCount));
  Buffer.concat(strings.flatMap((text) => [text, NUL])).copy(block);
  addresses.slice(1).forEach((address, index) => {
    const at = index < argumentCount ? argvOffset + 8 * index : envpOffset + 8 * (index - argumentCount);
    block.writeBigUInt64LE(BigInt(address), at);
  });
  return { block, argvAt: base + argvOffset, envpAt: base + envpOffset };
}

export function notExecutable(program: string, why: string): SidestepError {
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
