import assert from 'node:assert/strict';
import { classify, Emulator, type Prepared } from '../../src/emulator/emulator';
import { Processor } from '../../src/emulator/machine/processor';
import { listing } from '../../src/emulator/ir/listing';
import { Random } from '../../src/emulator/oracle/random';
import { State, UserRegister, type UserRegisterName } from '../../src/emulator/machine/state';

const SITE = 0x401000n;
const STATE_OFFSET = 64;
const INTERRUPTS_ENABLED = 0x202n;
const [ZERO, TRAP, DIRECTION, ALIGNMENT_CHECK] = [1n << 6n, 1n << 8n, 1n << 10n, 1n << 18n];
const [NESTED_TASK, RESUME, VIRTUAL_8086, ID] = [1n << 14n, 1n << 16n, 1n << 17n, 1n << 21n];

/** A target that has `bytes` from 0x1000 on; stores to `readOnly` fail. */
class Target {
  readonly memory = new WebAssembly.Memory({ initial: 1, maximum: 1 });
  readonly emulator: Emulator;
  readOnly = false;
  /** How many bytes each load and each store was to move, those that failed too. */
  readonly loads: number[] = [];
  readonly stores: number[] = [];
  readonly #view = new DataView(this.memory.buffer, STATE_OFFSET, State.bytes);
  readonly #operand = new Uint8Array(this.memory.buffer, STATE_OFFSET + State.operand, State.operandCapacity);

  constructor(
    processor?: Processor,
    readonly bytes = new Uint8Array(64),
  ) {
    const host = {
      load: () =>
        this.#transfer(this.loads, (place, length) => this.#operand.set(this.bytes.subarray(place, place + length))),
      store: () =>
        this.#transfer(this.stores, (place, length) => {
          this.bytes.set(this.#operand.subarray(0, length), place);
        }),
    };
    this.emulator = new Emulator(this.memory, STATE_OFFSET, host, () => 1, processor);
    this.set('eflags', INTERRUPTS_ENABLED);
    this.set('rip', SITE + 1n);
  }

  get(name: UserRegisterName): bigint {
    return this.#view.getBigUint64(State.registers + UserRegister[name], true);
  }

  set(name: UserRegisterName, value: bigint): void {
    this.#view.setBigUint64(State.registers + UserRegister[name], value, true);
  }

  prepare(hex: string): Extract<Prepared, { execution: 'emulated' }> {
    const prepared = this.emulator.prepare(Buffer.from(hex, 'hex'), SITE);
    assert.ok(prepared.execution === 'emulated');
    return prepared;
  }

  #transfer(lengths: number[], move: (place: number, length: number) => void): boolean {
    const place = Number(this.#view.getBigUint64(State.operandAddress, true)) - 0x1000;
    const length = Number(this.#view.getBigUint64(State.operandLength, true));
    lengths.push(length);
    const mapped = place >= 0 && place + length <= this.bytes.length;
    const possible = mapped && !(this.readOnly && lengths === this.stores);
    if (possible) move(place, length);
    return possible;
  }
}

