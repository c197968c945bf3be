/**
 * Threads as DAP shows them. A program may start and end thousands a second: events are collected for a moment, and a
 * thread that both came and went in it is not mentioned.
 */
import { type DebugProtocol } from '@vscode/debugprotocol';
import { type Disposable } from '../base/lifetime';
import { printableName } from '../base/printable';
import { type Session } from '../session/session';
import { type ThreadChange } from '../session/processes/processSet';
import { type Client } from './protocol/connection';

const COLLECT_MS = 50;

export function listThreads(session: Session): DebugProtocol.ThreadsResponse['body'] {
  const threads = [...session.processes.values()].flatMap((process) =>
    [...process.threads.keys()].map((id) => ({ id, name: printableName(process.threadLabel(id)) })),
  );
  return { threads };
}

export class ThreadEvents implements Disposable {
  readonly #client: Client;
  readonly #changes = new Map<number, ThreadChange['kind']>();
  readonly #subscription: Disposable;
  #timer: NodeJS.Timeout | undefined;

  constructor(session: Session, client: Client) {
    this.#client = client;
    this.#subscription = session.onThread(({ kind, thread }) => this.#take(thread.tid, kind));
  }

  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const [threadId, reason] of this.#changes) this.#client.emit('thread', { reason, threadId });
    this.#changes.clear();
  }

  dispose(): void {
    this.#subscription.dispose();
    clearTimeout(this.#timer);
  }

  #take(tid: number, kind: ThreadChange['kind']): void {
    if (kind === 'exited' && this.#changes.get(tid) === 'started') this.#changes.delete(tid);
    else this.#changes.set(tid, kind);
    this.#timer ??= setTimeout(() => this.flush(), COLLECT_MS);
  }
}
