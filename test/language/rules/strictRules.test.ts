/** What Rust and Go refuse, where, and with what advice; and what their constants become. */
import assert from 'node:assert/strict';
import { type Type } from '../../../src/debuginfo/model/model';
import { compileProbe } from '../../../src/language/compileProbe';
import { memoryOf, runCapture } from '../agentInterpreter';
import { refusal } from '../errors';
import { base, inRegister, type ScopeParts, scopeOf, variable } from '../scopes';

const context = { pid: 1, tid: 1, threadName: '', timeNs: 0n, ordinal: 1 };

function says(expression: string, parts: ScopeParts): string {
  const { agent, render } = compileProbe({ kind: 'log', message: `{${expression}}` }, scopeOf(parts), 0n);
  const machine = { registers: { rdi: 0xfan, rsi: 0xffff_fff9n, rdx: 200n, rcx: 1n }, byteAt: memoryOf({}) };
  return render(
    agent.captures.map((operations) => runCapture(operations, machine)),
    context,
  );
}

/** 250, -7, 200 of 64 bits and true, in a language. */
function program(language: 'rust' | 'go', [byte, number, large]: readonly [Type, Type, Type]): ScopeParts {
  return {
    language,
    variables: [
      variable('byte', byte, inRegister(5)),
      variable('number', number, inRegister(4)),
      variable('large', large, inRegister(1)),
      variable('is', base('bool', 1, 'boolean'), inRegister(2)),
    ],
  };
}

const rust = program('rust', [base('u8', 1, 'unsigned'), base('i32', 4, 'signed'), base('usize', 8, 'unsigned')]);
const go = program('go', [base('uint8', 1, 'unsigned'), base('int32', 4, 'signed'), base('uint', 8, 'unsigned')]);

type Refused = readonly [expression: string, message: RegExp, at: string, advice?: string];

function refuses(parts: ScopeParts, cases: readonly Refused[]): void {
  for (const [expression, message, at, advice] of cases) {
    const text = `{${expression}}`;
    const error = refusal(() => says(expression, parts), text, 'type', message, at);
    if (advice !== undefined) assert.equal(error.advice, advice, expression);
  }
}

describe('rules of Rust and Go', () => {
  it('refuse what mixes types, in Rust', () => {
    refuses(rust, [
      ['byte + number', /`\+` can't mix `u8` and `i32`/, 'byte + number', 'Convert one of them: `… as u8`.'],
      ['number < large', /can't mix `i32` and `usize`/, 'number < large'],
      ['byte + 300', /300 does not fit in `u8`/, '300'],
      ['byte == -1', /-1 does not fit in `u8`/, '-1'],
      ['number + 1.5', /1\.5 is no value of `i32`/, '1.5'],
      ['-byte', /`-` does not work on a `u8`/, '-byte'],
      ['number && is', /a condition is a `bool`, not a `i32`/, 'number', 'Write `… != 0`.'],
      ['number as bool', /a number is no `bool`/, 'number as bool'],
      ['is + is', /`\+` does not work on `bool`/, 'is + is'],
      ['1 / 0', /division by zero/, '1 / 0'],
      ['is ? 1 : 2.5', /1 is no value of `f64`/, '1', 'Write it with a point: `1.0`.'],
    ]);
  });

  it('refuse what mixes types, in Go', () => {
    refuses(go, [
      ['byte + number', /`\+` can't mix `uint8` and `int32`/, 'byte + number', 'Convert one of them: `uint8(…)`.'],
      ['byte + 256', /256 does not fit in `uint8`/, '256'],
      ['number + 1.5', /1\.5 is no value of `int32`/, '1.5'],
      ['!number', /`!` works on a `bool`/, '!number'],
      ['int(is)', /a `bool` is no `int`/, 'int(is)'],
      ['uint8(300)', /300 does not fit in `uint8`/, '300'],
      ['number ? 1 : 2', /a condition is a `bool`/, 'number'],
      ['len(number)', /has no `len`/, 'len(number)'],
      ['number[0]', /has no elements/, 'number[0]'],
      ['number[1:2]', /can't be sliced/, 'number[1:2]'],
      ['1 << 1000', /can't be shifted by 1000/, '1 << 1000'],
      ['1.5 + 1', /not computed with/, '1.5 + 1'],
    ]);
  });

  it('wrap at the width of the operands', () => {
    assert.equal(says('byte + 10', rust), '4');
    assert.equal(says('byte << 4', go), '160');
    assert.equal(says('-number * 1_000_000_000', rust), '-1589934592');
  });

  it('shift as the language does', () => {
    assert.equal(says('byte << large', go), '0');
    assert.equal(says('number >> large', go), '-1');
    assert.equal(says('byte >> number', go), '<not available: shifted by less than 0>');
  });

  it('give constants the type that they meet, or the default', () => {
    assert.equal(says('large == 200', rust), 'true');
    assert.equal(says('sizeof(1)', rust), '4');
    assert.equal(says('sizeof(1)', go), '8');
    assert.equal(says('1 << 40', rust), '1099511627776');
    assert.equal(says('(1 << 70) >> 68', go), '4');
    assert.equal(says('017', rust), '17');
    assert.equal(says('017', go), '15');
  });

  it('take a register for what stands beside it', () => {
    assert.equal(says('$rdx == large', rust), 'true');
  });
});