describe('Emulator', () => {
  it('executes a push and leaves RIP, which INT3 has moved already', () => {
    const target = new Target();
    target.set('rbp', 0x1122334455667788n);
    target.set('rsp', 0x1010n);
    const { execute, writes, length, instruction } = target.prepare('55');
    assert.deepEqual([instruction, length, writes], ['push rbp', 1, ['rsp']]);
    assert.equal(execute(), 0);
    assert.equal(target.get('rsp'), 0x1008n);
    assert.equal(target.get('rip'), SITE + 1n);
    assert.deepEqual([...target.bytes.subarray(8, 16)], [0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11]);
  });

  it('moves RIP behind longer instructions and says so', () => {
    const target = new Target();
    const { execute, writes } = target.prepare('4889e5'); // mov rbp, rsp
    assert.equal(execute(), 0);
    assert.equal(target.get('rip'), SITE + 3n);
    assert.deepEqual(writes, ['rbp', 'rip']);
  });

  it('writes the flags where an instruction sets some', () => {
    assert.deepEqual(new Target().prepare('85ff').writes, ['eflags', 'rip']); // test edi, edi
  });

  it('computes every value from the state as it was', () => {
    const target = new Target();
    target.set('rax', 1n);
    target.set('rcx', 2n);
    assert.equal(target.prepare('4891').execute(), 0); // xchg rcx, rax
    assert.deepEqual([target.get('rax'), target.get('rcx')], [2n, 1n]);
  });

  it('clears the upper half with 32 bits, and keeps the rest with 16 and 8', () => {
    const target = new Target();
    for (const [hex, expected] of [
      ['b8ffffffff', 0xffffffffn], // mov eax, -1
      ['66b8ffff', 0x112233445566ffffn], // mov ax, -1
      ['b0ff', 0x11223344556677ffn], // mov al, -1
      ['b4ff', 0x112233445566ff88n], // mov ah, -1
    ] as const) {
      target.set('rax', 0x1122334455667788n);
      assert.equal(target.prepare(hex).execute(), 0);
      assert.equal(target.get('rax'), expected, hex);
    }
  });

  it('divides to the lowest negative number, which has no positive counterpart', () => {
    const [lowest, minusOne] = [1n << 63n, 2n ** 64n - 1n];
    for (const [rdx, rcx, result] of [
      [minusOne, 1n, 0],
      [0n, minusOne, 0],
      [0n, 1n, 1],
      [minusOne, minusOne, 1],
    ] as const) {
      const target = new Target();
      target.set('rdx', rdx);
      target.set('rax', lowest);
      target.set('rcx', rcx);
      assert.equal(target.prepare('48f7f9').execute(), result); // idiv rcx
      assert.equal(target.get('rax'), lowest);
    }
  });

  it('extends a selector by zeros', () => {
    const target = new Target();
    target.set('ds', 0xfff7n); // of a local descriptor table
    assert.equal(target.prepare('8cd8').execute(), 0); // mov eax, ds
    assert.equal(target.get('rax'), 0xfff7n);
    target.set('fs', 0xfff7n);
    target.set('rsp', 0x1008n);
    target.set('rip', SITE + 1n);
    assert.equal(target.prepare('0fa0').execute(), 0); // push fs
    assert.equal(new DataView(target.bytes.buffer).getBigUint64(0, true), 0xfff7n);
  });

  it('takes the nesting level of enter modulo 32', () => {
    const target = new Target();
    target.set('rsp', 0x1030n);
    assert.equal(target.prepare('c8000020').execute(), 0); // enter 0, 32
    assert.deepEqual([target.get('rsp'), target.get('rbp')], [0x1028n, 0x1028n]);
  });

  it('pops to an address that the stack pointer is a part of, as it is afterwards', () => {
    for (const [hex, top, place] of [
      ['8f442408', 0x1008n, 0x10], // pop qword ptr [rsp+8]
      ['668f442408', 0x1002n, 0xa], // pop word ptr [rsp+8]
    ] as const) {
      const target = new Target();
      target.bytes.set([1, 2, 3, 4, 5, 6, 7, 8]);
      target.set('rsp', 0x1000n);
      assert.equal(target.prepare(hex).execute(), 0);
      assert.equal(target.get('rsp'), top);
      const bytes = Number(top - 0x1000n);
      assert.deepEqual(target.bytes.slice(place, place + bytes), target.bytes.slice(0, bytes));
    }
  });

  it('pushes as many frame pointers as the nesting level of enter says', () => {
    for (const [level, pushed] of [
      ['00', [0x1010n]],
      ['01', [0x1010n, 0x1028n]],
      ['02', [0x1010n, 7n, 0x1028n]],
      ['03', [0x1010n, 7n, 6n, 0x1028n]],
    ] as const) {
      const target = new Target();
      const stack = new BigUint64Array(target.bytes.buffer);
      stack.set([6n, 7n]);
      target.set('rsp', 0x1030n);
      target.set('rbp', 0x1010n);
      assert.equal(target.prepare(`c80000${level}`).execute(), 0);
      const top = 0x1030n - 8n * BigInt(pushed.length);
      assert.deepEqual([target.get('rbp'), target.get('rsp')], [0x1028n, top]);
      assert.deepEqual([...stack.slice(Number(top - 0x1000n) / 8, 6)].reverse(), pushed);
    }
  });

  describe('steps aside with nothing changed', () => {
    function assertStepsAside(target: Target, hex: string): void {
      const names = Object.keys(UserRegister) as UserRegisterName[];
      const [registers, bytes] = [names.map((name) => target.get(name)), Uint8Array.from(target.bytes)];
      assert.equal(target.prepare(hex).execute(), 1);
      assert.deepEqual(
        names.map((name) => target.get(name)),
        registers,
      );
      assert.deepEqual(target.bytes, bytes);
    }

    it('when a load fails', () => assertStepsAside(new Target(), '488b00')); // mov rax, [rax]

    it('when a store fails', () => {
      const target = new Target();
      target.readOnly = true;
      target.set('rsp', 0x1010n);
      assertStepsAside(target, 'e800010000'); // call
      target.set('rbx', 0x1000n);
      assertStepsAside(target, '480103'); // add [rbx], rax
    });

    it('when nothing shows that the new top of an enter’s stack can be written', () => {
      const target = new Target(undefined, new Uint8Array(0x2040));
      target.set('rsp', 0x3010n);
      assertStepsAside(target, 'c8090000'); // enter 9, 0: to 0x2fff, and RBP to 0x3008
      assert.equal(target.prepare('c8080000').execute(), 0);
      target.set('rip', SITE + 1n);
      target.set('rsp', 0x3018n);
      target.set('rbp', 0x1100n);
      assertStepsAside(target, 'c8010002'); // enter 1, 2: pushes three values
      assert.equal(target.prepare('c8000002').execute(), 0);
    });

    it('when a division has no result', () => {
      const target = new Target();
      assertStepsAside(target, '48f7f1'); // div rcx, by 0
      target.set('rcx', 1n);
      target.set('rdx', 1n);
      assertStepsAside(target, '48f7f1'); // the quotient needs 65 bits
    });

    it('when a branch leaves user space', () => {
      const target = new Target();
      target.set('rax', 1n << 47n);
      assertStepsAside(target, 'ffe0'); // jmp rax
    });

    it('when the processor takes it for another instruction, or for none', () => {
      const old = new Target(new Processor(new Set(['popcnt'])));
      assertStepsAside(old, 'f3480fbcc1'); // tzcnt rax, rcx; BSF without BMI1
      assertStepsAside(old, '0f38f001'); // movbe eax, [rcx]
      assert.equal(old.prepare('f3480fb8c1').execute(), 0); // popcnt rax, rcx
      assert.equal(new Target(new Processor(undefined)).prepare('f3480fbcc1').execute(), 0);
    });

    it('when the thread single-steps itself', () => {
      const target = new Target();
      target.set('eflags', INTERRUPTS_ENABLED | TRAP);
      assertStepsAside(target, '90');
    });

    it('when the thread checks alignment and memory is accessed', () => {
      const target = new Target();
      target.set('rsp', 0x1010n);
      target.set('eflags', INTERRUPTS_ENABLED | ALIGNMENT_CHECK);
      assertStepsAside(target, '55');
      assert.equal(target.prepare('4889e5').execute(), 0); // mov rbp, rsp
    });
  });

  describe('leaves to the thread only what processors do differently', () => {
    const UPPER_HALF = 1n << 32n;
    for (const { what, hex, aside, done } of [
      { what: 'bsf of nothing', hex: '0fbcc1', aside: { rcx: 0n }, done: { rcx: 8n } },
      { what: 'bsr of nothing', hex: '0fbdc1', aside: { rcx: 0n }, done: { rcx: 8n } },
      {
        what: 'cmpxchg of 32 bits that differ',
        hex: '0fb1d1',
        aside: { rax: 1n, rcx: 2n },
        done: { rax: 1n, rcx: 1n },
      },
      { what: 'shld of 16 bits by more', hex: '660fa5d0', aside: { rcx: 17n }, done: { rcx: 16n } },
      { what: 'shrd of 16 bits by more', hex: '660fadd0', aside: { rcx: 17n }, done: { rcx: 16n } },
      { what: 'a count of 0 in ECX', hex: '67f3aa', aside: { rcx: UPPER_HALF }, done: { rcx: UPPER_HALF + 1n } },
    ] as const) {
      it(what, () => {
        for (const [registers, result] of [
          [aside, 1],
          [done, 0],
        ] as const) {
          const target = new Target();
          target.set('rdi', 0x1000n);
          for (const [name, value] of Object.entries(registers)) target.set(name as UserRegisterName, value);
          assert.equal(target.prepare(hex).execute(), result);
        }
      });
    }

    it('enter with frame pointers that overlap those it reads', () => {
      const enter = 'c8000003'; // two frame pointers of enclosing functions
      for (const [rbp, result] of [
        // 32 bytes are pushed below 0x1030, 16 read below RBP: the last pushes would be read, or the first
        [0x1040n, 0],
        [0x103fn, 1],
        [0x1011n, 1],
        [0x1010n, 0],
      ] as const) {
        const target = new Target();
        target.set('rsp', 0x1030n);
        target.set('rbp', rbp);
        assert.equal(target.prepare(enter).execute(), result, rbp.toString(16));
      }
    });
  });

  describe('pushes and pops flags', () => {
    function pop(before: bigint, popped: bigint): { result: 0 | 1; flags: bigint } {
      const target = new Target();
      new DataView(target.bytes.buffer).setBigUint64(0, popped, true);
      target.set('rsp', 0x1000n);
      target.set('eflags', before);
      return { result: target.prepare('9d').execute(), flags: target.get('eflags') };
    }

    it('RF and VM as 0, all others as they are', () => {
      const target = new Target();
      const others = INTERRUPTS_ENABLED | NESTED_TASK | ID | ZERO | (1n << 15n) | (1n << 19n);
      for (const hidden of [RESUME, VIRTUAL_8086]) {
        target.set('rip', SITE + 1n);
        target.set('rsp', 0x1010n);
        target.set('eflags', others | hidden);
        assert.equal(target.prepare('9c').execute(), 0);
        assert.equal(new DataView(target.bytes.buffer).getBigUint64(8, true), others);
      }
    });

    it('unless a flag changes that a tracer can’t set', () => {
      for (const flag of [TRAP, NESTED_TASK, ID])
        assert.equal(pop(INTERRUPTS_ENABLED, INTERRUPTS_ENABLED | flag).result, 1);
      for (const flag of [NESTED_TASK, ID]) {
        assert.equal(pop(INTERRUPTS_ENABLED | flag, INTERRUPTS_ENABLED).result, 1);
        assert.equal(pop(INTERRUPTS_ENABLED | flag, INTERRUPTS_ENABLED | flag).result, 0);
      }
    });

    it('and changes the others', () => {
      const popped = INTERRUPTS_ENABLED | ZERO | DIRECTION | ALIGNMENT_CHECK;
      assert.deepEqual(pop(INTERRUPTS_ENABLED, popped), { result: 0, flags: popped });
    });
  });

  describe('repeats string instructions', () => {
    const [COUNT, PATTERN] = [64n, 0xa5n];

    it('in one transfer where no round reads what another wrote', () => {
      const target = new Target();
      target.set('rcx', COUNT);
      target.set('rax', PATTERN);
      target.set('rdi', 0x1000n);
      assert.equal(target.prepare('f3aa').execute(), 0); // rep stosb
      assert.deepEqual([target.get('rcx'), target.get('rdi'), target.stores], [0n, 0x1040n, [64]]);
      assert.ok(target.bytes.every((byte) => byte === Number(PATTERN)));
    });

    /** REP MOVS or STOS in a memory of 64 KB of random bytes; the transfers that it takes. */
    function repeat(hex: string, { rcx, rdi, rsi }: Record<'rcx' | 'rdi' | 'rsi', number>): Target {
      const random = new Random(rcx);
      const target = new Target(
        undefined,
        Uint8Array.from({ length: 0x10000 }, () => random.below(256)),
      );
      const expected = Buffer.from(target.bytes);
      const bytes = ROUND_BYTES.get(hex)!;
      const pattern = Buffer.alloc(8);
      pattern.writeBigUInt64LE(0x8877665544332211n);
      target.set('rax', 0x8877665544332211n);
      for (let round = 0; round < rcx; round++) {
        const [to, from] = [rdi + bytes * round - 0x1000, rsi + bytes * round - 0x1000];
        if (COPIES.has(hex)) expected.copyWithin(to, from, from + bytes);
        else pattern.copy(expected, to, 0, bytes);
      }
      for (const [name, value] of Object.entries({ rcx, rdi, rsi }))
        target.set(name as UserRegisterName, BigInt(value));
      assert.equal(target.prepare(hex).execute(), 0);
      assert.ok(expected.equals(target.bytes));
      const moved = bytes * rcx;
      assert.deepEqual(
        [target.get('rcx'), target.get('rdi'), target.get('rsi')],
        [0n, BigInt(rdi + moved), BigInt(rsi + (COPIES.has(hex) ? moved : 0))],
      );
      return target;
    }

    const COPIES: ReadonlySet<string> = new Set(['f3a4', 'f366a5', 'f3a5', 'f348a5']);
    const ROUND_BYTES: ReadonlyMap<string, number> = new Map([
      ...[...COPIES].map((hex, index) => [hex, 2 ** index] as const),
      ...['f3aa', 'f366ab', 'f3ab', 'f348ab'].map((hex, index) => [hex, 2 ** index] as const),
    ]);

    it('in as many transfers as the operand’s capacity makes of them', () => {
      const capacity = State.operandCapacity;
      for (const [hex, bytes] of ROUND_BYTES) {
        const rcx = (2 * capacity + 40) / bytes;
        const { loads, stores } = repeat(hex, { rcx, rdi: 0x1008, rsi: 0x8000 });
        assert.deepEqual(stores, [capacity, capacity, 40]);
        assert.deepEqual(loads, COPIES.has(hex) ? stores : []);
      }
    });

    it('of as many rounds as there are before one reads what another wrote', () => {
      for (const hex of COPIES) {
        const bytes = ROUND_BYTES.get(hex)!;
        // Into what is read later: the bytes before the target fill it.
        for (const [rounds, transfers] of [
          [1, [1, 1, 1, 1, 1, 1, 1]],
          [2, [2, 2, 2, 1]],
          [3, [3, 3, 1]],
          [7, [7]],
        ] as const) {
          const { loads, stores } = repeat(hex, { rcx: 7, rsi: 0x1800, rdi: 0x1800 + rounds * bytes });
          assert.deepEqual(
            stores,
            transfers.map((count) => count * bytes),
          );
          assert.deepEqual(loads, stores);
        }
        // Into what the same round reads.
        for (const distance of [0, bytes - 1]) {
          const { stores } = repeat(hex, { rcx: 7, rsi: 0x1800, rdi: 0x1800 + distance });
          assert.deepEqual(stores, Array<number>(7).fill(bytes));
        }
        // Into what was read before.
        assert.deepEqual(repeat(hex, { rcx: 7, rsi: 0x1808, rdi: 0x1800 }).stores, [7 * bytes]);
      }
    });

    it('and one round at a time after a transfer that failed', () => {
      const target = new Target();
      target.set('rcx', 0x50n);
      target.set('rdi', 0x1000n);
      assert.equal(target.prepare('f3aa').execute(), 1);
      assert.deepEqual(target.stores, [0x50, ...Array<number>(0x41).fill(1)]);
      const only = new Target();
      only.set('rcx', 1n);
      assert.equal(only.prepare('f3aa').execute(), 1);
      assert.deepEqual(only.stores, [1]);
      const copying = new Target();
      copying.set('rcx', 0x30n);
      copying.set('rsi', 0x1000n);
      copying.set('rdi', 0x1020n);
      assert.equal(copying.prepare('f3a4').execute(), 1);
      assert.deepEqual(copying.stores, [0x20, 0x10, 1]);
    });

    it('downwards with DF', () => {
      const target = new Target();
      target.bytes.set([1, 2, 3]);
      target.set('eflags', INTERRUPTS_ENABLED | DIRECTION);
      target.set('rcx', 3n);
      target.set('rsi', 0x1002n);
      target.set('rdi', 0x1012n);
      assert.equal(target.prepare('f3a4').execute(), 0);
      assert.deepEqual([...target.bytes.subarray(0x10, 0x13)], [1, 2, 3]);
      assert.equal(target.get('rsi'), 0xfffn);
    });

    it('until a comparison says enough', () => {
      const target = new Target();
      target.bytes.set([7, 7, 7, 0]);
      target.set('rcx', 2n ** 64n - 1n);
      target.set('rdi', 0x1000n);
      assert.equal(target.prepare('f2ae').execute(), 0); // repne scasb, as strlen has it
      assert.deepEqual([target.get('rdi'), target.get('rcx')], [0x1004n, 2n ** 64n - 5n]);
    });

    it('and leaves what would fault to the thread, with the rounds before it done', () => {
      const target = new Target();
      target.set('rcx', 100n);
      target.set('rax', PATTERN);
      target.set('rdi', 0x1020n);
      assert.equal(target.prepare('f3aa').execute(), 1);
      assert.deepEqual([target.get('rcx'), target.get('rdi'), target.get('rip')], [68n, 0x1040n, SITE + 1n]);
      assert.ok(target.bytes.subarray(32).every((byte) => byte === Number(PATTERN)));
    });

    it('for a bounded time', () => {
      const memory = new WebAssembly.Memory({ initial: 1, maximum: 1 });
      const registers = new BigUint64Array(memory.buffer, State.registers, 27);
      // All of memory is mapped, and never equal to what is looked for.
      const host = { load: () => true, store: () => true };
      const emulator = new Emulator(memory, 0, host, () => 1);
      const prepared = emulator.prepare(Buffer.from('f2ae', 'hex'), SITE);
      assert.ok(prepared.execution === 'emulated');
      registers[UserRegister.rcx / 8] = 2n ** 40n;
      registers[UserRegister.rax / 8] = 1n;
      assert.equal(prepared.execute(), 1);
      assert.equal(registers[UserRegister.rcx / 8]! + registers[UserRegister.rdi / 8]!, 2n ** 40n);
    });

    it('as often as all of RCX says', () => {
      const memory = new WebAssembly.Memory({ initial: 1, maximum: 1 });
      const registers = new BigUint64Array(memory.buffer);
      const lengths = new Set<bigint>();
      const store = (): boolean => {
        lengths.add(registers[State.operandLength / 8]!);
        return true;
      };
      const prepared = new Emulator(memory, 0, { load: () => true, store }, () => 1).prepare(
        Buffer.from('f3aa', 'hex'),
        SITE,
      );
      assert.ok(prepared.execution === 'emulated');
      registers[UserRegister.rcx / 8] = 2n ** 63n;
      assert.equal(prepared.execute(), 1);
      assert.deepEqual([...lengths], [BigInt(State.operandCapacity)]);
    });
  });

  it('compiles equal bytes once, wherever they lie', () => {
    const { emulator } = new Target();
    const bytes = Buffer.from('e800010000', 'hex');
    const [here, there] = [emulator.prepare(bytes, SITE), emulator.prepare(bytes, 0x7ffff7dc3000n)];
    assert.ok(here.execution === 'emulated' && there.execution === 'emulated');
    assert.equal(here.execute, there.execute);
    assert.notEqual(here.instruction, there.instruction);
  });

  it('takes a jump or not by the flags', () => {
    const target = new Target();
    const { execute, writes } = target.prepare('7410'); // je
    assert.deepEqual(writes, ['rip']);
    assert.equal(execute(), 0);
    assert.equal(target.get('rip'), SITE + 2n);
    target.set('rip', SITE + 1n);
    target.set('eflags', INTERRUPTS_ENABLED | ZERO);
    assert.equal(execute(), 0);
    assert.equal(target.get('rip'), SITE + 0x12n);
  });

  it('names the instructions that a shadow stack sees', () => {
    const target = new Target();
    assert.equal(target.prepare('c3').changesShadowStack, true);
    assert.equal(target.prepare('e800010000').changesShadowStack, true);
    assert.equal(target.prepare('eb10').changesShadowStack, false);
  });

  it('gives the reason of a refusal', () => {
    const prepared = new Target().emulator.prepare(Buffer.from('0f05', 'hex'), SITE);
    assert.ok(prepared.execution === 'refused');
    assert.deepEqual(
      [prepared.instruction, prepared.length, prepared.code, prepared.reason],
      ['syscall', 2, 'system-call', 'a system call must be made by the thread itself'],
    );
  });
});

describe('listing', () => {
  function listed(hex: string): string[] {
    const classification = classify(Buffer.from(hex, 'hex'), SITE);
    assert.ok(classification.execution === 'emulated');
    return listing(classification.operations);
  }

  it('shows what an instruction does, one line for each micro-operation', () => {
    assert.deepEqual(listed('c3'), [
      'm0 = load64(rsp)',
      'step aside unless (m0 >> 0x2f) == 0',
      'rip = m0',
      'rsp = rsp + 8',
    ]);
    assert.deepEqual(listed('55'), ['t0 = rsp - 8', 'store64(t0) = rbp', 'rsp = t0']);
    assert.deepEqual(listed('f3aa'), [
      'while rcx is not 0:',
      '  store8(rdi) = al',
      '  rdi = rdi + (DF ? 0xffffffffffffffff : 1)',
      '  rcx = rcx - 1',
    ]);
    assert.deepEqual(listed('480f44c3'), ['rax = rbx if ZF']);
  });
});
