/** A time limit on waiting. A promise that takes longer continues, but the caller stops waiting. */

/** The promise's result; undefined if it does not settle within that time, in ms. Rejects if the promise does. */
export async function within<T>(ms: number, promise: Promise<T> | undefined): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => (timer = setTimeout(() => resolve(undefined), ms)));
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
