/** Registers and siginfo as views of a thread that was read. */
import assert from 'node:assert/strict';
import { UserRegister, type UserRegisterName } from '../../../src/emulator/machine/state';
import { Arena, Layout } from '../../../src/engine/tracing/arena';
import { Ptrace } from '../../../src/engine/tracing/ptrace';
import { Registers } from '../../../src/engine/tracing/registers';
import { Siginfo, SignalMask } from '../../../src/engine/tracing/siginfo';
import { Waiter } from '../../../src/engine/tracing/wait';
import { kill } from '../../../src/engine/linux/processes';
import { Signal } from '../../../src/engine/linux/signals';
import { spawn } from '../../../src/engine/linux/spawn';

describe('registers', () => {
  const { buffer } = new WebAssembly.Memory({ initial: 1, maximum: 1 });
  const START = 64;
  const registers = new Registers(buffer, START);
  const view = new DataView(buffer, START);

  beforeEach(() => registers.bytes.fill(0));

  it('have the names of struct user_regs_struct, all 64 bits', () => {
    for (const name of Object.keys(UserRegister) as UserRegisterName[]) {
      registers.set(name, 0x7fff_1234_5678);
      assert.equal(view.getBigUint64(UserRegister[name], true), 0x7fff_1234_5678n, name);
      assert.equal(registers.get(name), 0x7fff_1234_5678, name);
      assert.equal(registers.low(name), 0x1234_5678, name);
    }
  });

  it('take negative numbers', () => {
    for (const value of [-1, -38, -0x8000_0000, -0x1_0000_0001, Number.MIN_SAFE_INTEGER]) {
      registers.result = value;
      assert.equal(view.getBigInt64(UserRegister.rax, true), BigInt(value));
      assert.equal(registers.result, value);
    }
    registers.systemCall = -1;
    assert.equal(view.getBigInt64(UserRegister.orig_rax, true), -1n);
    assert.equal(registers.systemCall, -1);
  });

  it('know their instruction, stack and flags', () => {
    registers.ip = 0x5555_0000_1000;
    registers.set('rsp', 0x7fff_ffff_e000);
    registers.flags = 0x246;
    assert.equal(view.getBigUint64(UserRegister.rip, true), 0x5555_0000_1000n);
    assert.equal(registers.ip, 0x5555_0000_1000);
    assert.equal(registers.sp, 0x7fff_ffff_e000);
    assert.equal(view.getBigUint64(UserRegister.eflags, true), 0x246n);
  });

  it('say which of them a number holds exactly', () => {
    view.setBigUint64(UserRegister.rbx, 2n ** 53n - 1n, true);
    assert.ok(registers.isExact(UserRegister.rbx));
    view.setBigUint64(UserRegister.rbx, 2n ** 53n, true);
    assert.ok(!registers.isExact(UserRegister.rbx));
  });

  it('change a lower half alone, and copy all bits', () => {
    view.setBigUint64(UserRegister.rdx, 0xfedc_ba98_7654_3210n, true);
    registers.setLow('rdx', 0x80_0000);
    assert.equal(view.getBigUint64(UserRegister.rdx, true), 0xfedc_ba98_0080_0000n);
    const other = new Registers(buffer, START + 256);
    other.copy('rdx', registers);
    assert.deepEqual(
      other.bytes.subarray(UserRegister.rdx, UserRegister.rdx + 8),
      registers.bytes.subarray(UserRegister.rdx, UserRegister.rdx + 8),
    );
  });
});

describe('what reading a thread returns', () => {
  const arena = new Arena();
  const ptrace = new Ptrace(arena);
  const waiter = new Waiter(arena);

  it('is nothing where there is no such thread', () => {
    assert.equal(ptrace.getRegisters(process.pid), undefined);
    assert.equal(ptrace.getSiginfo(process.pid), undefined);
    assert.equal(ptrace.getSignalMask(process.pid), undefined);
    assert.equal(ptrace.getEventMessage(process.pid), undefined);
    assert.equal(ptrace.hasShadowStack(process.pid), false);
  });

  it('shows a stopped thread', () => {
    const pid = spawn('/bin/sleep', ['sleep', '60']);
    try {
      assert.equal(ptrace.seize(pid, 0), 0);
      kill(pid, Signal.SIGUSR1);
      assert.deepEqual(waiter.waitFor(pid), { kind: 'signal', signal: Signal.SIGUSR1 });
      const registers = ptrace.getRegisters(pid);
      const siginfo = ptrace.getSiginfo(pid);
      assert.ok(registers && siginfo);
      assert.equal(registers.ip, arena.number(Layout.registers + UserRegister.rip));
      assert.equal(siginfo.signal, Signal.SIGUSR1);
      assert.equal(siginfo.isFromKernel, false);
      assert.equal(siginfo.pid, process.pid);
      ptrace.getSignalMask(pid)!.add(Signal.SIGTRAP);
      assert.equal(ptrace.setSignalMask(pid), 0);
      arena.view.setBigUint64(Layout.signalMask, 0n);
      ptrace.getSignalMask(pid);
      assert.equal(arena.view.getBigUint64(Layout.signalMask, true), 1n << BigInt(Signal.SIGTRAP - 1));
    } finally {
      kill(pid, Signal.SIGKILL);
      waiter.waitFor(pid);
    }
  });
});

describe('siginfo and masks', () => {
  const { buffer } = new WebAssembly.Memory({ initial: 1, maximum: 1 });

  it('are where the kernel has them', () => {
    const view = new DataView(buffer, 128);
    const siginfo = new Siginfo(buffer, 128);
    view.setInt32(0, Signal.SIGTRAP, true);
    view.setInt32(8, 0x80, true);
    view.setInt32(16, 4711, true);
    view.setInt32(24, 5, true);
    const { signal, code, isFromKernel, pid, status } = siginfo;
    assert.deepEqual(
      { signal, code, isFromKernel, pid, status },
      { signal: 5, code: 0x80, isFromKernel: true, pid: 4711, status: 5 },
    );
    view.setInt32(8, -6, true);
    assert.ok(!siginfo.isFromKernel);
    siginfo.clear();
    assert.equal(siginfo.pid, 0);
  });

  it('are replaced and added to', () => {
    const mask = new SignalMask(buffer, 512);
    mask.replace(1n << 40n);
    mask.add(Signal.SIGTRAP);
    assert.equal(new DataView(buffer).getBigUint64(512, true), (1n << 40n) | 16n);
  });
});
