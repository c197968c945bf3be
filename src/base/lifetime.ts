/** Things that end and things that emit events: the two shapes of long-lived objects. */

export interface Disposable {
  dispose(): void;
}

/** Disposes of everything that was added to it, in reverse order. */
export class DisposableStore implements Disposable {
  readonly #items: Disposable[] = [];

  add<T extends Disposable>(item: T): T {
    this.#items.push(item);
    return item;
  }

  dispose(): void {
    for (let item = this.#items.pop(); item; item = this.#items.pop()) item.dispose();
  }
}

/** One event with typed listeners. A listener that is added or ended during `fire` takes effect at the next one. */
export class Emitter<T> {
  readonly #listeners = new Set<(value: T) => void>();

  /** Registers a listener; dispose the result to stop it. */
  readonly on = (listener: (value: T) => void): Disposable => {
    this.#listeners.add(listener);
    return { dispose: () => void this.#listeners.delete(listener) };
  };

  fire(value: T): void {
    for (const listener of [...this.#listeners]) listener(value);
  }
}

/** The subscribers' side of an {@link Emitter}. */
export type Event<T> = Emitter<T>['on'];
