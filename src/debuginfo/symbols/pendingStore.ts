/**
 * What the last instruction of a prologue has yet to store. A probe that can't stand after the prologue, because that
 * is the head of a loop, stands at this instruction: a parameter that it moves to the frame is still in its register.
 */
import { type FrameStore } from '../../base/controlFlow';
import { type Entry } from '../dwarf/entry';
import { type Location, type LocationOperation } from '../model/model';
import { type Program } from './program';
import { addressAfterPrologue } from './prologue';

const NOT_STORED: Location = {
  kind: 'unavailable',
  reason: '<not available: it is not stored in its place before the function’s first line>',
};

/** The store that the instruction at `pc` makes, if the prologue of `subprogram` ends with it. */
export function pendingStore(program: Program, subprogram: Entry, pc: number): FrameStore | undefined {
  const first = addressAfterPrologue(subprogram, program.lines.tableOf(subprogram.unit));
  if (first === undefined || pc >= first) return undefined;
  const before = program.flowOf(subprogram)?.before(first);
  return before?.address === pc && before.store !== 'unknown' ? before.store : undefined;
}

/** Where a variable of `size` bytes is while `store` has not been made; `size` undefined: unknown. */
export function beforeStore(location: Location, size: number | undefined, store: FrameStore): Location {
  if (location.kind !== 'memory') return location;
  const place = distanceOf(location.address);
  if (!place) return NOT_STORED;
  if (place.base !== store.base) return isFrameRegister(place.base) ? NOT_STORED : location;
  const start = place.distance - store.displacement;
  if (start >= BigInt(store.size) || start + BigInt(size ?? 1) <= 0n) return location;
  if (start !== 0n || store.register === undefined || size === undefined || size > store.size) return NOT_STORED;
  return { kind: 'register', register: store.register };
}

function isFrameRegister(register: number): boolean {
  return register === 6 || register === 7;
}

/** Register and distance, where an address is no more than their sum. */
function distanceOf(
  address: readonly LocationOperation[],
): { readonly base: number; readonly distance: bigint } | undefined {
  const [first, second, third, ...others] = address;
  if (first?.op !== 'register' || others.length > 0) return undefined;
  if (second === undefined) return { base: first.register, distance: 0n };
  if (second.op !== 'const') return undefined;
  const distance = BigInt.asIntN(64, second.value);
  if (third?.op === 'add') return { base: first.register, distance };
  return third?.op === 'sub' ? { base: first.register, distance: -distance } : undefined;
}
