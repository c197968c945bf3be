/** A process may end between any two requests, and the engine too: what was asked about it is then moot. */
import { SidestepError } from '../../base/errors';

/** The answer; undefined if the process or the engine has ended. */
export async function unlessEnded<T>(request: Promise<T>): Promise<T | undefined> {
  try {
    return await request;
  } catch (error) {
    if (error instanceof SidestepError && (error.code === 'process-not-found' || error.code === 'engine-gone')) {
      return undefined;
    }
    throw error;
  }
}
