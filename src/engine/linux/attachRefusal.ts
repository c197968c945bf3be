/**
 * Why the kernel would not let the engine trace a process (ptrace(2), "Ptrace access mode checking"), and what helps.
 */
import { SidestepError } from '../../base/errors';
import { ptraceScope } from '../../base/yama';
import { clientOfAnotherUser } from './client';
import { executableOf, hasEnded, readStatus, threadName } from './proc';
import { withDescriptor } from './spareDescriptor';

const CAP_SYS_PTRACE = 1n << 19n;

/** The process that gives the engine its orders. */
const CLIENT = clientOfAnotherUser()?.pid ?? process.ppid;

/** Tells what each value of /proc/sys/kernel/yama/ptrace_scope forbids (Documentation/admin-guide/LSM/Yama.rst). */
const YAMA_SCOPES: Readonly<Record<string, { readonly forbids: string; readonly advice: string }>> = {
  '1': {
    forbids: 'only an ancestor of a process may trace it',
    advice:
      'Start the program through Sidestep, start its engine as root (--elevate sudo, in launch.json "elevate": "sudo"), ' +
      'or allow it until the next boot: sudo sysctl kernel.yama.ptrace_scope=0',
  },
  '2': {
    forbids: 'only an administrator may trace processes',
    advice:
      'Start Sidestep\'s engine as root (--elevate sudo, in launch.json "elevate": "sudo"), ' +
      'or allow it until the next boot: sudo sysctl kernel.yama.ptrace_scope=0',
  },
  '3': {
    forbids: 'no process may be traced, and only a reboot can change that',
    advice: 'Set kernel.yama.ptrace_scope to 0 in /etc/sysctl.d and reboot.',
  },
};

/** What makes it impossible for anybody; `undefined` if nothing does. */
export function impossibility(pid: number): SidestepError | undefined {
  const status = readStatus(pid);
  if (status === undefined)
    return new SidestepError('process-not-found', `there is no process ${pid}`, { place: { pid } });
  if (pid === process.pid || pid === CLIENT) return refuse(pid, status, 'it is Sidestep itself');
  // A leader that has ended is a zombie too, while its process lives on in other threads.
  if (hasEnded(status) && Number(status.get('Threads')) <= 1) {
    const parent = status.get('PPid') ?? '?';
    return refuse(pid, status, `it has ended, and its parent, process ${parent}, has not collected its status yet`);
  }
  if (isKernelThread(pid, status)) return refuse(pid, status, 'it is a kernel thread');
  const tracer = Number(status.get('TracerPid'));
  // A leader that has ended can't be released: the engine is still its tracer when it attaches to the process again.
  if (tracer === 0 || tracer === process.pid) return undefined;
  const name = threadName(tracer) ?? '?';
  return refuse(
    pid,
    status,
    `process ${tracer} (${name}) already traces it, and a process can have only one tracer`,
    `End that debugger or tracer first: kill ${tracer}`,
  );
}

/** What keeps this user from it, once the kernel has said EPERM; `undefined` if the process is gone. */
export function denial(pid: number): SidestepError | undefined {
  const status = readStatus(pid);
  const self = ownStanding();
  if (status === undefined || self === undefined) return undefined;
  const [reason, advice] = explainDenial(self, {
    owners: status.get('Uid')?.split('\t').slice(0, 3) ?? [],
    capabilities: BigInt(`0x${status.get('CapPrm') ?? '0'}`),
    isReadable: executableOf(pid) !== undefined,
  });
  return refuse(pid, status, reason, advice);
}

/** Why not even a process that the engine has started itself can be traced. */
export function helplessness(): SidestepError {
  const self = ownStanding();
  const own = { owners: [], capabilities: 0n, isReadable: true };
  const [reason, advice] = self === undefined ? [UNSEEN, UNSEEN_ADVICE] : explainDenial(self, own);
  return new SidestepError('attach-refused', `no process can be traced here: ${reason}`, { advice });
}

