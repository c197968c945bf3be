/**
 * What the failing engine does differently. The test writes a plan to a file, the engine reads it when the next request
 * comes, and writes down beside it which calls the plan before it has seen.
 */

/** In the environment of the failing engine: the plan's file. */
export const PLAN_VARIABLE = 'SIDESTEP_FAILURE_PLAN';

export interface Failure {
  /** As {@link Tally.counts} names it. */
  readonly call: string;
  /** Which of the calls with that name, from 1. */
  readonly nth: number;
  /**
   * An errno, and the call is not made. `kill`: the process that the call is about dies, then the call is made, which
   * is how ESRCH comes about.
   */
  readonly how: number | 'kill';
  /** How many calls fail, from this one on; 1 by default. */
  readonly times?: number;
}

export interface Plan {
  /** Another one than the last plan's: counting begins anew. */
  readonly serial: number;
  readonly failures: readonly Failure[];
}

export interface Tally {
  readonly serial: number;
  /** `ptrace CONT`, `open /proc/PID/mem`, `wait4`… and how often it was made. */
  readonly counts: Readonly<Record<string, number>>;
  /** Whether the failure has come about. */
  readonly failed: boolean;
}

export function tallyFile(plan: string): string {
  return `${plan}.tally`;
}
