/** Errors as they cross the pipe. */
import { SidestepError } from '../../base/errors';
import { type EngineFailure } from '../../contract/messages';
import { addressSpaceLimit } from '../linux/limits';

export function failureOf({ code, message, advice, place }: SidestepError): EngineFailure {
  return { code, message, ...(advice !== undefined && { advice }), ...(place && { place }) };
}

/** Why the engine can't start; `undefined` for what is a bug. */
export function startFailureOf(thrown: unknown): EngineFailure | undefined {
  if (thrown instanceof SidestepError) return failureOf(thrown);
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
