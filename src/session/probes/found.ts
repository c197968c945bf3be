/** What a location was found to mean in a process. */
import { type Address } from '../../base/address';
import { type SidestepError } from '../../base/errors';
import { type FrameKey, type Leaving, type SourceLine } from '../../debuginfo/model/model';
import { type Module } from '../code/module';

/** One place in one process. */
export interface FoundPlace {
  /** Undefined for code that belongs to no file. */
  readonly module: Module | undefined;
  /** Addresses that serve, best first; never empty. */
  readonly candidates: readonly Address[];
  /** The start of the function, where the user chose an address in it: that address may be no instruction's start. */
  readonly from?: Address;
  readonly line: SourceLine | undefined;
  /** Where an inlined function starts, the address alone does not say which function is meant. */
  readonly function: string | undefined;
  /** Why hits there may be more or fewer than what is meant. */
  readonly doubt?: string;
  /** Where a function returns. */
  readonly leaving?: Leaving;
  /** Which copy of the function returns there, among all of the process. */
  readonly copy?: string;
}

/** Where a copy of a function is entered. */
export interface FoundEntry {
  readonly module: Module;
  readonly address: Address;
  readonly copy: string;
  readonly frame: FrameKey;
}

/** The result of the search in some modules: places, or why there are none. */
export interface Search {
  readonly places: readonly FoundPlace[];
  /** The line that the places stand for, when it was a line that was looked for. */
  readonly line?: number;
  /** Of a function's returns: where it is entered. */
  readonly entries?: readonly FoundEntry[];
  /** Why there may be more or fewer hits than what is meant, wherever the places are. */
  readonly doubts?: readonly string[];
  /** What was wrong in modules that were searched. */
  readonly errors: readonly SidestepError[];
}
