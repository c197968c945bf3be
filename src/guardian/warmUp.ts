/** Runs the first step many times in advance, on this process's own memory, because code that has never run is slow. */
import { type Arena, Layout } from '../engine/tracing/arena';
import { Ledger } from '../engine/tracing/ledger';
import { ProcessMemory } from '../engine/linux/memory';
import { INT3 } from '../base/x86';
import { Text } from './text';

const ROUNDS = 2000;
const BREAKPOINTS = 3;
const TEXT_BYTES = 16;

/** Afterwards the arena's output and ledger are as before. */
export function warmUp(arena: Arena): void {
  const memory = ProcessMemory.open(process.pid);
  if (memory === undefined) return;
  const ledger = new Ledger(arena);
  const records = Array.from({ length: BREAKPOINTS }, (_, at) => {
    const address = arena.address(Layout.output + at * TEXT_BYTES);
    return ledger.breakpoint(address, new Uint8Array(TEXT_BYTES), memory.descriptor, 1);
  });
  const text = new Text(process.pid, memory, arena.base);
  for (let round = 0; round < ROUNDS; round++) {
    for (const record of records) record?.arm();
    for (let at = 0; at < BREAKPOINTS; at++) arena.u8[Layout.output + at * TEXT_BYTES] = INT3;
    text.restore();
  }
  for (const record of records) record?.remove();
  text.dispose();
  memory.close();
}
