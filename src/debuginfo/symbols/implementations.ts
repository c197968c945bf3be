/**
 * Indirect functions (STT_GNU_IFUNC; GNU gABI extensions): the symbol's address is that of a resolver, which the
 * dynamic linker calls once and whose result is the function that all calls run. Only the process knows which one. But
 * it is one of the functions whose addresses the resolver names, and none of the others runs in its place: so a place
 * in each of them counts the calls.
 */
import { type FlowInstruction } from '../../base/controlFlow';

/** Resolvers ask helpers of their own; deeper ones only look at the processor. */
const MAX_DEPTH = 2;
/** A resolver has far fewer instructions; beyond this the function is not followed, to bound the work. */
const MAX_INSTRUCTIONS = 4096;

export interface ResolverCode {
  /** The instructions of the function at an address; undefined where there is none, or it can't be decoded. */
  functionAt(address: number): readonly FlowInstruction[] | undefined;
  /** What the slot at an address of data will hold, if that is an address of this file. */
  slot(address: number): number | undefined;
  /** Whether a function begins at an address. */
  isFunction(address: number): boolean;
}

/** The functions that the resolver at `resolver` chooses from, ascending; none where its code doesn't tell. */
export function implementationsOf(resolver: number, code: ResolverCode): readonly number[] {
  const found = new Set<number>();
  const seen = new Set<number>();
  look(resolver, 0);
  return [...found].sort((a, b) => a - b);

  function look(address: number, depth: number): void {
    if (depth > MAX_DEPTH || seen.has(address)) return;
    seen.add(address);
    const instructions = code.functionAt(address) ?? [];
    if (instructions.length > MAX_INSTRUCTIONS) return;
    for (const { constant, loadedFrom, target } of instructions) {
      for (const named of [constant, loadedFrom === undefined ? undefined : code.slot(loadedFrom)]) {
        if (named !== undefined && named !== resolver && code.isFunction(named)) found.add(named);
      }
      if (target !== undefined && code.isFunction(target)) look(target, depth + 1);
    }
  }
}
