/**
 * What the engine does with file descriptors besides reading and writing: fcntl(2), and who gets the signal when they
 * are ready.
 */
import { readdirSync } from 'node:fs';
import { systemCallError } from './errno';
import { errno, libc } from './libc';
import { withDescriptor } from './spareDescriptor';

const F_DUPFD_CLOEXEC = 1030;
const F_SETFD = 2;
const F_GETFL = 3;
const F_SETFL = 4;
const F_SETOWN = 8;
const FD_CLOEXEC = 1;
const O_NONBLOCK = 0o4000;
const O_ASYNC = 0o20000;

/**
 * Makes a descriptor non-blocking and lets the kernel send SIGIO to process `owner` whenever it becomes readable or
 * writable, or ends.
 */
export function announceReadiness(fd: number, owner: number): void {
  control(fd, F_SETOWN, owner, 'F_SETOWN');
  control(fd, F_SETFL, control(fd, F_GETFL, 0, 'F_GETFL') | O_NONBLOCK | O_ASYNC, 'F_SETFL');
}

/** Keeps every descriptor but 0, 1 and 2 from programs that this process starts. */
export function closeOnExec(): void {
  for (const name of withDescriptor(() => readdirSync('/proc/self/fd'))) {
    if (Number(name) > 2) libc.fcntl(Number(name), F_SETFD, FD_CLOEXEC);
  }
}

/** A copy, numbered `lowest` or above, that programs which this process starts don't get. */
export function duplicate(fd: number, lowest: number): number {
  return control(fd, F_DUPFD_CLOEXEC, lowest, 'F_DUPFD_CLOEXEC');
}

function control(fd: number, command: number, argument: number, name: string): number {
  const result = libc.fcntl(fd, command, argument);
  if (result < 0) throw systemCallError(`fcntl ${name} on descriptor ${fd}`, errno());
  return result;
}
