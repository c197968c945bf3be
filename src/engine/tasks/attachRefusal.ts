/** Why the kernel would not let the engine trace a process (ptrace(2), "Ptrace access mode checking"), and what helps. */
import { readFileSync } from 'node:fs';
import { SidestepError } from '../../base/errors';
import { executableOf, readStatus, threadName } from '../linux/proc';
import { withDescriptor } from '../linux/spareDescriptor';

const CAP_SYS_PTRACE = 1n << 19n;

/** Tells what each value of /proc/sys/kernel/yama/ptrace_scope forbids (Documentation/admin-guide/LSM/Yama.rst). */
const YAMA_SCOPES: Readonly<Record<string, { readonly forbids: string; readonly advice: string }>> = {
  '1': {
    forbids: 'only the parent of a process may trace it',
    advice:
      'Start the program through Sidestep, or allow it until the next boot: sudo sysctl kernel.yama.ptrace_scope=0',
  },
  '2': {
    forbids: 'only an administrator may trace processes',
    advice: 'Run as root, or allow it until the next boot: sudo sysctl kernel.yama.ptrace_scope=0',
  },
  '3': {
    forbids: 'no process may be traced, and this can be changed by a reboot only',
    advice: 'Set kernel.yama.ptrace_scope to 0 in /etc/sysctl.d and reboot.',
  },
};

/** What makes it impossible for anybody; `undefined` if nothing does. */
export function impossibility(pid: number): SidestepError | undefined {
  const status = readStatus(pid);
  if (status === undefined)
    return new SidestepError('process-not-found', `there is no process ${pid}`, { place: { pid } });
  if (pid === process.pid || pid === process.ppid) return refuse(pid, status, 'it is Sidestep itself');
  // A leader that has ended is a zombie too, while its process lives on in other threads.
  if (/^[ZX]/.test(status.get('State') ?? '') && Number(status.get('Threads')) <= 1) {
    const parent = status.get('PPid') ?? '?';
    return refuse(pid, status, `it has ended and only waits for its parent, process ${parent}, to notice`);
  }
  if (isKernelThread(pid, status)) return refuse(pid, status, 'it is a thread of the kernel');
  const tracer = Number(status.get('TracerPid'));
  // A leader that has ended can't be let go: the engine is its tracer still when it comes back to the process.
  if (tracer === 0 || tracer === process.pid) return undefined;
  const name = threadName(tracer) ?? '?';
  return refuse(
    pid,
    status,
    `process ${tracer} (${name}) traces it already, and a process can have one tracer only`,
    `End that debugger or tracer first: kill ${tracer}`,
  );
}

/** What keeps this user from it, once the kernel has said EPERM; `undefined` if the process is gone. */
export function denial(pid: number): SidestepError | undefined {
  const status = readStatus(pid);
  const self = readStatus(process.pid);
  if (status === undefined || self === undefined) return undefined;
  const owner = status.get('Uid')?.split('\t') ?? [];
  const user = self.get('Uid')?.split('\t')[1] ?? '?';
  const isPrivileged = (BigInt(`0x${self.get('CapEff') ?? '0'}`) & CAP_SYS_PTRACE) !== 0n;
  const scope = yamaScope();
  if (isPrivileged && scope !== '3') return refuse(pid, status, UNSEEN, UNSEEN_ADVICE);
  if (owner.slice(0, 3).some((uid) => uid !== user)) {
    return refuse(pid, status, `it belongs to user ${owner[0] ?? '?'}, Sidestep runs as user ${user}`, AS_ROOT);
  }
  if (executableOf(pid) === undefined) {
    const why = 'it has protected itself (prctl PR_SET_DUMPABLE, or its program is set-user-id or not readable)';
    return refuse(pid, status, why, AS_ROOT);
  }
  const yama = YAMA_SCOPES[scope];
  if (yama) return refuse(pid, status, `Yama's ptrace_scope is ${scope}: ${yama.forbids}`, yama.advice);
  return refuse(pid, status, UNSEEN, UNSEEN_ADVICE);
}

/** Nothing that a process can read of another explains it. */
const UNSEEN = 'a security module (AppArmor, SELinux) or the sandbox that Sidestep runs in forbids it';
const UNSEEN_ADVICE =
  'The log says which: sudo journalctl -k -g denied. A container needs to be started with --cap-add=SYS_PTRACE.';

const AS_ROOT = 'Run Sidestep as root (sudo).';

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
  return (
    status.get('VmSize') === undefined && executableOf(pid) === undefined && !/^[ZX]/.test(status.get('State') ?? '')
  );
}

/** 0 where the kernel has no Yama. */
function yamaScope(): string {
  try {
    return withDescriptor(() => readFileSync('/proc/sys/kernel/yama/ptrace_scope', 'latin1')).trim();
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return '0';
    throw thrown;
  }
}
