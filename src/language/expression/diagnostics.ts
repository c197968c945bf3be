/** Errors about what the user wrote: each with the range of the characters it is about. */
import { type ErrorCode, SidestepError } from '../../base/errors';

/** UTF-16 offsets in the text the user wrote; `end` is exclusive. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

export function syntaxError(message: string, range: Range, advice?: string): SidestepError {
  return diagnostic('syntax', message, range, advice);
}

export function typeError(message: string, range: Range, advice?: string): SidestepError {
  return diagnostic('type', message, range, advice);
}

export function unknownName(message: string, range: Range, advice?: string): SidestepError {
  return diagnostic('unknown-name', message, range, advice);
}

/** Advice that offers the first of some names; undefined where there are none. */
export function didYouMean(names: readonly string[]): string | undefined {
  const quoted = names.slice(0, 3).map((name) => `\`${name}\``);
  return quoted.length > 0 ? `Did you mean ${quoted.join(', ').replace(/, ([^,]*)$/, ' or $1')}?` : undefined;
}

function diagnostic(code: ErrorCode, message: string, range: Range, advice: string | undefined): SidestepError {
  const place = { range: { start: range.start, end: range.end } };
  return new SidestepError(code, message, advice === undefined ? { place } : { place, advice });
}

/** Runs `work`; an error in it about a range gets the place that `relocate` gives for that range. */
export function relocating<T>(relocate: (range: Range) => SidestepError['details']['place'], work: () => T): T {
  try {
    return work();
  } catch (thrown) {
    if (!(thrown instanceof SidestepError) || thrown.place?.range === undefined) throw thrown;
    const place = { ...thrown.place, ...relocate(thrown.place.range) };
    throw new SidestepError(thrown.code, thrown.message, { ...thrown.details, place });
  }
}
