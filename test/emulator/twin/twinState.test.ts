/**
 * Atomic instructions in two ways on the CPU: as they are, and by each twin that they can have, from registers and to
 * registers that the emulator computes. `SIDESTEP_SEED=random` takes other states.
 */
import assert from 'node:assert/strict';
import { hex } from '../../../src/base/address';
import { compile } from '../../../src/emulator/compile/compile';
import { disassemble } from '../../../src/emulator/decode/decode';
import { type Execute } from '../../../src/emulator/machine/machine';
import { type Outcome, Oracle, type Window } from '../../../src/emulator/oracle/oracle';
import { Layout, SELECTORS, SIGNAL_REGISTERS } from '../../../src/emulator/oracle/program';
import { Random } from '../../../src/emulator/oracle/random';
import { ScratchMemory } from '../../../src/emulator/oracle/scratchMemory';
import { StateSource } from '../../../src/emulator/oracle/states';
import { type Subject } from '../../../src/emulator/oracle/verify';
import { FLAG_BITS, FLAGS, SEGMENT_REGISTERS } from '../../../src/emulator/machine/registers';
import { State, UserRegister, type UserRegisterName, USER_REGISTERS_BYTES } from '../../../src/emulator/machine/state';
import { formName, type TwinCode, twinCodeOf } from '../../../src/emulator/twin/forms';
import { type TwinPlan, twinPlanOf, type TwinWay } from '../../../src/emulator/twin/plan';
import { TwinState } from '../../../src/emulator/twin/twinState';
import { codesOf, randomAtomic } from '../forms';
import { twinBytes } from './twinBytes';

const { SIDESTEP_SEED } = process.env;
const seed = SIDESTEP_SEED === 'random' ? Math.floor(Math.random() * 0x7fffffff) : Number(SIDESTEP_SEED ?? 1847);

const SUBJECTS_PER_FORM = 6;
const STATES = 25;
const SIGTRAP = 5;
const RIP = SIGNAL_REGISTERS.indexOf('rip');
const WINDOW_BYTES = 48;

const MNEMONICS = [
  ...['add', 'sub', 'adc', 'sbb', 'inc', 'dec', 'neg', 'not', 'and', 'or', 'xor', 'xadd', 'xchg'],
  ...['bts', 'btr', 'btc', 'cmpxchg', 'cmpxchg8b', 'cmpxchg16b'],
];

type Atomic = Omit<Subject, 'operations'>;

/** One state, and what is to be run from it. */
interface Trial {
  readonly atomic: Atomic;
  readonly execute: Execute;
  readonly way: TwinWay;
  readonly code: TwinCode;
  readonly bytes: Uint8Array;
  readonly before: BigUint64Array;
  /** What the twin starts from. `undefined`: the thread shall run its own instruction. */
  readonly entered: BigUint64Array | undefined;
  readonly windows: readonly Window[];
}

