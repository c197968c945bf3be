/**
 * The guardian puts back the bytes that INT3 displaces. Here the engine, the program and the guardian are this process:
 * the "text" lies in a part of the arena that nothing else uses.
 */
import assert from 'node:assert/strict';
import { INT3 } from '../../src/base/x86';
import { ProcessMemory } from '../../src/engine/linux/memory';
import { Arena, Layout } from '../../src/engine/tracing/arena';
import { type BreakpointRecord, Ledger } from '../../src/engine/tracing/ledger';
import { Text } from '../../src/guardian/text';

/** push rbp; mov rbp, rsp; sub rsp, 16; nop. */
const TEXT = [0x55, 0x48, 0x89, 0xe5, 0x48, 0x83, 0xec, 0x10, 0x90];

describe('the guardian’s text', () => {
  let arena: Arena;
  let ledger: Ledger;
  let memory: ProcessMemory;
  let text: Text;

  beforeEach(() => {
    arena = new Arena();
    ledger = new Ledger(arena);
    memory = ProcessMemory.open(process.pid)!;
    text = new Text(process.pid, memory, arena.base);
    arena.u8.set(TEXT, Layout.output);
  });

  afterEach(() => {
    text.dispose();
    memory.close();
  });

  /** A breakpoint so many bytes into the text. */
  function put(distance: number, length = 4): BreakpointRecord {
    const original = Uint8Array.from(TEXT.slice(distance, distance + length));
    const record = ledger.breakpoint(arena.address(Layout.output) + distance, original, memory.descriptor, 1)!;
    record.arm();
    arena.u8[Layout.output + distance] = INT3;
    return record;
  }

  const now = (): number[] => [...arena.u8.subarray(Layout.output, Layout.output + TEXT.length)];

  it('is as it was wherever INT3 stands', () => {
    put(0);
    put(4);
    text.restore();
    assert.deepEqual(now(), TEXT);
  });

  it('is as it was where breakpoints lie in each other’s text', () => {
    for (const distance of [0, 1, 3]) put(distance);
    text.restore();
    assert.deepEqual(now(), TEXT);
  });

  it('keeps what the program wrote there in the meantime', () => {
    put(0);
    arena.u8[Layout.output + 2] = 0x31;
    text.restore();
    assert.deepEqual(now(), [INT3, 0x48, 0x31, ...TEXT.slice(3)]);
  });

  it('keeps an INT3 of the program’s own', () => {
    put(0).disarm();
    text.restore();
    assert.equal(now()[0], INT3);
  });

  it('reports which breakpoints there are, also those that are gone', () => {
    put(0);
    put(4).disarm();
    const base = arena.address(Layout.output);
    assert.deepEqual(
      text.restore().map(({ address, armed }) => [address - base, armed]),
      [
        [0, true],
        [4, false],
      ],
    );
  });

  it('is cleaned in a copy too, of breakpoints that are gone by now as well', () => {
    put(0).disarm();
    text.restore();
    assert.equal(now()[0], INT3);
    text.clean(memory);
    assert.deepEqual(now(), TEXT);
  });

  it('is left alone where its memory can’t be reached', () => {
    const original = Uint8Array.from(TEXT.slice(0, 4));
    ledger.breakpoint(arena.address(Layout.output), original, 9999, 1)!.arm();
    arena.u8[Layout.output] = INT3;
    text.restore();
    assert.equal(now()[0], INT3);
  });
});
