/** Agent programs, run on this process's own memory and on made-up registers. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  AGENT_REGISTERS,
  type AgentOperation,
  type AgentProgram,
  BINARY_OPERATIONS,
  CaptureStatus,
  FrameStatus,
  UNARY_OPERATIONS,
} from '../../../src/contract/agent/operations';
import { HIT_HEADER_BYTES } from '../../../src/contract/hits';
import { State, UserRegister } from '../../../src/emulator/machine/state';
import { AgentCompiler } from '../../../src/engine/agent/compile';
import { ConditionResult } from '../../../src/engine/agent/agent';
import { Arena, Layout } from '../../../src/engine/tracing/arena';
import { ProcessMemory } from '../../../src/engine/linux/memory';
import { TargetMemory } from '../../../src/engine/tracing/targetMemory';

const arena = new Arena();
const memory = new TargetMemory(arena);
const compiler = new AgentCompiler(arena, memory);
memory.select(process.pid, ProcessMemory.open(process.pid)!);

/** Memory that agents read: a page of this process, by its address, with nothing readable after it. */
const data = { at: Layout.input, address: BigInt(arena.address(Layout.input)) };

function run(captures: AgentProgram['captures']): { status: number; bytes: Buffer }[] {
  const agent = compiler.prepare({ captures });
  const start = Layout.output;
  const end = agent.capture(start);
  assert.ok(end - start <= agent.recordBytes - HIT_HEADER_BYTES, 'fits the room it asked for');
  const results = [];
  for (let at = start; at < end;) {
    const length = arena.u32[(at + 4) >>> 2]!;
    results.push({ status: arena.u32[at >>> 2]!, bytes: Buffer.from(arena.u8.slice(at + 8, at + 8 + length)) });
    at += 8 + ((length + 7) & ~7);
  }
  return results;
}

function evaluate(...operations: readonly AgentOperation[]): bigint {
  const [result] = run([[...operations, { op: 'capture', size: 8 }]]);
  assert.equal(result!.status, CaptureStatus.complete);
  return result!.bytes.readBigUInt64LE();
}

const push = (value: bigint): AgentOperation => ({ op: 'const', value });
const double = (value: number): bigint => {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(value);
  return bytes.readBigUInt64LE();
};
const asDouble = (bits: bigint): number => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(bits);
  return bytes.readDoubleLE();
};
const u = (value: bigint): bigint => BigInt.asUintN(64, value);
const s = (value: bigint): bigint => BigInt.asIntN(64, value);
const flag = (value: boolean): bigint => (value ? 1n : 0n);

