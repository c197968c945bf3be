/**
 * /proc/PID/mem: a process's memory through a descriptor. Writes ignore page protections and stop no thread (proc(5)).
 */
import { SidestepError } from '../../base/errors';
import { Errno, errnoText } from './errno';
import { errno, libc } from './libc';
import { LIMIT_ADVICE } from './limits';
import { makeRoom } from './spareDescriptor';

const O_RDWR = 2;
const O_CLOEXEC = 0o2000000;
const SYS_PIDFD_GETFD = 438;

export class ProcessMemory {
  /** -1 once it is closed: the number may belong to another process's memory by then. */
  #fd: number;

  private constructor(fd: number) {
    this.#fd = fd;
  }

  /** The memory of a process that is about to be released, without contents. */
  static none(): ProcessMemory {
    return new ProcessMemory(-1);
  }

  /**
   * Opens the memory that a thread has now; after exec it has another. `undefined`: the thread is gone. Throws
   * `attach-refused` where the process has closed itself to tracers, `system-call` where there is no descriptor or no
   * memory left.
   */
  static open(tid: number): ProcessMemory | undefined {
    const open = (): number => libc.open(`/proc/${tid}/mem`, O_RDWR | O_CLOEXEC);
    let fd = open();
    if (fd < 0 && (errno() === Errno.EMFILE || errno() === Errno.ENFILE)) {
      makeRoom();
      fd = open();
    }
    if (fd >= 0) return new ProcessMemory(fd);
    const failure = errno();
    if (failure === Errno.ENOENT || failure === Errno.ESRCH) return undefined;
    const code = failure === Errno.EACCES || failure === Errno.EPERM ? 'attach-refused' : 'system-call';
    throw new SidestepError(code, `the memory of process ${tid} can't be opened: ${errnoText(failure)}`, {
      place: { pid: tid },
      ...(LIMIT_ADVICE[failure] && { advice: LIMIT_ADVICE[failure] }),
    });
  }

  /**
   * The memory that another process has opened as its descriptor `fd`. `pidfd`: of that process, -1 for none.
   * `undefined`: it has no such descriptor, or may not be looked at.
   */
  static takeOver(pid: number, pidfd: number, fd: number): ProcessMemory | undefined {
    let own = libc.syscall(SYS_PIDFD_GETFD, pidfd, fd, 0, 0, 0);
    // Linux before 5.6, or a container's filter of system calls.
    if (own < 0) own = libc.open(`/proc/${pid}/fd/${fd}`, O_RDWR | O_CLOEXEC);
    return own < 0 ? undefined : new ProcessMemory(own);
  }

  /** The descriptor's number; -1 once it is closed. */
  get descriptor(): number {
    return this.#fd;
  }

  /** Up to `length` bytes; fewer where the memory ends, none where there is none. */
  read(address: number, length: number): Buffer {
    const bytes = Buffer.alloc(length);
    return bytes.subarray(0, Math.max(0, libc.preadBytes(this.#fd, bytes, length, address)));
  }

  /**
   * Whether the process that had this memory has ended or runs another program: there is nothing to read then, and that
   * is no error.
   */
  get ended(): boolean {
    return libc.preadBytes(this.#fd, new Uint8Array(1), 1, 0) === 0;
  }

  /** Reads to an address of this process; the number of bytes, or negative with {@link errno}. */
  readTo(destination: number, address: number, length: number): number {
    return libc.pread(this.#fd, destination, length, address);
  }

  /**
   * 0 or an errno: EIO or EPERM where there is no memory or the kernel does not allow it (proc_mem.force_override),
   * ESRCH when the process that had this memory is gone.
   */
  write(address: number, bytes: Uint8Array): number {
    const written = libc.pwrite(this.#fd, bytes, bytes.length, address);
    if (written === bytes.length) return 0;
    const failure = written < 0 ? errno() : Errno.ESRCH;
    return failure === Errno.EBADF ? Errno.ESRCH : failure;
  }

  close(): void {
    if (this.#fd >= 0) libc.close(this.#fd);
    this.#fd = -1;
  }
}
