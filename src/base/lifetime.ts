/** Things that end, and things that tell about themselves: the two shapes that long-lived objects are made of. */

export interface Disposable {
  dispose(): void;
}

/** Ends all that was added to it, last first. */
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

/** What an {@link Emitter} shows to others. */
export type Event<T> = Emitter<T>['on'];
