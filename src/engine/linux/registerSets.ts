/**
 * ptrace(2) for register sets at any place of this process, where ptrace.ts has one fixed place for those of the thread
 * that stopped. Each returns 0 or an errno. Addresses are of this process.
 */
import { errno, libc } from './libc';

const PTRACE_GETREGS = 12;
const PTRACE_SETREGS = 13;
const PTRACE_GETREGSET = 0x4204;
const PTRACE_SETREGSET = 0x4205;
/** The XSAVE area in its standard format, as large as this kernel and processor make it (elf.h). */
const NT_X86_XSTATE = 0x202;

/** struct user_regs_struct → `address`. */
export function getRegistersTo(tid: number, address: number): number {
  return done(libc.ptrace(PTRACE_GETREGS, tid, 0, address));
}

export function setRegistersFrom(tid: number, address: number): number {
  return done(libc.ptrace(PTRACE_SETREGS, tid, 0, address));
}

/** The XSAVE area → where the struct iovec at `vector` says. The kernel puts the number of bytes there. */
export function getExtendedState(tid: number, vector: number): number {
  return done(libc.ptrace(PTRACE_GETREGSET, tid, NT_X86_XSTATE, vector));
}

export function setExtendedState(tid: number, vector: number): number {
  return done(libc.ptrace(PTRACE_SETREGSET, tid, NT_X86_XSTATE, vector));
}

function done(result: number): number {
  return result < 0 ? errno() : 0;
}