describe(`a twin does what the atomic instruction does (seed ${seed})`, function () {
  const random = new Random(seed);
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1 });
  const view = new DataView(memory.buffer);
  const registers = new Uint8Array(memory.buffer, State.registers, USER_REGISTERS_BYTES);
  const scratch = new ScratchMemory(random, memory, 0);
  const twins = new TwinState(memory, 0, scratch);
  const source = new StateSource(random, scratch);
  const oracle = new Oracle(scratch.data, scratch.constants);

  after(() => oracle.dispose());

  for (const mnemonic of MNEMONICS) {
    it(mnemonic, function () {
      const trials = subjects(mnemonic).flatMap((subject) => Array.from({ length: STATES }, () => trial(subject)));
      const natives = oracle.run(
        trials.map(({ atomic, before, windows }) => ({ code: atomic.bytes, registers: before, windows })),
      );
      const entered = trials.filter((each) => each.entered !== undefined);
      const outcomes = oracle.run(
        entered.map(({ bytes, entered: start, windows }) => ({ code: bytes, registers: start!, windows })),
      );
      let executed = 0;
      trials.forEach((each, index) => {
        const native = natives[index]!;
        const twin = outcomes[entered.indexOf(each)];
        const what = () => describeTrial(each);
        const faulted = native.signal !== SIGTRAP;
        if (twin === undefined) {
          assert.ok(faulted || mayBeLeft(each), `left to the thread, though it goes through: ${what()}`);
          return;
        }
        assert.equal(twin.signal !== SIGTRAP, faulted, what());
        if (faulted) return;
        executed++;
        assertSame(each, native, twin, what);
      });
      this.test!.title += `, ${trials.length} states, ${executed} executed`;
      assert.ok(executed > trials.length / 3, `only ${executed} of ${trials.length} states ran to the end`);
    });
  }

  it('tries a swap again when memory has changed in between', () => {
    const [subject] = subjects('neg');
    for (let tries = 0; tries < 100; tries++) {
      const { before, entered, execute, way, code } = trial(subject!);
      if (entered === undefined) continue;
      const saved = savedOf(before, subject!.atomic);
      registers.set(saved);
      assert.equal(twins.enter(execute, way, code, saved), true);
      setField('eflags', view.getBigUint64(UserRegister.eflags, true) & ~(1n << BigInt(FLAG_BITS.ZF)));
      assert.equal(twins.leave(execute, way, code, saved), false);
      assert.deepEqual(Buffer.from(registers), Buffer.from(saved));
      return;
    }
    assert.fail('no state could be entered');
  });

  interface Planned {
    readonly atomic: Atomic;
    readonly execute: Execute;
    readonly way: TwinWay;
  }

  /** Some instructions of each form, with each way that they can go. */
  function subjects(mnemonic: string): Planned[] {
    const atomics = codesOf(mnemonic).flatMap((code) =>
      Array.from({ length: SUBJECTS_PER_FORM }, () => randomAtomic(code, random) ?? []).flat(),
    );
    const planned = atomics.map((atomic) => ({ atomic, plan: planOf(atomic) }));
    const executes = compile(
      { memory, stateOffset: 0, host: twins },
      planned.map(({ plan }) => plan),
    );
    return planned.flatMap(({ atomic, plan }, index) =>
      plan.ways.map((way) => ({ atomic, execute: executes[index]!, way })),
    );
  }

  function trial({ atomic, execute, way }: Planned): Trial {
    const bytes = twinBytes(way.form, random);
    const found = twinCodeOf(bytes);
    assert.ok(found !== undefined && formName(found.form) === formName(way.form), Buffer.from(bytes).toString('hex'));
    for (;;) {
      const before = source.next(atomic.instruction, atomic.address);
      const saved = savedOf(before, atomic);
      registers.set(saved);
      const could = twins.enter(execute, way, found.code, saved);
      if (!could) assert.deepEqual(Buffer.from(registers), Buffer.from(saved));
      const entered = could ? collected(BigInt(atomic.address)) : undefined;
      const address = Number(view.getBigUint64(State.operandAddress, true));
      scratch.takeWindows();
      // Memory of the scratch program itself can't be experimented with.
      if (address >= Layout.program && address < Layout.data - 64) continue;
      if (address > Layout.constants + Layout.constantsBytes + 64 && address < Layout.batch + Layout.batchCapacity)
        continue;
      const windows = windowsAround(address);
      return { atomic, execute, way, code: found.code, bytes, before, entered, windows };
    }
  }

  /** Of the operand's surroundings, as far as they can be written. */
  function windowsAround(address: number): readonly Window[] {
    const start = Math.max(address - WINDOW_BYTES / 3, Layout.data);
    const end = Math.min(start + WINDOW_BYTES, Layout.constants);
    return start < end ? [{ address: start, bytes: scratch.data.slice(start - Layout.data, end - Layout.data) }] : [];
  }

  /** The state's registers as INT3 leaves them. */
  function savedOf(before: BigUint64Array, atomic: Atomic): Uint8Array {
    spread(before);
    setField('rip', BigInt(atomic.address + 1));
    setField('fs_base', BigInt(Layout.fsBase));
    setField('gs_base', BigInt(Layout.gsBase));
    for (const segment of SEGMENT_REGISTERS) setField(segment, BigInt(SELECTORS[segment]));
    return registers.slice();
  }

  function spread(values: BigUint64Array): void {
    SIGNAL_REGISTERS.forEach((name, number) => setField(name, values[number]!));
  }

  function collected(rip?: bigint): BigUint64Array {
    const values = BigUint64Array.from(SIGNAL_REGISTERS, (name) => view.getBigUint64(UserRegister[name], true));
    if (rip !== undefined) values[RIP] = rip;
    return values;
  }

  function setField(name: UserRegisterName, value: bigint): void {
    view.setBigUint64(State.registers + UserRegister[name], value, true);
  }

  function assertSame(each: Trial, native: Outcome, twin: Outcome, what: () => string): void {
    const { atomic, before, execute, way, code } = each;
    const saved = savedOf(before, atomic);
    spread(twin.registers);
    assert.equal(twins.leave(execute, way, code, saved), true, what());
    const after = collected();
    SIGNAL_REGISTERS.forEach((name, number) => {
      const real = native.registers[number]!;
      if (name === 'eflags') {
        for (const flag of FLAGS) {
          if (atomic.instruction.undefinedFlags.includes(flag)) continue;
          const bit = 1n << BigInt(FLAG_BITS[flag]);
          assert.equal(after[number]! & bit, real & bit, `${flag}: ${what()}`);
        }
      } else {
        // The INT3 after the instruction was executed.
        assert.equal(hex(after[number]!), hex(name === 'rip' ? real - 1n : real), `${name}: ${what()}`);
      }
    });
    native.windows.forEach(({ bytes }, index) => {
      assert.deepEqual(Buffer.from(twin.windows[index]!.bytes), Buffer.from(bytes), what());
    });
  }
});

function planOf(atomic: Atomic): TwinPlan {
  const plan = twinPlanOf(atomic.instruction);
  assert.ok(plan !== undefined, atomic.instruction.code);
  return plan;
}

/** An operand that crosses the boundary of every piece that the twin could swap. */
function mayBeLeft({ atomic, way }: Trial): boolean {
  const operand = atomic.instruction.operands.find(({ kind }) => kind === 'memory');
  return way.given === 'memory' && operand?.kind === 'memory' && operand.width < way.form.width;
}

function describeTrial({ atomic, way, bytes, before, windows }: Trial): string {
  return [
    disassemble(atomic.bytes, BigInt(atomic.address)),
    `by ${disassemble(bytes, 0n)}, given ${way.given}`,
    ...SIGNAL_REGISTERS.map((name, number) => `${name}=${hex(before[number]!)}`),
    ...windows.map(({ address, bytes: held }) => `${hex(address)}: ${Buffer.from(held).toString('hex')}`),
  ].join('\n  ');
}
