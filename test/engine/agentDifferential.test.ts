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
  UNARY_OPERATIONS,
} from '../../src/contract/agent/operations';
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

function compiled(operations: Operations): { status: number; bytes: Buffer } {
  compiler.prepare({ captures: [operations] }).capture(Layout.output);
  const length = arena.u32[(Layout.output + 4) >>> 2]!;
  const start = Layout.output + 8;
  return { status: arena.u32[Layout.output >>> 2]!, bytes: Buffer.from(arena.u8.slice(start, start + length)) };
}

describe('compiled agent programs', () => {
  it('do what the interpreter does', () => {
    const bytes = fc.uint8Array({ minLength: DATA_BYTES, maxLength: DATA_BYTES });
    const registers = fc.array(value, { minLength: AGENT_REGISTERS.length, maxLength: AGENT_REGISTERS.length });
    fc.assert(
      fc.property(shown, bytes, registers, (operations, contents, values) => {
        arena.u8.set(contents, Layout.input);
        AGENT_REGISTERS.forEach((name, index) => {
          // INT3 leaves rip one past the site, which is what a program sees.
          const seen = name === 'rip' ? values[index]! + 1n : values[index]!;
          arena.view.setBigUint64(Layout.registers + UserRegister[name], BigInt.asUintN(64, seen), true);
        });
        const expected = runCapture(operations, {
          registers: Object.fromEntries(AGENT_REGISTERS.map((name, index) => [name, values[index]!])),
          byteAt: (at) => (at >= data && at < data + BigInt(DATA_BYTES) ? contents[Number(at - data)] : undefined),
        });
        const { status, bytes: result } = compiled(operations);
        assert.deepEqual(
          { status, bytes: result.toString('hex') },
          {
            status: expected.status,
            bytes: Buffer.from(expected.bytes).toString('hex'),
          },
        );
      }),
      { numRuns: 1500 },
    );
  });
});
