/**
 * What executing the displaced instruction adds to a hit: a compiled function called on the state, where memory is an
 * array; compiling it, once for each distinct instruction; and the scratch process, for those that are not lifted.
 */
import { Arena, Layout } from '../src/engine/tracing/arena';
import { Ptrace } from '../src/engine/tracing/ptrace';
import { Waiter } from '../src/engine/tracing/wait';
import { Surrogate } from '../src/engine/surrogate/surrogate';
import { compile } from '../src/emulator/compile/compile';
import { decode } from '../src/emulator/decode/decode';
import { Emulator } from '../src/emulator/emulator';
import { liftedMnemonics } from '../src/emulator/families';
import { type Host } from '../src/emulator/machine/machine';
import { SIGNAL_REGISTERS } from '../src/emulator/oracle/program';
import { Random } from '../src/emulator/oracle/random';
import { ScratchMemory } from '../src/emulator/oracle/scratchMemory';
import { StateSource } from '../src/emulator/oracle/states';
import { type Subject } from '../src/emulator/oracle/verify';
import { State, USER_REGISTERS_BYTES, UserRegister } from '../src/emulator/machine/state';
import { planOf } from '../src/emulator/surrogate/plan';
import { MemoryHost } from '../test/engine/surrogate/memoryHost';
import { NativeLayout } from '../test/engine/surrogate/native';
import { subjectsOf } from '../test/emulator/forms';
import { goals, say, table } from './report';
import { median } from './statistics';

/** Of a hit, as the section hits measures it. */
const HIT_NS = 15_000;

const SEED = 1;
const SUBJECTS_PER_FORM = 2;
/** States are tried until the instruction runs to its end from one. */
const ATTEMPTS = 50;

/** The host costs nothing but the call: what memory costs is system calls, which are no part of this. */
const NO_MEMORY: Host = { load: () => true, store: () => true };

const SURROGATE_INSTRUCTIONS = [
  ['registers', 'paddd xmm0, xmm1', '660ffec1'],
  ['memory', 'movups xmm0, [rbx]', '0f1003'],
] as const;

export function benchEmulation({ calls }: { calls: number }): void {
  say('## The displaced instruction\n');
  const families = Object.entries(liftedMnemonics()).map(([family, mnemonics]) => ({
    family,
    subjects: subjectsOf(mnemonics, SUBJECTS_PER_FORM, new Random(SEED)),
  }));
  const rows = families.map(({ family, subjects }) => ({ name: family, costs: executionCosts(subjects, calls) }));
  const all = { name: 'all', costs: rows.flatMap(({ costs }) => costs) };
  table(
    ['family', 'instructions', 'ns a call: median', '95th percentile', 'median of a hit'],
    [...rows.filter(({ costs }) => costs.length > 0), all].map(({ name, costs }) => [
      name,
      String(costs.length),
      median(costs).toFixed(0),
      percentile(costs, 0.95).toFixed(0),
      `${((100 * median(costs)) / HIT_NS).toFixed(2)} %`,
    ]),
  );
  const preparations = preparationCosts(families.flatMap(({ subjects }) => subjects));
  const surrogate = SURROGATE_INSTRUCTIONS.map(([name, text, hex]) => ({ name, text, cost: surrogateCost(hex) }));
  table(
    ['once, or without a family', 'µs: median'],
    [
      ['preparing one distinct instruction: decode, lift, compile', (median(preparations) / 1000).toFixed(1)],
      ...surrogate.map(({ name, text, cost }) => [`surrogate, on ${name}: ${text}`, (cost / 1000).toFixed(1)]),
    ],
  );
  const share = (percentile(all.costs, 0.95) / HIT_NS) * 100;
  goals([{ what: '95 of 100 instructions, of a hit', value: share, bound: { atMost: 10 }, unit: '%' }]);
}

/** ns of one call, for each instruction that ran. */
function executionCosts(subjects: readonly Subject[], calls: number): readonly number[] {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1 });
  const machine = { memory, stateOffset: 0, host: NO_MEMORY };
  const programs = subjects.map(({ operations, instruction }) => ({ operations, length: instruction.length }));
  const functions = compile(machine, programs);
  const random = new Random(SEED);
  const source = new StateSource(
    random,
    new ScratchMemory(random, new WebAssembly.Memory({ initial: 1, maximum: 1 }), 0),
  );
  const state = new BigUint64Array(memory.buffer, State.registers, USER_REGISTERS_BYTES / 8);
  return subjects.flatMap((subject, index) => {
    const execute = functions[index]!;
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const before = registersOf(source.next(subject.instruction, subject.address));
      state.set(before);
      if (execute() === 0) return [nsPerCall(execute, state, before, calls)];
    }
    return [];
  });
}

/** The state as INT3 leaves it, in the order of user_regs_struct. */
function registersOf(values: BigUint64Array): BigUint64Array {
  const registers = new BigUint64Array(USER_REGISTERS_BYTES / 8);
  SIGNAL_REGISTERS.forEach((name, number) => (registers[UserRegister[name] / 8] = values[number]!));
  registers[UserRegister.rip / 8]! += 1n;
  // A thread that single-steps itself or checks alignment executes nothing here.
  registers[UserRegister.eflags / 8] = 0x202n;
  return registers;
}

/** Every call starts from the same registers; setting them is measured alone and taken off. */
function nsPerCall(execute: () => number, state: BigUint64Array, before: BigUint64Array, calls: number): number {
  const time = (run: () => number): number => {
    const start = process.hrtime.bigint();
    for (let call = 0; call < calls; call++) {
      state.set(before);
      run();
    }
    return Number(process.hrtime.bigint() - start) / calls;
  };
  time(execute);
  return Math.max(0, time(execute) - time(() => 0));
}

/** ns from bytes to a function that can be called, each instruction by itself. */
function preparationCosts(subjects: readonly Subject[]): readonly number[] {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1 });
  const emulator = new Emulator(memory, 0, NO_MEMORY, () => 1);
  return subjects.map(({ bytes, address }) => {
    const start = process.hrtime.bigint();
    emulator.prepare(bytes, BigInt(address));
    return Number(process.hrtime.bigint() - start);
  });
}

/** ns of an execution by the scratch process, the thread's side of it from memory. */
function surrogateCost(hex: string, executions = 2000): number {
  const bytes = Buffer.from(hex, 'hex');
  const instruction = decode(bytes, BigInt(NativeLayout.data));
  const plan = instruction && planOf(instruction, bytes);
  if (plan === undefined) throw new Error(`internal error: no plan for ${hex}`);
  const arena = new Arena();
  const host = new MemoryHost(arena, XSAVE_BYTES);
  const surrogate = new Surrogate(arena, new Ptrace(arena), new Waiter(arena), host);
  const state = new DataView(arena.memory.buffer, Layout.state, State.bytes);
  const set = (name: keyof typeof UserRegister, value: number): void =>
    state.setBigUint64(State.registers + UserRegister[name], BigInt(value), true);
  set('rbx', NativeLayout.data);
  set('eflags', 0x202);
  try {
    return median(
      Array.from({ length: executions }, () => {
        set('rip', 0x401001);
        const start = process.hrtime.bigint();
        if (surrogate.execute(plan) !== 0) throw new Error(`internal error: ${hex} was not executed`);
        return Number(process.hrtime.bigint() - start);
      }),
    );
  } finally {
    surrogate.dispose();
  }
}

/** Legacy region and header: no more is in use. */
const XSAVE_BYTES = 576;

function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((left, right) => left - right);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]!;
}