describe('agent programs', () => {
  it('compute as 64-bit arithmetic does', () => {
    // prettier-ignore
    const meaning: Record<(typeof BINARY_OPERATIONS)[number], (a: bigint, b: bigint) => bigint> = {
      add: (a, b) => u(a + b), sub: (a, b) => u(a - b), mul: (a, b) => u(a * b),
      divS: (a, b) => u(s(a) / s(b)), divU: (a, b) => a / b, remS: (a, b) => u(s(a) % s(b)), remU: (a, b) => a % b,
      and: (a, b) => a & b, or: (a, b) => a | b, xor: (a, b) => a ^ b,
      shl: (a, b) => u(a << (b % 64n)), shrS: (a, b) => u(s(a) >> (b % 64n)), shrU: (a, b) => a >> (b % 64n),
      eq: (a, b) => flag(a === b), ne: (a, b) => flag(a !== b),
      ltS: (a, b) => flag(s(a) < s(b)), ltU: (a, b) => flag(a < b), leS: (a, b) => flag(s(a) <= s(b)), leU: (a, b) => flag(a <= b),
      gtS: (a, b) => flag(s(a) > s(b)), gtU: (a, b) => flag(a > b), geS: (a, b) => flag(s(a) >= s(b)), geU: (a, b) => flag(a >= b),
      addF: (a, b) => double(asDouble(a) + asDouble(b)), subF: (a, b) => double(asDouble(a) - asDouble(b)),
      mulF: (a, b) => double(asDouble(a) * asDouble(b)), divF: (a, b) => double(asDouble(a) / asDouble(b)),
      eqF: (a, b) => flag(asDouble(a) === asDouble(b)), neF: (a, b) => flag(asDouble(a) !== asDouble(b)),
      ltF: (a, b) => flag(asDouble(a) < asDouble(b)), leF: (a, b) => flag(asDouble(a) <= asDouble(b)),
      gtF: (a, b) => flag(asDouble(a) > asDouble(b)), geF: (a, b) => flag(asDouble(a) >= asDouble(b)),
    };
    const edges = fc.constantFrom(0n, 1n, 2n, 63n, 64n, 1n << 31n, 1n << 63n, (1n << 63n) - 1n, (1n << 64n) - 1n);
    const value = fc.oneof(edges, fc.bigInt(0n, (1n << 64n) - 1n));
    const real = fc.double({ noNaN: true, min: -1e100, max: 1e100 }).map(double);
    for (const op of BINARY_OPERATIONS) {
      // The operands come from memory, so that one compiled program serves all.
      const load = (at: bigint): AgentOperation[] => [push(data.address + at), { op: 'load', size: 8 }];
      const program: AgentOperation[] = [...load(0n), ...load(8n), { op }];
      const operands = op.endsWith('F') ? real : value;
      fc.assert(
        fc.property(operands, operands, (a, b) => {
          fc.pre(!/^(div|rem)[SU]/.test(op) || b !== 0n);
          arena.view.setBigUint64(data.at, a, true);
          arena.view.setBigUint64(data.at + 8, b, true);
          const [got, wanted] = [evaluate(...program), meaning[op](a, b)];
          if (/^(add|sub|mul|div)F/.test(op)) assert.deepEqual(asDouble(got), asDouble(wanted));
          else assert.equal(got, wanted, `${a} ${op} ${b}`);
        }),
        { numRuns: 60 },
      );
    }
  });

  it('convert and negate', () => {
    const cases: [(typeof UNARY_OPERATIONS)[number], bigint, bigint][] = [
      ['neg', 5n, u(-5n)],
      ['not', 0n, u(-1n)],
      ['isZero', 0n, 1n],
      ['isZero', 1n << 40n, 0n],
      ['negF', double(1.5), double(-1.5)],
      ['singleToDouble', 0x3fc00000n, double(1.5)],
      ['doubleToSingle', double(1.5), 0x3fc00000n],
      ['fromS', u(-3n), double(-3)],
      ['fromU', u(-1n), double(2 ** 64)],
      ['toS', double(-2.9), u(-2n)],
      ['toS', double(1e30), (1n << 63n) - 1n],
      ['toU', double(-1), 0n],
      ['toU', double(Number.NaN), 0n],
    ];
    assert.deepEqual(new Set(cases.map(([op]) => op)), new Set(UNARY_OPERATIONS));
    for (const [op, value, result] of cases) assert.equal(evaluate(push(value), { op }), result, op);
  });

  it('extend, duplicate, swap and drop', () => {
    assert.equal(evaluate(push(0x1ffn), { op: 'extend', bits: 8, signed: true }), u(-1n));
    assert.equal(evaluate(push(0x1ffn), { op: 'extend', bits: 8, signed: false }), 0xffn);
    assert.equal(evaluate(push(u(-7n)), { op: 'extend', bits: 64, signed: false }), u(-7n));
    assert.equal(evaluate(push(9n), { op: 'dup' }, { op: 'mul' }), 81n);
    assert.equal(evaluate(push(1n), push(5n), { op: 'swap' }, { op: 'sub' }), 4n);
    assert.equal(evaluate(push(1n), push(5n), { op: 'drop' }), 1n);
  });

  it('choose a branch, also within another', () => {
    const choose = (condition: bigint, yes: AgentOperation[], no: AgentOperation[]): AgentOperation[] => [
      push(condition),
      { op: 'if' },
      ...yes,
      { op: 'else' },
      ...no,
      { op: 'end' },
    ];
    assert.equal(
      evaluate(push(40n), ...choose(1n << 33n, choose(0n, [push(1n)], [push(2n)]), [push(3n)]), { op: 'add' }),
      42n,
    );
  });

  it('read registers; rip is the address of the site', () => {
    AGENT_REGISTERS.forEach((register, index) => {
      arena.view.setBigUint64(State.registers + UserRegister[register], 0x1_0000_0000_0001n * BigInt(index + 1), true);
    });
    AGENT_REGISTERS.forEach((register, index) => {
      const rip = register === 'rip' ? 1n : 0n;
      assert.equal(evaluate({ op: 'register', register }), 0x1_0000_0000_0001n * BigInt(index + 1) - rip, register);
    });
  });

  it('read xmm registers, and say that they do', () => {
    arena.u8.set([1, 2, 3, 4, 5, 6, 7, 8], Layout.vectors + 160 + 16 * 3 + 8);
    assert.equal(evaluate({ op: 'vector', register: 3, offset: 8, size: 8 }), 0x0807060504030201n);
    assert.equal(evaluate({ op: 'vector', register: 3, offset: 12, size: 4 }), 0x08070605n);
    assert.ok(
      compiler.prepare({ captures: [[{ op: 'vector', register: 3, offset: 12, size: 4 }, { op: 'drop' }]] })
        .usesVectors,
    );
    assert.ok(!compiler.prepare({ captures: [] }).usesVectors);
  });

  it('load with every size, and zero-extend', () => {
    arena.view.setBigUint64(data.at, 0xfedcba9876543210n, true);
    for (const [size, value] of [
      [1, 0x10n],
      [2, 0x3210n],
      [4, 0x76543210n],
      [8, 0xfedcba9876543210n],
    ] as const) {
      assert.equal(evaluate(push(data.address), { op: 'load', size }), value);
    }
  });

  it('capture memory, strings and slices, and say where a limit cut them', () => {
    arena.u8.set(Buffer.from('hello\0world\0'), data.at);
    const address = push(data.address);
    const captures = run([
      [address, { op: 'captureMemory', size: 5 }],
      [address, { op: 'captureString', limit: 100 }],
      [address, { op: 'captureString', limit: 3 }],
      [address, push(4n), { op: 'captureSlice', limit: 100 }],
      [address, push(u(-1n)), { op: 'captureSlice', limit: 7 }],
      [address, push(0n), { op: 'captureSlice', limit: 7 }],
      [
        push(0x1234n),
        { op: 'capture', size: 2 },
        address,
        { op: 'captureMemory', size: 2 },
        push(1n),
        { op: 'capture', size: 1 },
      ],
    ]);
    assert.deepEqual(
      captures.map(({ status, bytes }) => [status, bytes.toString('latin1')]),
      [
        [CaptureStatus.complete, 'hello'],
        [CaptureStatus.complete, 'hello'],
        [CaptureStatus.truncated, 'hel'],
        [CaptureStatus.complete, 'hell'],
        [CaptureStatus.truncated, 'hello\0w'],
        [CaptureStatus.complete, ''],
        [CaptureStatus.complete, '\x34\x12he\x01'],
      ],
    );
  });

  it('say which address could not be read, whatever was captured before it', () => {
    const endOfMemory = data.address - BigInt(Layout.input) + BigInt(arena.u8.length);
    const guard = (endOfMemory + 0xfffn) & ~0xfffn;
    for (const [operations, address] of [
      [[push(0n), { op: 'load', size: 4 }, { op: 'capture', size: 4 }], 0n],
      [[push(u(-8n)), { op: 'captureString', limit: 9 }], u(-8n)],
      [[push(1n << 63n), { op: 'captureMemory', size: 9 }], 1n << 63n],
      [[push(1n), { op: 'capture', size: 1 }, push(16n), push(3n), { op: 'captureSlice', limit: 9 }], 16n],
      [[push(guard - 4n), { op: 'captureMemory', size: 8 }], guard],
    ] as [AgentOperation[], bigint][]) {
      const [before, capture, after] = run([
        [push(1n), { op: 'capture', size: 4 }],
        operations,
        [push(2n), { op: 'capture', size: 4 }],
      ]);
      assert.equal(before!.bytes.readUInt32LE(), 1);
      assert.deepEqual([capture!.status, capture!.bytes.readBigUInt64LE()], [CaptureStatus.unreadable, address]);
      assert.equal(after!.bytes.readUInt32LE(), 2);
    }
  });

  it('say why a value is missing, where it is needed', () => {
    const unless = (value: bigint): AgentOperation[] => [
      ...([push(value), { op: 'if' }, push(5n), { op: 'else' }, { op: 'missing', reason: 7 }] as const),
      ...([{ op: 'end' }, { op: 'capture', size: 8 }] as const),
    ];
    const [there, missing] = run([unless(1n), unless(0n)]);
    assert.deepEqual([there!.status, there!.bytes.readBigUInt64LE()], [CaptureStatus.complete, 5n]);
    assert.deepEqual([missing!.status, missing!.bytes.readBigUInt64LE()], [CaptureStatus.missing, 7n]);
  });

  const room: AgentOperation = { op: 'room', bytes: 64 };

  it('keep what a frame has, say why it ended, and go on', () => {
    const [capture] = run([
      [
        ...([room, { op: 'frame' }, push(7n), { op: 'capture', size: 1 }, push(16n), { op: 'load', size: 8 }] as const),
        ...([{ op: 'capture', size: 8 }, { op: 'end' }, push(9n), { op: 'capture', size: 1 }] as const),
      ],
    ]);
    assert.equal(capture!.status, CaptureStatus.complete);
    assert.deepEqual([...capture!.bytes], [CaptureStatus.unreadable, 0, 9, 0, 7, 16, 0, 0, 0, 0, 0, 0, 0, 9]);
  });

  it('see memory as it is at each hit, also in loops, which read around what they need', () => {
    const agent = compiler.prepare({
      captures: [
        [
          ...([room, { op: 'loop', limit: 2 }, push(data.address + 250n), { op: 'load', size: 8 }] as const),
          ...([
            { op: 'capture', size: 8 },
            push(data.address),
            { op: 'load', size: 1 },
            { op: 'capture', size: 1 },
          ] as const),
          { op: 'end' },
        ],
      ],
    });
    for (const value of [5, 6]) {
      arena.u8[Layout.input] = value;
      arena.view.setBigUint64(Layout.input + 250, BigInt(value) << 40n, true);
      agent.capture(Layout.output);
      const bytes = Buffer.from(arena.u8.slice(Layout.output + 8, Layout.output + 26));
      for (const at of [0, 9]) {
        assert.deepEqual([bytes.readBigUInt64LE(at), bytes[at + 8]], [BigInt(value) << 40n, value]);
      }
    }
  });

  it('keep in a frame what of a slice could be read', () => {
    const endOfMemory = data.address - BigInt(Layout.input) + BigInt(arena.u8.length);
    const guard = (endOfMemory + 0xfffn) & ~0xfffn;
    const [capture] = run([
      [
        ...([room, { op: 'frame' }, push(guard - 4n), push(8n), { op: 'captureSlice', limit: 16 }] as const),
        { op: 'end' },
      ],
    ]);
    assert.deepEqual([...capture!.bytes.subarray(0, 4)], [CaptureStatus.unreadable, 0, 12, 0]);
    assert.equal(capture!.bytes.readBigUInt64LE(8), guard);
  });

  it('end truncated, with their frames open, where there is no room', () => {
    const [capture] = run([
      [
        room,
        { op: 'loop', limit: 100 },
        { op: 'frame' },
        push(1n),
        { op: 'capture', size: 8 },
        { op: 'end' },
        { op: 'end' },
      ],
    ]);
    // Four times 12 bytes, and the header of a fifth frame whose value has no room beside that for a failure.
    assert.equal(capture!.status, CaptureStatus.truncated);
    assert.equal(capture!.bytes.length, 4 * 12 + 4);
    assert.deepEqual([...capture!.bytes.subarray(48)], [FrameStatus.open, 0, 0, 0]);
    const [string] = run([
      [room, { op: 'frame' }, push(data.address), push(1000n), { op: 'captureSlice', limit: 4096 }, { op: 'end' }],
    ]);
    assert.deepEqual([string!.status, string!.bytes.length], [CaptureStatus.complete, 64 - 8]);
    assert.deepEqual([...string!.bytes.subarray(0, 4)], [CaptureStatus.truncated, 0, 52, 0]);
  });

  it('burn one supply of fuel in all loops of a hit, and a new one at the next', () => {
    // A pass burns 5: four operations and the loop's end.
    const counting = (limit: number): AgentOperation[] => [
      ...([room, { op: 'loop', limit }, { op: 'get', local: 0 }, push(1n), { op: 'add' }] as const),
      ...([{ op: 'set', local: 0 }, { op: 'end' }, { op: 'get', local: 0 }, { op: 'capture', size: 2 }] as const),
    ];
    for (let hit = 0; hit < 2; hit++) {
      const [first, second] = run([counting(3000), counting(1001)]);
      assert.deepEqual([first!.status, first!.bytes.readUInt16LE()], [CaptureStatus.truncated, 3000]);
      assert.deepEqual([second!.status, second!.bytes.length], [CaptureStatus.truncated, 0]);
    }
  });

  it('fail as conditions where they burn more, or reach a limit', () => {
    const condition = (limit: number, ...body: AgentOperation[]) =>
      compiler.prepare({ condition: [{ op: 'loop', limit }, ...body, { op: 'end' }, push(1n)], captures: [] })
        .condition!();
    assert.equal(condition(10), ConditionResult.failed);
    assert.equal(condition(10, push(1n), { op: 'leave' }), ConditionResult.true);
    const read: AgentOperation[] = [push(data.address), { op: 'load', size: 1 }, { op: 'drop' }];
    assert.equal(condition(4096, ...read, ...read), ConditionResult.failed);
  });

  it('say that a divisor was zero', () => {
    const [capture] = run([[push(1n), push(0n), { op: 'remU' }, { op: 'capture', size: 8 }]]);
    assert.deepEqual([capture!.status, capture!.bytes.length], [CaptureStatus.divisionByZero, 0]);
  });

  it('have conditions that hold, do not hold, or fail', () => {
    const condition = (...operations: AgentOperation[]) =>
      compiler.prepare({ condition: operations, captures: [] }).condition!();
    assert.equal(condition(push(1n << 60n)), ConditionResult.true);
    assert.equal(condition(push(0n)), ConditionResult.false);
    assert.equal(condition(push(0n), { op: 'load', size: 1 }), ConditionResult.failed);
    assert.equal(condition(push(1n), push(0n), { op: 'divS' }), ConditionResult.failed);
  });

  it('are compiled once where they are equal', () => {
    const make = (): AgentProgram => ({ captures: [[push(77n), { op: 'capture', size: 8 }]] });
    assert.equal(compiler.prepare(make()), compiler.prepare(make()));
  });

  it('are compiled many at a time, and each runs its own part', () => {
    const program = (value: bigint): AgentProgram => ({
      condition: [push(value), push(5n), { op: 'ltU' }],
      captures: [0n, 100n].map((more) => [push(value + more), { op: 'capture', size: 8 }]),
    });
    const values = Array.from({ length: 600 }, (_, index) => BigInt(index));
    const agents = values.map((value) => compiler.prepare(program(value)));
    const captured = (index: number): readonly bigint[] => {
      agents[index]!.capture(Layout.output);
      const bytes = Buffer.from(arena.u8.slice(Layout.output, Layout.output + 32));
      return [bytes.readBigUInt64LE(8), bytes.readBigUInt64LE(24)];
    };
    // Before all are compiled, too: a hit can be the first thing that needs one.
    assert.deepEqual(captured(599), [599n, 699n]);
    compiler.compile();
    for (const [index, value] of values.entries()) {
      assert.deepEqual(captured(index), [value, value + 100n]);
      assert.equal(agents[index]!.condition!(), value < 5n ? ConditionResult.true : ConditionResult.false);
    }
  });
});
