/** What loops burn: {@link AGENT_LIMITS.fuel}. The engine and whoever else runs agents count alike. */
import { assertExists } from '../../base/assert';
import { type AgentOperation, READ_FUEL } from './operations';

const READS: ReadonlySet<AgentOperation['op']> = new Set(['load', 'captureMemory', 'captureString', 'captureSlice']);

/** By the index of each `loop` of a verified part: the fuel of one pass through it, without the loops in it. */
export function loopFuel(operations: readonly AgentOperation[]): ReadonlyMap<number, number> {
  const fuel = new Map<number, number>();
  const open: (number | undefined)[] = [];
  operations.forEach(({ op }, index) => {
    const loop = open.findLast((opener) => opener !== undefined);
    if (loop !== undefined) fuel.set(loop, assertExists(fuel.get(loop), 'fuel') + (READS.has(op) ? READ_FUEL : 1));
    if (op === 'loop') fuel.set(index, 0);
    if (op === 'if' || op === 'when' || op === 'frame' || op === 'loop') open.push(op === 'loop' ? index : undefined);
    if (op === 'end') open.pop();
  });
  return fuel;
}

/** Whether a part of a program loops. */
export function loops(operations: readonly AgentOperation[]): boolean {
  return operations.some(({ op }) => op === 'loop');
}
