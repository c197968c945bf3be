/**
 * Finds out why a probe's INT3 is gone. No event reports that a program maps something else over its text, drops its
 * pages or writes into them, or that another debugger does; the engine has to look.
 */
import { hex } from '../../base/address';
import { type Mapping } from '../../contract/messages';
import { type ProcessMemory } from '../linux/memory';
import { type Breakpoint } from '../tracees/tracees';
import { addressesOf } from '../tracees/probeOrigin';
import { mappingAt } from '../linux/mappingAt';

/** A sentence without a full stop. `mappings`: those of now. */
export function whyGone(memory: ProcessMemory, breakpoint: Breakpoint, mappings: readonly Mapping[]): string {
  const { address, origin, original } = breakpoint;
  const mapping = mappingAt(mappings, BigInt(address));
  if (mapping === undefined) return `the program has unmapped the code at ${hex(BigInt(address))}`;
  if (!addressesOf(origin, mappings).includes(address)) {
    return `the program has mapped ${mapping.path || 'anonymous memory'} over the code at ${hex(BigInt(address))}`;
  }
  const byte = memory.read(address, 1)[0];
  if (byte === original) return `the original code at ${hex(BigInt(address))} is back, and the probe's INT3 is gone`;
  return `other code was written to ${hex(BigInt(address))}, over the probe's INT3`;
}
