/**
 * The engine's side of its guardian (src/guardian): starts it when the first INT3 stands, and notices when it is gone. The guardian
 * traces this thread, to be told of its end; nothing else of the engine depends on it.
 */
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf } from '../../base/errors';
import { type Arena } from '../arena';
import { closeOnExec } from '../linux/descriptors';
import { errnoText } from '../linux/errno';
import { libc } from '../linux/libc';
import { refuseChildSignals } from '../linux/signals';
import { withDescriptor } from '../linux/spareDescriptor';
import { spawn } from '../linux/spawn';
import { type WaitStatus } from '../linux/waitStatus';
import { type Notices } from '../pipe/notices';
import { type Ledger, REFUSED } from './ledger';

const SCRIPT = join(__dirname, 'guardian.js');

const SYS_PRCTL = 157;
const PR_SET_PTRACER = 0x59616d61;

/** It does next to nothing, once: no threads that help to compile or to collect garbage. */
const NODE_OPTIONS = ['--v8-pool-size=0', '--single-threaded-gc'];

/** Variables that would make another program of it. */
const UNWANTED: ReadonlySet<string> = new Set(['NODE_OPTIONS', 'NODE_CHANNEL_FD']);

export class Guard {
  readonly #arena: Arena;
  readonly #ledger: Ledger;
  readonly #notices: Notices;
  #pid = -1;
  #given = false;

  constructor(arena: Arena, ledger: Ledger, notices: Notices) {
    this.#arena = arena;
    this.#ledger = ledger;
    this.#notices = notices;
  }

  /** Its process id; -1 while there is none. */
  get pid(): number {
    return this.#pid;
  }

  /** Starts it when there is something to guard, once. */
  look(): void {
    if (this.#given || !this.#ledger.inUse) return;
    this.#given = true;
    try {
      this.#start();
    } catch (error) {
      this.#doWithout(messageOf(error));
    }
  }

  /** It has ended, by itself if it may not trace this process. */
  onEnd(status: WaitStatus): void {
    this.#pid = -1;
    if (status.kind === 'killed') this.#doWithout(`it was killed by signal ${status.signal}`);
    else if (status.kind === 'exited' && status.code !== 0) this.#doWithout(reasonOf(status.code));
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
      const argv = ['sidestep-guardian', ...NODE_OPTIONS, SCRIPT, String(process.pid), String(this.#arena.base)];
      const stdio = [nothing, nothing, nothing] as const;
      this.#pid = spawn(process.execPath, argv, { cwd: '/', stdio, newSession: true, environment });
    } finally {
      closeSync(nothing);
    }
    // Yama's scope 1: a child may not trace its parent but by leave. Without Yama it fails, and matters to nobody.
    libc.syscall(SYS_PRCTL, PR_SET_PTRACER, this.#pid, 0, 0, 0);
  }

  #doWithout(reason: string): void {
    const message = `there is no guardian (${reason}): if the engine is killed, probed programs can die of SIGTRAP`;
    this.#notices.say({ event: 'warning', message });
  }
}

function reasonOf(code: number): string {
  return code > REFUSED ? `PTRACE_SEIZE: ${errnoText(code - REFUSED)}` : `it ended with status ${code}`;
}
