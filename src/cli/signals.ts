/** Names and numbers of signals, and the exit status that stands for one (128 + number, as shells have it). */
import { constants } from 'node:os';
import { type ProcessEnd } from '../contract/messages';

/** 11 → `SIGSEGV`; a number without a name → `signal 42`. */
export function signalName(number: number): string {
  return Object.entries(constants.signals).find(([, value]) => value === number)?.[0] ?? `signal ${number}`;
}

export function exitStatus(end: ProcessEnd): number {
  return 'code' in end ? end.code : 128 + end.signal;
}
