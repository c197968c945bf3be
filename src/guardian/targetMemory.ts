/**
 * The memory of programs, as far as the guardian may access it: under Yama's scope 1 it may trace only its own
 * children.
 */
import { SidestepError } from '../base/errors';
import { ProcessMemory } from '../engine/linux/memory';

/** Uses the memory of a thread's process. `undefined`: the process is gone, or closed to the guardian. */
export function withMemory<T>(tid: number, use: (memory: ProcessMemory) => T): T | undefined {
  const memory = open(tid);
  if (memory === undefined) return undefined;
  try {
    return use(memory);
  } finally {
    memory.close();
  }
}

function open(tid: number): ProcessMemory | undefined {
  try {
    return ProcessMemory.open(tid);
  } catch (error) {
    if (error instanceof SidestepError) return undefined;
    throw error;
  }
}
