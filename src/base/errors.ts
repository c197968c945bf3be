/**
 * Errors that a user reads. Each says what happened, where, and what can be done; front ends show `message` as it is
 * and may put `advice` on a line of its own. Anything thrown that is not a SidestepError is a bug in Sidestep.
 */

/** Stable names for scripts and tests; messages may be reworded, codes may not. */
export type ErrorCode =
  // the program or process
  | 'program-not-found'
  | 'program-not-executable'
  | 'process-not-found'
  | 'attach-refused'
  | 'not-64-bit'
  | 'launch-failed'
  | 'elevation-refused'
  // files
  | 'file-unreadable'
  | 'not-elf'
  | 'wrong-architecture'
  | 'malformed'
  | 'unsupported'
  // what the user wrote
  | 'syntax'
  | 'type'
  | 'unknown-name'
  | 'unknown-function'
  | 'unknown-file'
  | 'no-code'
  | 'bad-option'
  | 'too-many'
  // what a client of the debug adapter sent
  | 'bad-request'
  // probes
  | 'not-probeable'
  | 'text-differs'
  | 'memory-unreachable'
  // the engine
  | 'engine-gone'
  | 'engine-protocol'
  | 'system-call';

/** Where in its input an error lies, as far as known. */
export interface ErrorPlace {
  readonly file?: string;
  readonly section?: string;
  /** Byte offset in `section`, or in `file` without one. */
  readonly offset?: number;
  /** UTF-16 range in a text the user wrote (expression, template, .probes line), 0-based, end exclusive. */
  readonly range?: { readonly start: number; readonly end: number };
  /** From 1, in a text of several lines that the user wrote; `range` then counts from the start of that line. */
  readonly line?: number;
  readonly pid?: number;
  readonly tid?: number;
}

export class SidestepError extends Error {
  override readonly name = 'SidestepError';

  constructor(
    readonly code: ErrorCode,
    message: string,
    readonly details: {
      readonly place?: ErrorPlace;
      readonly advice?: string;
      /** What many errors that differ in their details have in common, in a few words. */
      readonly reason?: string;
      readonly cause?: unknown;
    } = {},
  ) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
  }

  /** What the user can do: a sentence, with the command if there is one. */
  get advice(): string | undefined {
    return this.details.advice;
  }

  get place(): ErrorPlace | undefined {
    return this.details.place;
  }
}

/** The text of anything thrown, for places that can only show a string. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
