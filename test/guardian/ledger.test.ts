/**
 * What the engine writes into its ledger, the guardian reads out of the engine's memory. Here both are this process.
 */
import assert from 'node:assert/strict';
import { LEDGER_BYTES, LedgerTables, ThreadPhase } from '../../src/contract/ledger';
import { Arena, Layout } from '../../src/engine/tracing/arena';
import { Ledger } from '../../src/engine/tracing/ledger';
import { TargetMemory } from '../../src/engine/tracing/targetMemory';
import { ProcessMemory } from '../../src/engine/linux/memory';
import { State, UserRegister } from '../../src/emulator/machine/state';
import { readBreakpoints, readHand, readThreads } from '../../src/guardian/ledger';

const PID = 1000;
const TEXT = Uint8Array.of(0x55, 0x48, 0x89, 0xe5);

describe('the ledger', () => {
  let arena: Arena;
  let ledger: Ledger;
  let memory: ProcessMemory;

  beforeEach(() => {
    arena = new Arena();
    ledger = new Ledger(arena);
    memory = ProcessMemory.open(process.pid)!;
  });

  afterEach(() => memory.close());

  it('lies within the arena', () => {
    assert.ok(Layout.ledger + LEDGER_BYTES <= arena.u8.length);
  });

  it('says which threads there are, and what is being done with them', () => {
    const [first, second, third] = [1, 2, 3].map((tid) => ledger.thread(PID, tid));
    first!.phase = ThreadPhase.atInt3;
    third!.report = 0x57f;
    ledger.removeThread(second!);
    assert.deepEqual(readThreads(memory, arena.base), [
      { pid: PID, tid: 1, phase: ThreadPhase.atInt3, report: 0 },
      { pid: PID, tid: 3, phase: ThreadPhase.running, report: 0x57f },
    ]);
    ledger.thread(PID, 4);
    assert.deepEqual(
      readThreads(memory, arena.base).map(({ tid }) => tid),
      [1, 4, 3],
    );
  });

  it('says where INT3 stands or stood, and what belongs there', () => {
    const address = 0x7f12_3456_7000;
    const record = ledger.breakpoint(address, TEXT, 17, 1)!;
    assert.deepEqual(readBreakpoints(memory, arena.base), []);
    const expected = { address, memory: 17, instructionLength: 1 };
    record.arm();
    const [armed] = readBreakpoints(memory, arena.base);
    assert.deepEqual({ ...armed, text: [...armed!.text] }, { ...expected, text: [...TEXT], armed: true });
    record.disarm();
    assert.equal(readBreakpoints(memory, arena.base)[0]!.armed, false);
    record.remove();
    assert.deepEqual(readBreakpoints(memory, arena.base), []);
  });

  it('says what an instruction may have changed already', () => {
    const target = new TargetMemory(arena);
    target.select(process.pid, memory);
    assert.deepEqual(
      [readHand(memory, arena.base).stored, readHand(memory, arena.base).extendedState],
      [undefined, undefined],
    );
    // It is written into the arena's own output.
    const place = arena.address(Layout.output);
    arena.setNumber(Layout.state + State.operandAddress, place);
    arena.setNumber(Layout.state + State.operandLength, 8);
    assert.ok(target.store());
    arena.u8.fill(7, Layout.output + 64, Layout.output + 96);
    target.noteExtendedStore(place + 64, 32);
    arena.setNumber(State.registers + UserRegister.rsp, 0x7ffc_0000_1000);
    const hand = readHand(memory, arena.base);
    assert.equal(hand.tid, process.pid);
    assert.deepEqual(hand.stored, { address: place, bytes: 8 });
    assert.deepEqual(hand.extendedState, Buffer.alloc(32, 7));
    assert.equal(hand.registers.readBigUInt64LE(UserRegister.rsp), 0x7ffc_0000_1000n);
    target.select(process.pid, memory);
    assert.equal(readHand(memory, arena.base).stored, undefined);
  });

  it('is not complete when something has found no room in it', () => {
    for (let tid = 1; tid <= LedgerTables.threads.capacity; tid++) ledger.thread(PID, tid);
    assert.ok(ledger.isComplete);
    const unread = ledger.thread(PID, 99_999);
    assert.ok(!ledger.isComplete);
    unread.phase = ThreadPhase.onTwin;
    ledger.removeThread(unread);
    assert.ok(readThreads(memory, arena.base).every(({ phase }) => phase === ThreadPhase.running));
  });
});
