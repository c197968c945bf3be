/**
 * What the engine reports without a request. It reports a thread with its first hit, or when output is written, so that
 * short-lived threads cost nothing; and only while the client reads, so that little waits for it.
 */
import { type EngineEvent } from '../../contract/messages';
import { threadName } from '../linux/proc';
import { type Outbox } from './outbox';
import { type Process, type Task } from '../tracees/tracees';

/** Threads are not reported while this many bytes of messages wait: some thousand of them. */
const PATIENCE_BYTES = 1 << 20;

/** A client that leaves this many bytes of messages unread counts as absent. The engine's memory is bounded by this. */
const IGNORED_BYTES = 64 << 20;

export class Events {
  readonly #outbox: Outbox;
  readonly #unannounced = new Set<Task>();
  /** Threads that the client believes in, but that are gone. */
  readonly #gone: { readonly pid: number; readonly tid: number }[] = [];
  readonly #said = new WeakMap<Process, Set<string>>();

  constructor(outbox: Outbox) {
    this.#outbox = outbox;
  }

  /** The client has not read for so long that no more processes are reported to it. */
  get areIgnored(): boolean {
    return this.#outbox.waitingMessages > IGNORED_BYTES;
  }

  say(notice: EngineEvent): void {
    this.#outbox.say({ notice });
  }

  /** The same warning about the same process is given once. */
  warn(message: string, process: Process): void {
    const said = this.#said.get(process) ?? new Set();
    if (said.has(message)) return;
    this.#said.set(process, said.add(message));
    this.say({ event: 'warning', message, pid: process.pid });
  }

  threadStarted(task: Task): void {
    if (task.process.memoryOwner === undefined && !task.process.unannounced) this.#unannounced.add(task);
  }

  /** Reports one thread now, before its first hit is reported. */
  announce(task: Task): void {
    if (!this.#unannounced.delete(task)) return;
    this.#announce(task);
  }

  threadExited(task: Task): void {
    if (task.announced) this.#gone.push({ pid: task.process.pid, tid: task.tid });
    this.#unannounced.delete(task);
  }

  /** Tells what has not been told yet. */
  catchUp(): void {
    if (this.#gone.length === 0 && this.#unannounced.size === 0) return;
    if (this.#outbox.waitingMessages > PATIENCE_BYTES) return;
    for (const { pid, tid } of this.#gone.splice(0)) this.say({ event: 'threadExited', pid, tid });
    for (const task of this.#unannounced) this.#announce(task);
    this.#unannounced.clear();
  }

  #announce(task: Task): void {
    task.announced = true;
    this.say({
      event: 'threadStarted',
      pid: task.process.pid,
      tid: task.tid,
      name: threadName(task.tid) ?? '',
    });
  }
}
