/**
 * The engine's side of its guardian (src/guardian), which traces this thread, so that it hangs for a moment when it is
 * killed: starts it when there is a process to guard, waits with the first INT3 until it watches, and starts another
 * one when it is killed. While none watches, {@link Protection} sees to it that no thread outlives the engine in a
 * state that is not its own.
 */
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf } from '../../base/errors';
import { GUARDIAN_REFUSED, GUARDIAN_UNHEARD } from '../../contract/ledger';
import { type Arena } from '../tracing/arena';
import { closeOnExec } from '../linux/descriptors';
import { errnoText } from '../linux/errno';
import { libc } from '../linux/libc';
import { refuseChildSignals, Signal } from '../linux/signals';
import { withDescriptor } from '../linux/spareDescriptor';
import { spawn } from '../linux/spawn';
import { type Waiter } from '../tracing/wait';
import { kill } from '../linux/processes';
import { type WaitStatus } from '../linux/waitStatus';
import { type Events } from '../client/events';
import { type Ledger } from '../tracing/ledger';
import { type Protection } from './protection';

const SCRIPT = join(__dirname, 'guardian.js');

const SYS_PRCTL = 157;
const PR_SET_PTRACER = 0x59616d61;

/** It does next to nothing, once: no threads that help to compile or to collect garbage. */
const NODE_OPTIONS = ['--v8-pool-size=0', '--single-threaded-gc'];

/** Variables that would change how Node runs the guardian. */
const UNWANTED: ReadonlySet<string> = new Set(['NODE_OPTIONS', 'NODE_CHANNEL_FD']);

/** A guardian that does not watch by then never will. Measured on a machine with a load of 20: some 5 s. */
const PATIENCE_MS = 60_000;

/** `absent`: there is none, and none will start. */
type GuardState = 'none' | 'starting' | 'watching' | 'absent';

export interface GuardParts {
  readonly arena: Arena;
  readonly ledger: Ledger;
  readonly waiter: Waiter;
  readonly protection: Protection;
  readonly events: Events;
  /** Reports that are looked at later: see {@link ReportHooks}. */
  readonly onEarly: (tid: number, status: number) => void;
}

export class Guard {
  readonly #parts: GuardParts;
  #state: GuardState = 'none';
  #pid = -1;
  #since = 0;
  /** One has watched, and was killed. */
  #isSuccessor = false;

  constructor(parts: GuardParts) {
    this.#parts = parts;
    this.#setHooks();
  }

  /** Its process id; -1 while there is none. */
  get pid(): number {
    return this.#pid;
  }

  /** It does not watch yet, but will: {@link look} must be called from time to time. */
  get isStarting(): boolean {
    return this.#state === 'starting';
  }

  get watches(): boolean {
    return this.#state === 'watching';
  }

  /** No INT3 may be written yet: threads may run into one only once a guardian watches. */
  get mustBeAwaited(): boolean {
    return this.isStarting && !this.#parts.ledger.inUse;
  }

  /** There is something to guard: starts it, once. */
  begin(): void {
    if (this.#state === 'none') this.#tryToStart();
  }

  /** Whether it watches by now. `now`: performance.now(). */
  look(now: number): void {
    const { ledger, protection } = this.#parts;
    if (this.#state === 'watching' && !ledger.isComplete) this.#setHooks();
    if (this.#state !== 'starting') return;
    if (ledger.guardian === this.#pid) {
      this.#setState('watching');
      protection.releaseAll();
    } else if (now - this.#since > PATIENCE_MS) {
      kill(this.#pid, Signal.SIGKILL);
    }
  }

  /** It has ended, by itself if it may not trace this process. */
  onEnd(status: WaitStatus): void {
    const { ledger, events } = this.#parts;
    const hasWatched = ledger.guardian === this.#pid;
    ledger.guardian = 0;
    this.#pid = -1;
    const reason =
      status.kind === 'killed'
        ? `it was killed by signal ${status.signal}`
        : reasonOf(status.kind === 'exited' ? status.code : 0);
    if (!hasWatched) {
      this.#doWithout(reason);
      return;
    }
    this.#isSuccessor = true;
    this.#tryToStart();
    if (this.isStarting) {
      const message = `the guardian is gone (${reason}); another one is starting. Until it watches: ${CONSEQUENCE}`;
      events.say({ event: 'warning', message });
    }
  }

  #tryToStart(): void {
    try {
      this.#setState('starting');
      this.#start();
    } catch (error) {
      this.#doWithout(messageOf(error));
    }
  }

  #setState(state: GuardState): void {
    const { ledger, protection } = this.#parts;
    this.#state = state;
    this.#since = performance.now();
    this.#setHooks();
    if (!this.watches && ledger.inUse) protection.protectAll();
  }

  #setHooks(): void {
    const { waiter, ledger, protection, onEarly } = this.#parts;
    const isGuarded = this.watches ? ledger.isComplete : this.#state !== 'absent' && !this.#isSuccessor;
    waiter.hooks = { onEarly, beforeTrap: isGuarded ? undefined : (tid) => protection.protect(tid) };
  }

  #start(): void {
    refuseChildSignals();
    // Neither the client's pipes nor the debuggee's streams may be kept open by it.
    closeOnExec();
    const nothing = withDescriptor(() => openSync('/dev/null', 'r+'));
    const environment = Object.entries(process.env).flatMap(([name, value]) =>
      UNWANTED.has(name) ? [] : [`${name}=${value ?? ''}`],
    );
    try {
      const argv = ['sidestep-guardian', ...NODE_OPTIONS, SCRIPT, String(process.pid), String(this.#parts.arena.base)];
      const stdio = [nothing, nothing, nothing] as const;
      this.#pid = spawn(process.execPath, argv, { cwd: '/', stdio, newSession: true, environment });
    } finally {
      closeSync(nothing);
    }
    // Under Yama's scope 1 a child needs PR_SET_PTRACER to trace its parent. Without Yama prctl fails; that is
    // harmless.
    libc.syscall(SYS_PRCTL, PR_SET_PTRACER, this.#pid, 0, 0, 0);
  }

  #doWithout(reason: string): void {
    this.#setState('absent');
    const message = `there is no guardian (${reason}): ${CONSEQUENCE}`;
    this.#parts.events.say({ event: 'warning', message });
  }
}

/** The consequence of having no guardian. */
const CONSEQUENCE = 'if the engine is killed, programs that have hit a probe are killed with it';

function reasonOf(code: number): string {
  if (code === GUARDIAN_UNHEARD) return 'it may not write to the memory of other processes';
  return code > GUARDIAN_REFUSED
    ? `PTRACE_SEIZE: ${errnoText(code - GUARDIAN_REFUSED)}`
    : `it ended with status ${code}`;
}
