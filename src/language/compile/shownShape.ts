/**
 * An object whose layout the running program knows ({@link Shape}): a hit brings its own bytes, then the numbers, then
 * what lies elsewhere.
 */
import { readInteger } from '../../base/littleEndian';
import { type AgentOperation } from '../../contract/agent/operations';
import { sizeNode } from '../typed/sizes';
import { type Place } from '../typed/tree';
import { leaf } from '../value/node';
import { MORE, snapshot } from '../value/snapshot';
import { nodeOf } from '../value/typeNodes';
import { type Shape } from './shape';
import { failureOf, fixed, mainOf, type Showing, type ShownValue } from './shown';
import { type Hole } from './storage';

export function shownShape(place: Place, shape: Shape, { style, compiler, budget }: Showing): ShownValue {
  const storage = compiler.storage(place);
  if (storage.kind === 'missing') return fixed(storage.reason);
  const limit = budget.forValue(shape.size ?? Infinity);
  const size = shape.size === undefined ? sizeNode(place.type) : undefined;
  const isPossible = shape.numbers.every(() => budget.takeExtra(8)) && (shape.size ?? size) !== undefined;
  if (!isPossible) return fixed('<not available: its layout is too complex>');
  const address = compiler.address(place);
  const main: AgentOperation[] =
    size === undefined
      ? [...address, { op: 'captureMemory', size: limit }]
      : [...address, ...compiler.value(size), { op: 'captureSlice', limit }];
  const numbers = shape.numbers.map((node) => [...compiler.value(node), { op: 'capture', size: 8 } as const]);
  const bases = shape.bases.map(({ place: base, size: bytes }) => {
    if (!budget.takeExtra(bytes)) return undefined;
    return [...compiler.address(base), { op: 'captureMemory', size: bytes } as const];
  });
  return {
    captures: [main, ...numbers, ...bases.filter((base) => base !== undefined)],
    node: (captures) => {
      const whole = mainOf(captures);
      const others = captures.slice(1);
      const found = others.splice(0, numbers.length);
      const failures = [whole, ...found].map((capture) => failureOf(capture, compiler));
      const failure = failures.find((text) => text !== undefined);
      if (failure !== undefined) return leaf(failure, { type: place.type });
      const end = shape.size ?? whole.bytes.length;
      const parts = [{ bytes: whole.bytes, size: end, missing: MORE }];
      for (const [index, { size: bytes }] of shape.bases.entries()) {
        const capture = bases[index] && others.shift();
        const missing = capture && failureOf(capture, compiler);
        const isThere = capture !== undefined && missing === undefined;
        parts.push({ bytes: isThere ? capture.bytes : new Uint8Array(), size: bytes, missing: missing ?? MORE });
      }
      const { joined, holes, starts } = joinedParts(parts);
      const values = found.map(({ bytes }) => readInteger(bytes, 0, 8, true));
      return nodeOf(shape.resolved(values, starts.slice(1)), snapshot(joined, { holes }), style);
    },
  };
}

interface CollectedPart {
  readonly bytes: Uint8Array;
  /** What it has when it is there in full. */
  readonly size: number;
  /** What reads in the place of bytes that are not there. */
  readonly missing: string;
}

/** Parts one after the other, each at a multiple of 8, as if they were one object. */
function joinedParts(parts: readonly CollectedPart[]): { joined: Uint8Array; holes: Hole[]; starts: number[] } {
  let end = 0;
  const placed = parts.map((part) => {
    const start = end;
    end = (start + part.size + 7) & ~7;
    return { ...part, start };
  });
  const joined = new Uint8Array(end);
  const holes: Hole[] = [];
  for (const { bytes, size, missing, start } of placed) {
    joined.set(bytes.subarray(0, size), start);
    if (bytes.length < size) holes.push({ start: start + bytes.length, end: start + size, reason: missing });
  }
  return { joined, holes, starts: placed.map(({ start }) => start) };
}
