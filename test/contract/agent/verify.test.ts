import assert from 'node:assert/strict';
import { SidestepError } from '../../../src/base/errors';
import { AGENT_LIMITS, type AgentOperation, type AgentProgram } from '../../../src/contract/agent/operations';
import { verifyAgent, verifyCapture } from '../../../src/contract/agent/verify';

const one: AgentOperation = { op: 'const', value: 1n };
const choice: AgentOperation[] = [one, { op: 'if' }, one, { op: 'else' }, { op: 'const', value: 2n }, { op: 'end' }];

function condition(...operations: unknown[]): AgentProgram {
  return { condition: operations as AgentOperation[], captures: [] };
}

function capture(...operations: unknown[]): AgentProgram {
  return { captures: [operations as AgentOperation[]] };
}

function refuses(program: AgentProgram, pattern: RegExp, section: string, offset: number): void {
  assert.throws(
    () => verifyAgent(program),
    (thrown) => {
      assert(thrown instanceof SidestepError);
      assert.equal(thrown.code, 'engine-protocol');
      assert.match(thrown.message, pattern);
      assert.deepEqual(thrown.place, { section, offset });
      return true;
    },
  );
}

describe('the agent verifier', () => {
  it('accepts a condition that leaves one value', () => {
    verifyAgent(condition({ op: 'register', register: 'rdi' }, one, { op: 'gtS' }));
    verifyAgent(condition(...choice));
    verifyAgent(condition(...choice, ...choice, { op: 'swap' }, { op: 'dup' }, { op: 'drop' }, { op: 'sub' }));
  });

  it('accepts captures that leave an empty stack', () => {
    verifyAgent(capture(one, { op: 'capture', size: 8 }));
    verifyAgent(capture(one, one, { op: 'captureSlice', limit: 100 }, one, { op: 'captureString', limit: 0 }));
    verifyAgent(capture());
    verifyAgent({ captures: [] });
  });

  it('tells how much a capture can need', () => {
    const operations: AgentOperation[] = [
      ...choice,
      one,
      { op: 'captureSlice', limit: 20 },
      one,
      { op: 'capture', size: 2 },
    ];
    assert.deepEqual(verifyCapture(operations, 0), { stack: 2, captureBytes: 22 });
  });

  it('refuses what underflows the stack, also below an open branch', () => {
    refuses(condition({ op: 'add' }), /takes 2, the stack holds 0/, 'condition', 0);
    refuses(condition(one, one, { op: 'if' }, { op: 'drop' }), /takes 1, the stack holds 0/, 'condition', 3);
  });

  it('refuses a wrong number of values at the end', () => {
    refuses(condition(), /must leave one value; this one leaves 0/, 'condition', 0);
    refuses(condition(one, one), /leaves 2/, 'condition', 2);
    refuses(capture(one), /must leave an empty stack; this one leaves 1/, 'capture 0', 1);
  });

  it('refuses captures in a condition', () => {
    refuses(condition(one, one, { op: 'capture', size: 4 }), /can't capture/, 'condition', 3);
  });

  it('refuses unbalanced branches', () => {
    refuses(condition(one, { op: 'if' }, one, one, { op: 'else' }), /this one leaves 2/, 'condition', 4);
    refuses(condition(one, { op: 'if' }, one, { op: 'else' }, { op: 'end' }), /this one leaves 0/, 'condition', 4);
    refuses(condition(one, { op: 'if' }, one, { op: 'end' }), /no `else`/, 'condition', 3);
    refuses(condition(one, { op: 'if' }, one), /no `end`/, 'condition', 3);
    refuses(condition({ op: 'else' }), /without its `if`/, 'condition', 0);
    refuses(condition({ op: 'end' }), /without its `if`/, 'condition', 0);
  });

  it('refuses operations and operands that do not exist', () => {
    refuses(condition({ op: 'store' }), /unknown operation store/, 'condition', 0);
    refuses(condition({ op: 'toString' }), /unknown operation toString/, 'condition', 0);
    refuses(condition({ op: 'register', register: 'cr3' }), /unknown register cr3/, 'condition', 0);
    refuses(condition({ op: 'const', value: 1 }), /not a 64-bit value/, 'condition', 0);
    refuses(condition({ op: 'const', value: 1n << 64n }), /not a 64-bit value/, 'condition', 0);
    refuses(condition({ op: 'vector', register: 16, offset: 0, size: 8 }), /0 to 15/, 'condition', 0);
    refuses(condition({ op: 'vector', register: 0, offset: 12, size: 8 }), /0 to 8/, 'condition', 0);
    refuses(condition({ op: 'vector', register: 0, offset: 0, size: 16 }), /16 bytes/, 'condition', 0);
    refuses(condition(one, { op: 'load', size: 3 }), /access of 3 bytes/, 'condition', 1);
    refuses(condition(one, { op: 'extend', bits: 0, signed: true }), /1 to 64/, 'condition', 1);
    refuses(capture(one, { op: 'captureMemory', size: -1 }), /0 to 4096/, 'capture 0', 1);
    refuses(capture(one, { op: 'captureString', limit: 1.5 }), /0 to 4096/, 'capture 0', 1);
  });

  const room: AgentOperation = { op: 'room', bytes: 100 };
  const loop: AgentOperation = { op: 'loop', limit: 10 };
  const frame: AgentOperation = { op: 'frame' };
  const append: AgentOperation[] = [one, { op: 'capture', size: 8 }];
  const end: AgentOperation = { op: 'end' };

  it('accepts loops and frames', () => {
    const walk: AgentOperation[] = [
      ...([
        room,
        one,
        { op: 'set', local: 0 },
        loop,
        { op: 'get', local: 0 },
        { op: 'isZero' },
        { op: 'leave' },
      ] as const),
      ...([
        frame,
        ...append,
        end,
        one,
        { op: 'when' },
        one,
        { op: 'save' },
        one,
        { op: 'leave' },
        { op: 'else' },
      ] as const),
      ...([{ op: 'restore' }, { op: 'set', local: 31 }, end, end, { op: 'saved' }, { op: 'drop' }] as const),
    ];
    assert.deepEqual(verifyCapture(walk, 0), { stack: 1, captureBytes: 100 });
    verifyAgent(condition(loop, one, { op: 'leave' }, end, one));
  });

  it('refuses loops that are not bounded, or lose or keep values', () => {
    refuses(capture({ op: 'loop', limit: 0 }, end), /limit of the loop is 0, not from 1 to 4096/, 'capture 0', 0);
    refuses(capture({ op: 'loop', limit: 4097 }, end), /limit of the loop is 4097/, 'capture 0', 0);
    refuses(capture(loop, one, end), /a `loop` must leave no value; this one leaves 1/, 'capture 0', 2);
    refuses(capture(one, loop, { op: 'drop' }, end), /takes 1, the stack holds 0/, 'capture 0', 2);
    refuses(capture(loop, one), /a `loop` has no `end`/, 'capture 0', 2);
    refuses(capture(loop, { op: 'else' }, end), /`else` without its `if`/, 'capture 0', 1);
    refuses(capture(one, { op: 'leave' }), /`leave` outside of a loop/, 'capture 0', 1);
    refuses(capture(loop, one, one, { op: 'leave' }), /left without values; here are 1/, 'capture 0', 3);
    refuses(capture(room, loop, frame, one, { op: 'leave' }), /`leave` in a `frame`/, 'capture 0', 4);
    refuses(capture(loop, one, { op: 'if' }, one, { op: 'leave' }), /`leave` in an `if`/, 'capture 0', 4);
    refuses(capture(one, { op: 'when' }, one, end), /a `when` must leave no value; this one leaves 1/, 'capture 0', 3);
    const nested = Array.from({ length: AGENT_LIMITS.loopDepth + 1 }, () => loop);
    refuses(capture(...nested), /9 `loop`s in each other; the limit is 8/, 'capture 0', 8);
  });

  it('refuses what would leave its room', () => {
    refuses(capture(loop, ...append, end), /what a loop captures needs `room`/, 'capture 0', 2);
    refuses(capture(frame), /a `frame` needs `room`/, 'capture 0', 0);
    refuses(capture(one, { op: 'drop' }, room), /`room` is not the first operation/, 'capture 0', 2);
    refuses(capture({ op: 'room', bytes: 4097 }), /0 to 4096/, 'capture 0', 0);
    refuses(condition(room, one), /can't capture/, 'condition', 2);
    refuses(capture(one, { op: 'set', local: 32 }), /0 to 31/, 'capture 0', 1);
    const nested = Array.from({ length: AGENT_LIMITS.frameDepth + 1 }, () => frame);
    refuses(capture(room, ...nested), /33 `frame`s in each other/, 'capture 0', 33);
  });

  it('holds the limits', () => {
    const pushes = Array.from({ length: AGENT_LIMITS.stack + 1 }, () => one);
    refuses(condition(...pushes), /stack grows/, 'condition', AGENT_LIMITS.stack);

    const long = Array.from({ length: AGENT_LIMITS.operations }, (): AgentOperation => ({ op: 'neg' }));
    refuses(condition(one, ...long), /the limit is 4096/, 'condition', 0);

    const page: AgentOperation[] = [one, { op: 'captureMemory', size: AGENT_LIMITS.captureBytes }];
    refuses(capture(...page, one, { op: 'capture', size: 1 }), /may hold 4096 bytes/, 'capture 0', 3);
    verifyAgent({ captures: Array.from({ length: 8 }, () => page) });
    refuses({ captures: Array.from({ length: 9 }, () => page) }, /32768 bytes together/, 'capture 8', 0);
    refuses({ captures: Array.from({ length: AGENT_LIMITS.captures + 1 }, () => []) }, /65 captures/, 'program', 0);
  });
});
