/**
 * What the client is told unasked. Threads are told of when their first hit is reported or when output is written, so
 * that short-lived ones cost nothing, and only while the client reads, so that what waits for it stays small.
 */
import { type EngineEvent } from '../../contract/messages';
import { threadName } from '../linux/proc';
import { type Outbox } from './outbox';
import { type Process, type Task } from '../tracees/tracees';

/** No news of threads while this many bytes of messages wait. */
const PATIENCE_BYTES = 1 << 20;

/** A client that leaves this many bytes of messages unread is not there. */
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

  /** The client has not read anything for so long that it is told of no more processes. */
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

  /** Tells of one thread now: a hit of it is about to be reported. */
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
