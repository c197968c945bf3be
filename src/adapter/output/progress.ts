/**
 * Shows that symbols are being read. Reading does not yield, so its end is known when the event loop comes round again:
 * the timer that was set at the last sign of life runs then.
 */
import { type Disposable } from '../../base/lifetime';
import { printable } from '../../base/printable';
import { type Session } from '../../session/session';
import { type Client } from '../protocol/connection';

export class SymbolProgress implements Disposable {
  readonly #client: Client;
  readonly #subscription: Disposable;
  #count = 0;
  #end: NodeJS.Timeout | undefined;

  constructor(session: Session, client: Client) {
    this.#client = client;
    this.#subscription = session.onProgress((what) => this.#show(printable(what)));
  }

  dispose(): void {
    this.#subscription.dispose();
    if (this.#end !== undefined) this.#finish();
  }

  get #id(): string {
    return `symbols-${this.#count}`;
  }

  #show(message: string): void {
    if (this.#end === undefined) {
      this.#count++;
      this.#client.emit('progressStart', { progressId: this.#id, title: 'Sidestep: reading symbols', message });
    } else {
      clearTimeout(this.#end);
      this.#client.emit('progressUpdate', { progressId: this.#id, message });
    }
    this.#end = setTimeout(() => this.#finish(), 0);
  }

  #finish(): void {
    clearTimeout(this.#end);
    this.#end = undefined;
    this.#client.emit('progressEnd', { progressId: this.#id });
  }
}
