import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { Arena } from '../../src/engine/tracing/arena';
import { processorOf } from '../../src/engine/linux/proc';
import { Ptrace } from '../../src/engine/tracing/ptrace';
import { Waiter } from '../../src/engine/tracing/wait';
import { selectedPieces } from '../../src/engine/surrogate/selectedBytes';
import { Surrogate } from '../../src/engine/surrogate/surrogate';
import { decode } from '../../src/emulator/decode/decode';
import { State, UserRegister, type UserRegisterName } from '../../src/emulator/machine/state';
import { planOf } from '../../src/emulator/surrogate/plan';
import { MemoryHost } from './surrogate/memoryHost';
import { NativeLayout } from './surrogate/native';
import { untilSync } from '../until';
import { skip } from '../skip';

const SITE = 0x401000n;
const TRAP_FLAG = 0x100n;
const XSAVE_BYTES = 576;

/** A host whose thread last ran on a processor that the test chooses. */
class BoundHost extends MemoryHost {
  bound: number | undefined = 0;

  override processor(): number | undefined {
    return this.bound;
  }
}

describe('an execution by the surrogate', () => {
  const arena = new Arena();
  const host = new BoundHost(arena, XSAVE_BYTES);
  const surrogate = new Surrogate(arena, new Ptrace(arena), new Waiter(arena), host);
  const state = new DataView(arena.memory.buffer, 0, State.bytes);
  after(() => surrogate.dispose());

  const get = (name: UserRegisterName) => state.getBigUint64(UserRegister[name], true);
  const set = (name: UserRegisterName, value: bigint) => state.setBigUint64(UserRegister[name], value, true);

  function execute(hex: string): 0 | 1 {
    const bytes = Buffer.from(hex, 'hex');
    const instruction = decode(bytes, SITE);
    const plan = instruction && planOf(instruction, bytes);
    assert.ok(plan !== undefined);
    set('rip', SITE + 1n);
    return surrogate.execute(plan);
  }

  beforeEach(() => {
    for (const name of Object.keys(UserRegister) as UserRegisterName[]) set(name, 0n);
    set('eflags', 0x202n);
  });

  it('reads the base of FS, which is the thread’s own', () => {
    set('fs_base', 0x7f1234567000n);
    assert.equal(execute('f3480faec0'), 0); // rdfsbase rax
    assert.equal(get('rax'), 0x7f1234567000n);
    assert.equal(get('rip'), SITE + 5n);
  });

  it('sets it', () => {
    set('rbx', 0x7f7654321000n);
    assert.equal(execute('f3480faed3'), 0); // wrfsbase rbx
    assert.equal(get('fs_base'), 0x7f7654321000n);
  });

  it('reads the clock', () => {
    assert.equal(execute('0f31'), 0); // rdtsc
    const first = (get('rdx') << 32n) | get('rax');
    assert.equal(execute('0f31'), 0);
    assert.ok(((get('rdx') << 32n) | get('rax')) > first);
  });

  it('happens on the processor that the thread ran on, where the result depends on it', function () {
    const processors = [0, Number(execFileSync('nproc', { encoding: 'latin1' })) - 1];
    for (const processor of [...processors, ...processors]) {
      host.bound = processor;
      // rdtscp: ECX has the number of the processor in its lower 12 bits (arch/x86/include/asm/segment.h).
      if (execute('0f01f9') !== 0) skip(this, 'the processor has no RDTSCP');
      assert.equal(Number(get('rcx') & 0xfffn), processor);
    }
    host.bound = undefined;
    assert.equal(execute('0f01f9'), 1);
  });

  it('is left to a thread that single-steps itself', () => {
    set('eflags', 0x202n | TRAP_FLAG);
    assert.equal(execute('0f31'), 1);
    assert.equal(get('rax'), 0n);
    assert.equal(get('rip'), SITE + 1n);
  });

  it('is left to the thread when the instruction faults, and changes nothing', () => {
    set('rbx', BigInt(NativeLayout.data + 8));
    const before = host.bytes(NativeLayout.data, 64).slice();
    assert.equal(execute('0f2903'), 1); // movaps [rbx], xmm0: not aligned
    assert.deepEqual(host.bytes(NativeLayout.data, 64), before);
    assert.equal(get('rip'), SITE + 1n);
  });

  it('goes on after the scratch process was killed', () => {
    const { pid } = surrogate.start();
    process.kill(pid, 'SIGKILL');
    untilSync('its end', () => readFileSync(`/proc/${pid}/stat`, 'latin1').includes(') Z'));
    assert.equal(execute('0f31'), 0);
    assert.notEqual(get('rax'), 0n);
  });

  it('knows the processor of a thread', () => {
    assert.ok(processorOf(process.pid)! >= 0);
    assert.equal(processorOf(0x7ffffffe), undefined);
  });
});

describe('selected bytes of a masked store', () => {
  it('are those that are equal after runs over zeros and over ones', () => {
    const first = Uint8Array.of(0, 7, 8, 0, 0, 255, 0);
    const second = Uint8Array.of(255, 7, 8, 255, 0, 255, 255);
    assert.deepEqual(selectedPieces(first, second), [
      { offset: 1, length: 2 },
      { offset: 4, length: 2 },
    ]);
    assert.deepEqual(selectedPieces(Uint8Array.of(0, 0), Uint8Array.of(255, 255)), []);
  });
});
