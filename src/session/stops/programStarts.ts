/**
 * Programs at their start. Launched, or come by exec, each waits before its first instruction until its probes are set
 * and the session lets programs go.
 */
import { SidestepError } from '../../base/errors';
import { type Disposable, DisposableStore, Emitter, type Event } from '../../base/lifetime';
import { type Engine } from '../engine/engine';
import { type Process } from '../processes/process';
import { type ProcessSet } from '../processes/processSet';
import { type HeldThread } from './heldThreads';

interface ProgramStartParts {
  readonly engine: Engine;
  readonly processes: ProcessSet;
  /** Sets the probes in a program that waits. */
  readonly prepare: (process: Process) => Promise<void>;
  /** Runs a task when it is its turn; what is wrong becomes a warning about the process. */
  readonly inBackground: (process: Process, task: () => Promise<void>) => void;
}

export class ProgramStarts implements Disposable {
  readonly #parts: ProgramStartParts;
  readonly #waiting = new Map<Process, HeldThread>();
  readonly #entered = new Emitter<Process>();
  readonly #exits: Disposable;
  #areLetGo = false;

  /** A program waits with its probes set, or with a warning that says why they could not be. */
  readonly onEntered: Event<Process> = this.#entered.on;

  constructor(parts: ProgramStartParts) {
    this.#parts = parts;
    this.#exits = parts.processes.onExit(({ process }) => this.#waiting.delete(process));
  }

  /** A thread is held before the first instruction of a program. */
  take(thread: HeldThread): void {
    const { process } = thread;
    const { prepare, inBackground } = this.#parts;
    process.waitsAtEntry = true;
    this.#waiting.set(process, thread);
    inBackground(process, async () => {
      try {
        await prepare(process);
      } finally {
        this.#entered.fire(process);
        if (this.#areLetGo) await this.release(process);
      }
    });
  }

  /** From now on programs are let go as soon as their probes are set; those that wait already by {@link release}. */
  letGo(): void {
    this.#areLetGo = true;
  }

  /** Does nothing for a process that does not wait. */
  async release(process: Process): Promise<void> {
    const thread = this.#waiting.get(process);
    if (thread === undefined) return;
    this.#waiting.delete(process);
    process.waitsAtEntry = false;
    await thread.release();
  }

  /** Resolves when the process waits with its probes set. */
  entry(process: Process): Promise<Process> {
    const { engine, processes } = this.#parts;
    const waiting = new DisposableStore();
    return new Promise<Process>((resolve, reject) => {
      waiting.add(
        this.onEntered((entered) => {
          if (entered === process) resolve(process);
        }),
      );
      waiting.add(
        processes.onExit((exit) => {
          if (exit.process !== process) return;
          const place = { pid: process.pid };
          reject(new SidestepError('launch-failed', `the program ended before it began to run`, { place }));
        }),
      );
      waiting.add(
        engine.onGone(({ reason }) => reject(new SidestepError('engine-gone', `the engine is gone: ${reason}`))),
      );
    }).finally(() => waiting.dispose());
  }

  dispose(): void {
    this.#exits.dispose();
    this.#waiting.clear();
  }
}
