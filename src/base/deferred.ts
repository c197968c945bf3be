/** Something that happens once, or fails to, and may be waited for before and after. */
export class Deferred<T> {
  #resolve!: (value: T) => void;
  #reject!: (error: unknown) => void;

  readonly promise = new Promise<T>((resolve, reject) => {
    this.#resolve = resolve;
    this.#reject = reject;
  });

  constructor() {
    // A failure that nobody waits for is no unhandled one.
    this.promise.catch(() => undefined);
  }

  /** Of no effect after the first time, as {@link reject}. */
  resolve(value: T): void {
    this.#resolve(value);
  }

  reject(error: unknown): void {
    this.#reject(error);
  }
}