/** The engine itself, as far as it matters to the kernel. */
export interface Standing {
  /** Effective user id. */
  readonly user: string;
  readonly capabilities: bigint;
  /** Whether a seccomp filter decides on its system calls. */
  readonly isFiltered: boolean;
  /** /proc/sys/kernel/yama/ptrace_scope; `0` where there is no Yama. */
  readonly yamaScope: string;
}

/** The process that is to be traced. */
export interface Candidate {
  /** Its real, effective and saved user ids. */
  readonly owners: readonly string[];
  readonly capabilities: bigint;
  /** Whether its program can be looked at: prctl(2), PR_SET_DUMPABLE. */
  readonly isReadable: boolean;
}

/** Reason and advice, for an EPERM: the checks in the kernel's own order. */
export function explainDenial(self: Standing, target: Candidate): readonly [reason: string, advice: string] {
  const isPrivileged = (self.capabilities & CAP_SYS_PTRACE) !== 0n;
  if (!isPrivileged) {
    const isForeign = target.owners.some((uid) => uid !== self.user);
    if (isForeign && self.user !== '0') {
      return [`it belongs to user ${target.owners[0] ?? '?'}, Sidestep runs as user ${self.user}`, AS_ROOT];
    }
    if ((target.capabilities & ~self.capabilities) !== 0n || isForeign) {
      return self.user === '0'
        ? ['Sidestep runs as root, but without the capability CAP_SYS_PTRACE', IN_CONTAINER]
        : ['it has capabilities that Sidestep lacks (capabilities(7))', AS_ROOT];
    }
    if (!target.isReadable) {
      const why = 'it has protected itself (prctl PR_SET_DUMPABLE, or its program is set-user-id or not readable)';
      return [why, AS_ROOT];
    }
  }
  const yama = isPrivileged && self.yamaScope !== '3' ? undefined : YAMA_SCOPES[self.yamaScope];
  if (yama) return [`Yama's ptrace_scope is ${self.yamaScope}: ${yama.forbids}`, yama.advice];
  if (self.isFiltered) return ['a seccomp filter forbids Sidestep to trace', IN_CONTAINER];
  return [UNSEEN, UNSEEN_ADVICE];
}

function ownStanding(): Standing | undefined {
  const status = readStatus(process.pid);
  return (
    status && {
      user: status.get('Uid')?.split('\t')[1] ?? '?',
      capabilities: BigInt(`0x${status.get('CapEff') ?? '0'}`),
      isFiltered: status.get('Seccomp') !== '0',
      yamaScope: withDescriptor(ptraceScope),
    }
  );
}

/** Nothing that a process can read of another explains it. */
const UNSEEN = 'a security module (AppArmor, SELinux) or the sandbox that Sidestep runs in forbids it';
const UNSEEN_ADVICE = 'The log says which: sudo journalctl -k -g denied';

const AS_ROOT = 'Start its engine as root: --elevate sudo, in launch.json "elevate": "sudo".';
const IN_CONTAINER =
  'Containers forbid tracing by default: start this one with --cap-add=SYS_PTRACE (docker, podman), or run Sidestep outside it.';

function refuse(pid: number, status: ReadonlyMap<string, string>, reason: string, advice?: string): SidestepError {
  return new SidestepError(
    'attach-refused',
    `can't attach to process ${pid} (${status.get('Name') ?? '?'}): ${reason}`,
    {
      place: { pid },
      ...(advice !== undefined && { advice }),
    },
  );
}

/** Linux 6.8 says so in `Kthread`; before, kernel threads are those without memory and program. */
function isKernelThread(pid: number, status: ReadonlyMap<string, string>): boolean {
  const kthread = status.get('Kthread');
  if (kthread !== undefined) return kthread === '1';
  return status.get('VmSize') === undefined && executableOf(pid) === undefined && !hasEnded(status);
}
