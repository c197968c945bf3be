/**
 * A value that is read at the first request. An error while reading is kept and thrown again, so that repeated requests
 * for bad input cost no more than for good input.
 */
export class Once<T> {
  readonly #read: () => T;
  #result: { readonly value: T } | { readonly error: unknown } | undefined;

  constructor(read: () => T) {
    this.#read = read;
  }

  get value(): T {
    this.#result ??= this.#attempt();
    if ('error' in this.#result) throw this.#result.error;
    return this.#result.value;
  }

  #attempt(): { readonly value: T } | { readonly error: unknown } {
    try {
      return { value: this.#read() };
    } catch (error) {
      return { error };
    }
  }
}
