/**
 * What the engine compiles an agent program to does what the program means: random programs, run there and by the plain
 * interpreter.
 */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  AGENT_REGISTERS,
  type AgentOperation,
  BINARY_OPERATIONS,
  CaptureStatus,
  UNARY_OPERATIONS,
} from '../../src/contract/agent/operations';
import { verifyCapture } from '../../src/contract/agent/verify';
import { type Capture } from '../../src/contract/hits';
import { UserRegister } from '../../src/emulator/machine/state';
import { AgentCompiler } from '../../src/engine/agent/compile';
import { Arena, Layout } from '../../src/engine/tracing/arena';
import { ProcessMemory } from '../../src/engine/linux/memory';
import { TargetMemory } from '../../src/engine/tracing/targetMemory';
import { runCapture } from '../language/agentInterpreter';

const arena = new Arena();
const memory = new TargetMemory(arena);
const compiler = new AgentCompiler(arena, memory);
memory.select(process.pid, ProcessMemory.open(process.pid)!);

/** What programs can read: some bytes of this process. Everything else they ask for is far from any mapping. */
const DATA_BYTES = 64;
const data = BigInt(arena.address(Layout.input));

type Operations = readonly AgentOperation[];

const value = fc.oneof(
  fc.constantFrom(0n, 1n, 63n, 64n, 0x7fn, 0x80n, 0xffff_ffffn, 1n << 63n, (1n << 63n) - 1n, (1n << 64n) - 1n),
  fc.bigInt(0n, (1n << 64n) - 1n),
  fc.double().map((number) => new BigUint64Array(Float64Array.of(number).buffer)[0]!),
);

/** A NaN's bits depend on the operation that made it: programs may compare NaNs, not show them. */
const INTEGER_BINARY = BINARY_OPERATIONS.filter((op) => !/^(add|sub|mul|div)F$/.test(op));
const INTEGER_UNARY = UNARY_OPERATIONS.filter((op) => !/^(singleToDouble|doubleToSingle)$/.test(op));
const address = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 0, max: DATA_BYTES - 16 }).map((offset) => data + BigInt(offset)) },
  { weight: 1, arbitrary: fc.constantFrom(0n, 8n, 1n << 63n) },
);

/** Programs that leave one value. */
const { expression } = fc.letrec<{ expression: Operations }>((tie) => {
  const inner = tie('expression');
  return {
    expression: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      value.map((constant): Operations => [{ op: 'const', value: constant }]),
      fc.constantFrom(...AGENT_REGISTERS).map((register): Operations => [{ op: 'register', register }]),
      fc
        .tuple(address, fc.constantFrom(1 as const, 2 as const, 4 as const, 8 as const))
        .map(([at, size]): Operations => [
          { op: 'const', value: at },
          { op: 'load', size },
        ]),
      fc.tuple(inner, fc.constantFrom(...INTEGER_UNARY)).map(([a, op]): Operations => [...a, { op }]),
      fc.tuple(inner, inner, fc.constantFrom(...INTEGER_BINARY)).map(([a, b, op]): Operations => [...a, ...b, { op }]),
      fc
        .tuple(inner, fc.constantFrom(1, 5, 8, 16, 31, 32, 63, 64), fc.boolean())
        .map(([a, bits, signed]): Operations => [...a, { op: 'extend', bits, signed }]),
      fc
        .tuple(inner, inner, inner)
        .map(([a, b, c]): Operations => [...a, { op: 'if' }, ...b, { op: 'else' }, ...c, { op: 'end' }]),
      inner.map((a): Operations => [...a, { op: 'dup' }, { op: 'xor' }]),
      fc.tuple(inner, inner).map(([a, b]): Operations => [...a, ...b, { op: 'swap' }, { op: 'sub' }]),
      fc.tuple(inner, inner).map(([a, b]): Operations => [...a, ...b, { op: 'drop' }]),
    ),
  };
});

const shown = fc.oneof(
  fc
    .tuple(expression, fc.constantFrom(1 as const, 2 as const, 4 as const, 8 as const))
    .map(([operations, size]): Operations => [...operations, { op: 'capture', size }]),
  fc.tuple(address, fc.integer({ min: 1, max: 8 })).map(([at, size]): Operations => [
    { op: 'const', value: at },
    { op: 'captureMemory', size },
  ]),
  fc
    .tuple(address, fc.integer({ min: 0, max: 12 }), fc.integer({ min: 1, max: 8 }))
    .map(([at, length, limit]): Operations => [
      { op: 'const', value: at },
      { op: 'const', value: BigInt(length) },
      { op: 'captureSlice', limit },
    ]),
  fc.tuple(address, fc.integer({ min: 1, max: 8 })).map(([at, limit]): Operations => [
    { op: 'const', value: at },
    { op: 'captureString', limit },
  ]),
);

