/**
 * Signals: names and numbers, the exit status that stands for one (128 + number, as shells have it), listening to them.
 */
import { constants } from 'node:os';
import { type Disposable } from '../base/lifetime';
import { type ProcessEnd } from '../contract/messages';

/** 11 → `SIGSEGV`; a number without a name → `signal 42`. */
export function signalName(number: number): string {
  return Object.entries(constants.signals).find(([, value]) => value === number)?.[0] ?? `signal ${number}`;
}

const CATCHABLE: ReadonlySet<string> = new Set(
  Object.keys(constants.signals).filter((name) => !/KILL|STOP$/.test(name)),
);

export function exitStatus(end: ProcessEnd): number {
  return 'code' in end ? end.code : 128 + end.signal;
}

/**
 * Ignores again the signals that this process was started to ignore (nohup(1)): Node has reset them to their default.
 */
export function ignoreSignals(numbers: readonly number[]): Disposable {
  const names = numbers.map(signalName).filter((name): name is NodeJS.Signals => CATCHABLE.has(name));
  return onSignals(names, () => undefined);
}

/** Calls back with the signal's number; the signal no longer ends this process. */
export function onSignals(names: readonly NodeJS.Signals[], listener: (signal: number) => void): Disposable {
  const handle = (_name: NodeJS.Signals, number: number): void => listener(number);
  for (const name of names) process.on(name, handle);
  return {
    dispose: () => {
      for (const name of names) process.off(name, handle);
    },
  };
}
