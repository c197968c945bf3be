/** Something that can log an integer each time a line is passed: what the benchmarks compare. */
import { type Target, type Work } from '../target';

export interface Trace extends Work {
  /** Hits that the tracer itself says it saw. */
  readonly logged: number;
}

export interface Tracer {
  readonly name: string;
  /** Why it can't take part here; undefined when it can. */
  readonly missing: () => string | undefined;
  /** Runs the target for that long with a logpoint `{x}` at its line, hit by `threads` threads without pause. */
  readonly trace: (target: Target, threads: number, seconds: number) => Promise<Trace>;
}
