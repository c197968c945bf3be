/** A process that does nothing: what a doorbell, a scratch process and a launch begin as. */

import { existsSync } from 'fs';
import { SidestepError } from '../../base/errors';

const SLEEPERS = ['/bin/sleep', '/usr/bin/sleep'];

/** A program that does nothing for 68 years: coreutils and busybox agree on a number. */
export function sleeper(): string {
  const path = SLEEPERS.find((candidate) => existsSync(candidate));
  if (path === undefined) throw new SidestepError('launch-failed', `there is no ${SLEEPERS.join(' or ')}`);
  return path;
}

export const FOREVER_SECONDS = '2147483647';
