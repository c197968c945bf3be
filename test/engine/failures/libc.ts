/** Inside the failing engine: what stands in the place of src/engine/linux/libc. */
import * as real from '../../../src/engine/linux/libc';
import { enter, lookForPlan, ownerOf, pidOf } from './interposer';

type Libc = typeof real.libc;
type Name = keyof Libc;
type Call = (...args: never[]) => number;

const COMMANDS = 0;
const WNOHANG = 1;

/** Requests of ptrace(2) by number. */
const PTRACE: Readonly<Record<number, string>> = {
  3: 'PEEKUSER',
  4: 'POKETEXT',
  6: 'POKEUSER',
  7: 'CONT',
  9: 'SINGLESTEP',
  12: 'GETREGS',
  13: 'SETREGS',
  14: 'GETFPREGS',
  17: 'DETACH',
  24: 'SYSCALL',
  0x4200: 'SETOPTIONS',
  0x4201: 'GETEVENTMSG',
  0x4202: 'GETSIGINFO',
  0x4204: 'GETREGSET',
  0x4205: 'SETREGSET',
  0x4206: 'SEIZE',
  0x4207: 'INTERRUPT',
  0x4208: 'LISTEN',
  0x420a: 'GETSIGMASK',
  0x420b: 'SETSIGMASK',
};

/** System calls by number, and which of their arguments is the thread or process that they are about. */
const SYSCALLS: Readonly<Record<number, { readonly name: string; readonly subject?: 0 | 1 }>> = {
  157: { name: 'prctl' },
  203: { name: 'sched_setaffinity', subject: 0 },
  234: { name: 'tgkill', subject: 1 },
  312: { name: 'kcmp', subject: 1 },
};

/** What a call is called, where its arguments say more than its name, and which thread or process it is about. */
const NATURES: {
  readonly [K in Name]?: (...args: Parameters<Libc[K]>) => [name: string, subject?: number | undefined];
} = {
  ptrace: (request, tid) => [`ptrace ${PTRACE[request] ?? request}`, tid],
  wait4: (pid, _status, options) => [
    `wait4${pid > 0 ? ' PID' : ''}${options & WNOHANG ? ' WNOHANG' : ''}`,
    pid > 0 ? pid : undefined,
  ],
  syscall: (number, ...args) => {
    const { name, subject } = SYSCALLS[number] ?? { name: `syscall ${number}` };
    return [name, subject === undefined ? undefined : args[subject]];
  },
  process_vm_readv: (tid) => ['process_vm_readv', tid],
  process_vm_writev: (tid) => ['process_vm_writev', tid],
  open: (path) => [`open ${path.replace(/\d+/, 'PID')}`, pidOf(path)],
  pread: (fd) => ['pread', ownerOf(fd)],
  preadBytes: (fd) => ['preadBytes', ownerOf(fd)],
  pwrite: (fd) => ['pwrite', ownerOf(fd)],
  kill: (pid) => ['kill', pid],
};

let failure = 0;

function interpose(name: Name): Call {
  const call = real.libc[name] as Call;
  // It can't fail.
  if (name === '_exit') return call;
  const nature = NATURES[name] as ((...args: never[]) => [string, (number | undefined)?]) | undefined;
  return (...args) => {
    const [label, subject] = nature?.(...args) ?? [name];
    failure = enter(label, subject);
    // posix_spawn and its kin return the error number itself.
    if (failure !== 0) return name.startsWith('posix_spawn') ? failure : -1;
    const result = call(...args);
    if (name === 'read' && Number(args[0]) === COMMANDS && result > 0) lookForPlan();
    return result;
  };
}

export const libc = Object.fromEntries(
  (Object.keys(real.libc) as Name[]).map((name) => [name, interpose(name)]),
) as unknown as Libc;

export function errno(): number {
  return failure !== 0 ? failure : real.errno();
}

export const { addressOf } = real;