const LOCALS = 4;
const local = fc.integer({ min: 0, max: LOCALS - 1 });
/** What a loop changes: variables, and memory that they lead to. */
const varying = fc.oneof(
  expression,
  local.map((number): Operations => [{ op: 'get', local: number }]),
  fc.constantFrom<Operations>([{ op: 'saved' }], [{ op: 'restore' }]),
  fc
    .tuple(local, fc.constantFrom(1n, 3n, -1n))
    .map(([number, by]): Operations => [
      { op: 'get', local: number },
      { op: 'const', value: BigInt.asUintN(64, by) },
      { op: 'add' },
    ]),
  local.map((number): Operations => [
    { op: 'get', local: number },
    { op: 'const', value: 31n },
    { op: 'and' },
    { op: 'const', value: data },
    { op: 'add' },
    { op: 'load', size: 1 },
  ]),
);

/** Parts that leave the stack as it is. `leave` only where a loop is around, and no frame between. */
const { statements } = fc.letrec<{ statements: Operations; looped: Operations }>((tie) => {
  const simple = [
    fc.tuple(varying, local).map(([a, number]): Operations => [...a, { op: 'set', local: number }]),
    varying.map((a): Operations => [...a, { op: 'save' }]),
    varying.map((a): Operations => [...a, { op: 'capture', size: 2 }]),
    shown,
  ];
  const blocks = (inner: fc.Arbitrary<Operations>) => [
    fc.tuple(varying, inner).map(([a, b]): Operations => [...a, { op: 'when' }, ...b, { op: 'end' }]),
    fc
      .tuple(varying, inner, inner)
      .map(([a, b, c]): Operations => [...a, { op: 'when' }, ...b, { op: 'else' }, ...c, { op: 'end' }]),
    tie('statements').map((a): Operations => [{ op: 'frame' }, ...a, { op: 'end' }]),
    fc
      .tuple(fc.constantFrom(1, 2, 10, 4096), tie('looped'))
      .map(([limit, a]): Operations => [{ op: 'loop', limit }, ...a, { op: 'end' }]),
  ];
  const several = (one: fc.Arbitrary<Operations>) => fc.array(one, { maxLength: 4 }).map((parts) => parts.flat());
  const leave = varying.map((a): Operations => [...a, { op: 'leave' }]);
  return {
    statements: several(fc.oneof({ depthSize: 'small', maxDepth: 4 }, ...simple, ...blocks(tie('statements')))),
    looped: several(fc.oneof({ depthSize: 'small', maxDepth: 4 }, leave, ...simple, ...blocks(tie('looped')))),
  };
});

function compiled(operations: Operations): { status: number; bytes: Buffer } {
  compiler.prepare({ captures: [operations] }).capture(Layout.output);
  const length = arena.u32[(Layout.output + 4) >>> 2]!;
  const start = Layout.output + 8;
  return { status: arena.u32[Layout.output >>> 2]!, bytes: Buffer.from(arena.u8.slice(start, start + length)) };
}

const contents = fc.uint8Array({ minLength: DATA_BYTES, maxLength: DATA_BYTES });
const registers = fc.array(value, { minLength: AGENT_REGISTERS.length, maxLength: AGENT_REGISTERS.length });

/** Runs a capture here and in the interpreter, and compares. */
function compare(operations: Operations, bytes: Uint8Array, values: readonly bigint[]): Capture {
  arena.u8.set(bytes, Layout.input);
  AGENT_REGISTERS.forEach((name, index) => {
    // INT3 leaves rip one past the site, which is what a program sees.
    const seen = name === 'rip' ? values[index]! + 1n : values[index]!;
    arena.view.setBigUint64(Layout.registers + UserRegister[name], BigInt.asUintN(64, seen), true);
  });
  const expected = runCapture(operations, {
    registers: Object.fromEntries(AGENT_REGISTERS.map((name, index) => [name, values[index]!])),
    byteAt: (at) => (at >= data && at < data + BigInt(DATA_BYTES) ? bytes[Number(at - data)] : undefined),
  });
  const { status, bytes: result } = compiled(operations);
  assert.deepEqual(
    { status, bytes: result.toString('hex') },
    { status: expected.status, bytes: Buffer.from(expected.bytes).toString('hex') },
  );
  return expected;
}

describe('compiled agent programs', () => {
  it('do what the interpreter does', () => {
    fc.assert(
      fc.property(shown, contents, registers, (operations, bytes, values) => {
        compare(operations, bytes, values);
      }),
      { numRuns: 1500 },
    );
  });

  it('do what the interpreter does where they loop, and stay in their room', () => {
    const ends = new Set<number>();
    fc.assert(
      fc.property(statements, fc.integer({ min: 16, max: 200 }), contents, registers, (body, room, bytes, values) => {
        const operations: Operations = [{ op: 'room', bytes: room }, ...body];
        verifyCapture(operations, 0);
        const { status, bytes: captured } = compare(operations, bytes, values);
        assert.ok(captured.length <= room);
        ends.add(status);
      }),
      { numRuns: 3000 },
    );
    // Ends of all kinds are among them.
    const { complete, truncated, unreadable } = CaptureStatus;
    for (const status of [complete, truncated, unreadable]) assert.ok(ends.has(status));
  });
});
