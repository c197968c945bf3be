/** Patience has an end: what takes longer goes on, but nobody waits for it. */

/** What the promise gives; undefined when it gives nothing in that time, in ms. Rejects as the promise does. */
export async function within<T>(ms: number, promise: Promise<T> | undefined): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => (timer = setTimeout(() => resolve(undefined), ms)));
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
