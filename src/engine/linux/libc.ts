/**
 * The C library, bound by its exact prototypes: the only place where native code is called. Kernel addresses and
 * pointers are declared `int64` and passed as JavaScript numbers, which are exact below 2^53 (user space ends at 2^47);
 * strings and arrays are converted. `ptrace` is variadic in C; on x86-64 the fixed form passes the same registers and
 * costs less.
 */
import koffi from 'koffi';

const library = koffi.load(null);

type Call<Arguments extends readonly unknown[]> = (...args: Arguments) => number;

/** The functions by their C names. All return what C returns; {@link errno} belongs to the last one that failed. */
export const libc = {
  // tracing
  ptrace: library.func('long ptrace(long request, long tid, int64 address, int64 data)') as Call<
    [request: number, tid: number, address: number, data: number | bigint]
  >,
  wait4: library.func('int wait4(int pid, int64 status, int options, int64 usage)') as Call<
    [pid: number, status: number, options: number, usage: number]
  >,
  syscall: library.func('long syscall(long number, long a, long b, long c, long d, long e)') as Call<
    [number: number, a: number, b: number, c: number, d: number, e: number]
  >,
  // another process's memory
  process_vm_readv: library.func(
    'long process_vm_readv(int tid, int64 local, long localCount, int64 remote, long remoteCount, long flags)',
  ) as Call<[tid: number, local: number, localCount: number, remote: number, remoteCount: number, flags: number]>,
  process_vm_writev: library.func(
    'long process_vm_writev(int tid, int64 local, long localCount, int64 remote, long remoteCount, long flags)',
  ) as Call<[tid: number, local: number, localCount: number, remote: number, remoteCount: number, flags: number]>,
  // descriptors
  open: library.func('int open(str path, int flags)') as Call<[path: string, flags: number]>,
  close: library.func('int close(int fd)') as Call<[fd: number]>,
  read: library.func('long read(int fd, int64 buffer, long size)') as Call<[fd: number, buffer: number, size: number]>,
  write: library.func('long write(int fd, int64 buffer, long size)') as Call<
    [fd: number, buffer: number, size: number]
  >,
  writeBytes: library.func('write', 'long', ['int', 'void *', 'long']) as Call<
    [fd: number, bytes: Uint8Array, size: number]
  >,
  pread: library.func('long pread(int fd, int64 buffer, long size, int64 offset)') as Call<
    [fd: number, buffer: number, size: number, offset: number]
  >,
  preadBytes: library.func('pread', 'long', ['int', 'void *', 'long', 'int64']) as Call<
    [fd: number, bytes: Uint8Array, size: number, offset: number]
  >,
  pwrite: library.func('long pwrite(int fd, void *bytes, long size, int64 offset)') as Call<
    [fd: number, bytes: Uint8Array, size: number, offset: number]
  >,
  fcntl: library.func('int fcntl(int fd, int command, long argument)') as Call<
    [fd: number, command: number, argument: number]
  >,
  socket: library.func('int socket(int domain, int type, int protocol)') as Call<
    [domain: number, type: number, protocol: number]
  >,
  connect: library.func('int connect(int fd, void *address, int size)') as Call<
    [fd: number, address: Uint8Array, size: number]
  >,
  getsockopt: library.func(
    'int getsockopt(int fd, int level, int name, _Inout_ void *value, _Inout_ void *size)',
  ) as Call<[fd: number, level: number, name: number, value: Uint8Array, size: Uint8Array]>,
  // processes
  /** Ends the process at once; process.exit() waits for V8's threads first. */
  _exit: library.func('void _exit(int status)') as Call<[status: number]>,
  kill: library.func('int kill(int pid, int signal)') as Call<[pid: number, signal: number]>,
  signal: library.func('int64 signal(int signal, int64 handler)') as Call<[signal: number, handler: number]>,
  sigaction: library.func('int sigaction(int signal, void *action, void *previous)') as Call<
    [signal: number, action: Uint8Array, previous: null]
  >,
  pthread_sigmask: library.func('int pthread_sigmask(int how, void *set, void *previous)') as Call<
    [how: number, set: Uint8Array, previous: null]
  >,
  posix_spawn: library.func(
    'int posix_spawn(_Out_ int *pid, str path, void *actions, void *attributes, str *argv, str *envp)',
  ) as Call<
    [
      pid: number[],
      path: string,
      actions: Uint8Array | null,
      attributes: Uint8Array | null,
      argv: (string | null)[],
      envp: (string | null)[],
    ]
  >,
  posix_spawnattr_init: library.func('int posix_spawnattr_init(void *attributes)') as Call<[Uint8Array]>,
  posix_spawnattr_destroy: library.func('int posix_spawnattr_destroy(void *attributes)') as Call<[Uint8Array]>,
  posix_spawnattr_setflags: library.func('int posix_spawnattr_setflags(void *attributes, short flags)') as Call<
    [attributes: Uint8Array, flags: number]
  >,
  posix_spawnattr_setsigmask: library.func('int posix_spawnattr_setsigmask(void *attributes, void *set)') as Call<
    [attributes: Uint8Array, set: Uint8Array]
  >,
  posix_spawnattr_setsigdefault: library.func('int posix_spawnattr_setsigdefault(void *attributes, void *set)') as Call<
    [attributes: Uint8Array, set: Uint8Array]
  >,
  posix_spawn_file_actions_init: library.func('int posix_spawn_file_actions_init(void *actions)') as Call<[Uint8Array]>,
  posix_spawn_file_actions_destroy: library.func('int posix_spawn_file_actions_destroy(void *actions)') as Call<
    [Uint8Array]
  >,
  posix_spawn_file_actions_adddup2: library.func(
    'int posix_spawn_file_actions_adddup2(void *actions, int from, int to)',
  ) as Call<[actions: Uint8Array, from: number, to: number]>,
  posix_spawn_file_actions_addchdir_np: library.func(
    'int posix_spawn_file_actions_addchdir_np(void *actions, str path)',
  ) as Call<[actions: Uint8Array, path: string]>,
};

/** errno of the last call that failed. */
export function errno(): number {
  return koffi.errno();
}

const memmove = library.func('uint64 memmove(void *to, void *from, size_t size)') as (
  to: Uint8Array,
  from: Uint8Array,
  size: number,
) => number | bigint;

/** Where the bytes lie in this process. Only of use for memory that never moves: a WebAssembly memory's. */
export function addressOf(bytes: Uint8Array): number {
  return Number(memmove(bytes, bytes, 0));
}
