/** One stopped thread for tests: its variables, registers and memory, and what a message or condition says of them. */
import { type Capture } from '../../src/contract/hits';
import { verifyAgent } from '../../src/contract/agent/verify';
import { type Scope } from '../../src/debuginfo/model/model';
import { compileProbe } from '../../src/language/compileProbe';
import { type Machine, memoryOf, runCapture, runCondition } from './agentInterpreter';
import {
  array,
  at,
  constant,
  enumeration,
  fromRegister,
  inRegister,
  member,
  optimizedOut,
  pointer,
  reference,
  scopeOf,
  structure,
  typedef,
  types,
  variable,
} from './scopes';

/** Where the module is mapped above its link-time addresses. */
export const BIAS = 0x5555_0000_0000n;

const itemPointer = { kind: 'pointer' as const, byteSize: 8, target: types.void };
const item = structure('item', 40, [
  member('id', types.int, 0),
  member('flags', types.unsigned, 4, { bits: { offset: 35, size: 5 } }),
  member('name', pointer(types.char), 8),
  member('weight', types.double, 16),
  member(undefined, structure(undefined, 8, [member('low', types.int, 0), member('high', types.int, 4)]), 24),
  member('next', itemPointer, 32),
]);
// A structure that points to itself: the getter that debug information has is resolved here.
Object.assign(itemPointer, { target: item });

const pair = structure('pair', 16, [member('first', types.long, 0), member('second', types.long, 8)]);
const opaque = structure('opaque', undefined, []);
const state = enumeration('state', { IDLE: 0n, RUNNING: 1n, DONE: 2n });

const itemBytes = Buffer.alloc(40);
itemBytes.writeInt32LE(-5, 0);
itemBytes.writeUInt32LE(21 << 3, 4);
itemBytes.writeBigUInt64LE(0x8000n, 8);
itemBytes.writeDoubleLE(2.5, 16);
itemBytes.writeInt32LE(77, 24);
itemBytes.writeBigUInt64LE(0n, 32);

function words(...values: (bigint | number)[]): Uint8Array {
  return new Uint8Array(BigUint64Array.from(values.map((value) => BigInt.asUintN(64, BigInt(value)))).buffer);
}

const STACK = 0x7ffe_0000n;

export const scope: Scope = scopeOf({
  function: 'hot',
  types: { 'struct item': item, item_t: typedef('item_t', item), 'struct opaque': item },
  variables: [
    variable('x', types.int, inRegister(5), 'parameter'),
    variable('p', pointer(item), inRegister(4), 'parameter'),
    variable('text', pointer(constant(types.char)), fromRegister(6, -16n), 'parameter'),
    variable('gone', types.int, optimizedOut, 'parameter'),
    variable('array', array(types.int, 20), at(0x4000n)),
    variable('buffer', array(types.char, 8), at(0x4100n)),
    variable('thing', item, at(0x4200n), 'global'),
    variable('thing_ref', reference(item), fromRegister(6, -8n)),
    variable('status', state, inRegister(0)),
    variable('single', types.float, inRegister(17)),
    variable('number', types.double, inRegister(18)),
    variable('wide', types.longDouble, at(0x4300n)),
    variable('split', pair, {
      kind: 'pieces',
      pieces: [
        { location: inRegister(3), byteSize: 8 },
        { location: optimizedOut, byteSize: 8 },
      ],
    }),
    variable('both', pair, {
      kind: 'pieces',
      pieces: [
        { location: inRegister(3), byteSize: 8 },
        { location: fromRegister(6, -8n), byteSize: 8 },
      ],
    }),
    variable('fixed', types.long, { kind: 'value', value: [{ op: 'const', value: BigInt.asUintN(64, -3n) }] }),
    variable('implicit', types.int, { kind: 'bytes', bytes: Uint8Array.of(1, 2, 0, 0) }),
    variable('untyped', pointer(types.void), inRegister(4)),
    variable('hidden', pointer(opaque), inRegister(4)),
    variable('null', pointer(item), inRegister(1)),
    variable('none', pointer(types.char), inRegister(1)),
    variable('bad', pointer(types.char), inRegister(2)),
    variable('count', types.int, inRegister(8)),
    variable('flexible', array(types.int, undefined), at(0x4000n)),
  ],
});

const machine: Machine = {
  registers: {
    rdi: 0xdead_0000_ffff_fffen,
    rsi: BIAS + 0x4200n,
    rbp: STACK + 16n,
    rax: 1n,
    rbx: 0x1122_3344_5566_7788n,
    rdx: 0n,
    rcx: 0x10n,
    r8: 3n,
    rip: BIAS + 0x1136n,
  },
  vectors: [new Uint8Array(Float32Array.of(0.1, 2, 3, 4).buffer), new Uint8Array(Float64Array.of(-1.25, 7).buffer)],
  byteAt: memoryOf({
    [String(STACK)]: words(0x8000n, BIAS + 0x4200n),
    [String(BIAS + 0x4000n)]: new Uint8Array(
      Int32Array.from({ length: 20 }, (_, index) => (index < 3 ? index : 7)).buffer,
    ),
    [String(BIAS + 0x4100n)]: Buffer.from('ab\0\0\0\0\0\0'),
    [String(BIAS + 0x4200n)]: itemBytes,
    [String(BIAS + 0x4300n)]: Buffer.from('35c26821a2da0fc900400000000000000', 'hex'),
    [String(0x8000n)]: Buffer.from('hello\0'),
  }),
};

const context = { pid: 41, tid: 42, threadName: 'worker', timeNs: 1_700_000_000_000_000_000n, ordinal: 7 };

/** What a hit of a log probe with this message says; without one, of a plain tracepoint. */
export function says(message: string | undefined, at = scope): string {
  const probe = compileProbe({ kind: 'log', ...(message !== undefined && { message }) }, at, BIAS);
  verifyAgent(probe.agent);
  const captures: Capture[] = probe.agent.captures.map((operations) => runCapture(operations, machine));
  return probe.render(captures, context);
}

/** Whether a hit meets the condition; undefined when it can't be evaluated. */
export function holds(condition: string): boolean | undefined {
  const { agent } = compileProbe({ kind: 'count', condition }, scope, BIAS);
  verifyAgent(agent);
  return runCondition(agent.condition!, machine);
}
