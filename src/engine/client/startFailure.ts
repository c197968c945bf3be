/** Why an engine can't start, for its client. */
import { SidestepError } from '../../base/errors';
import { type EngineFailure, toFailure } from '../../contract/engineFailure';
import { addressSpaceLimit } from '../linux/limits';

/** `undefined` for what is a bug. */
export function startFailureOf(thrown: unknown): EngineFailure | undefined {
  if (thrown instanceof SidestepError) return toFailure(thrown);
  const limit = addressSpaceLimit();
  if (!(thrown instanceof RangeError) || limit === undefined) return undefined;
  return {
    code: 'launch-failed',
    message:
      `the engine can't start: address space is limited to ${Math.round(limit / 2 ** 20)} MB here (RLIMIT_AS), ` +
      'and WebAssembly, which executes probed instructions, reserves more than that without using it',
    advice: 'Raise the limit in the shell that starts the editor or Sidestep: ulimit -v unlimited',
  };
}
