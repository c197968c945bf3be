/** What a probe is, as the user says it: where, what is reported, when. */
import { type Address } from '../../base/address';
import { type HitCondition } from '../../contract/messages';

export interface LineLocation {
  readonly kind: 'line';
  readonly file: string;
  readonly line: number;
}

export interface FunctionLocation {
  readonly kind: 'function';
  readonly name: string;
  /** Only in the program or library of this name. */
  readonly module?: string;
}

export type ProbeLocation =
  | LineLocation
  | FunctionLocation
  /** Where a function returns, or the one that has code of the line. */
  | { readonly kind: 'return'; readonly of: FunctionLocation | LineLocation }
  /** Every line of the files that has code; `*` in `file` is any characters of a component. */
  | { readonly kind: 'lines'; readonly file: string }
  /** All functions whose names match a {@link NamePattern}; `module` as above, with `*` as in `file`. */
  | { readonly kind: 'functions'; readonly pattern: string; readonly module?: string }
  | { readonly kind: 'address'; readonly address: Address }
  /** `offset` bytes after the function's entry, prologue included. */
  | { readonly kind: 'offset'; readonly module: string; readonly function: string; readonly offset: number };

export interface ProbeSpec {
  /** `log` reports each hit, `count` only counts. */
  readonly kind: 'log' | 'count';
  readonly location: ProbeLocation;
  /** A template ({@link parseTemplate}); without one, a log probe reports function, arguments and thread. */
  readonly message?: string;
  readonly condition?: string;
  readonly hits?: HitCondition;
  /** As the user wrote it. */
  readonly text: string;
}
