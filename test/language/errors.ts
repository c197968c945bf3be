/** Asserts that something the user wrote is refused, and that the error points at the right characters. */
import assert from 'node:assert/strict';
import { type ErrorCode, SidestepError } from '../../src/base/errors';

/**
 * The error that `work` throws. `at`: the characters of `text` that its range covers; '' for a place between
 * characters.
 */
export function refusal(
  work: () => unknown,
  text: string,
  code: ErrorCode,
  message: RegExp,
  at?: string,
): SidestepError {
  let error: unknown;
  try {
    work();
  } catch (thrown) {
    error = thrown;
  }
  assert(error instanceof SidestepError, `${JSON.stringify(text)} is accepted`);
  assert.equal(error.code, code, error.message);
  assert.match(error.message, message);
  const range = error.place?.range;
  assert(range !== undefined, 'the error has no range');
  if (at !== undefined) assert.equal(text.slice(range.start, range.end), at);
  return error;
}
