/** Work that can be interrupted after each step, so that threads which stop meanwhile need not wait for all of it. */

/** Each `yield` is a place where other things may happen: threads run, fork, call exec and end. */
export type Steps<Result> = Generator<undefined, Result>;
