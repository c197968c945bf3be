/** Assertions that stay in release builds: an unforeseen state must stop Sidestep, not corrupt a program. */

export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(`internal error: ${message}`);
}

/** The value, when it can't be missing. */
export function assertExists<T>(value: T | undefined | null, what: string): T {
  if (value === undefined || value === null) throw new Error(`internal error: missing ${what}`);
  return value;
}

/** Closes a switch over a union: the compiler shows a forgotten member. */
export function assertUnreachable(value: never): never {
  throw new Error(`internal error: unexpected ${JSON.stringify(value)}`);
}
