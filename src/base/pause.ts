/** Stops the calling thread for `ms` milliseconds, which may be a fraction; for code without an event loop. */
export function pause(ms: number): void {
  Atomics.wait(never, 0, 0, ms);
}

const never = new Int32Array(new SharedArrayBuffer(4));
