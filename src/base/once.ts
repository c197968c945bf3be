/**
 * A value that is read when first asked for. What reading it throws is kept and thrown again, so that bad input costs
 * no more than good input, however often it is asked for.
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
