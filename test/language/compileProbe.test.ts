import assert from 'node:assert/strict';
import { address, linkAddress } from '../../src/base/address';
import { AGENT_LIMITS } from '../../src/contract/agent/operations';
import { emptyScope } from '../../src/debuginfo/model/model';
import { checkCondition, checkMessage, compileProbe } from '../../src/language/compileProbe';
import { refusal } from './errors';
import { BIAS, holds, says, scope } from './world';

function message(text: string, expected: string): void {
  assert.equal(says(text), expected, text);
}

describe('a log message', () => {
  it('shows variables wherever they are', () => {
    message('{x}', '-2');
    message('{array[2]}', '2');
    message('{text}', '"hello"');
    message('{single} {number}', '0.1 -1.25');
    message('{fixed} {implicit}', '-3 513');
    message('{wide}', '3.1415926535897932385');
    message('{flexible}', `0x${(BIAS + 0x4000n).toString(16)}`);
  });

  it('shows members, elements, addresses and what pointers point to', () => {
    message('{p->id} {p.id} {thing.id} {thing->id} {(*p).flags}', '-5 -5 -5 -5 21');
    message('{p->low} {thing.high}', '77 0');
    message('{thing_ref.weight} {thing_ref.id + 1}', '2.5 -4');
    message('{&array[1]} {&p->id == p}', `0x${(BIAS + 0x4004n).toString(16)} 1`);
    message('{*(array + 2)} {array[x + 4]}', '2 2');
    message('{p->name[1]}', "101 'e'");
  });

  it('shows structures, with the texts that they point to', () => {
    message('{*p}', '{id = -5, flags = 21, name = 0x8000 "hello", weight = 2.5, {low = 77, high = 0}, next = 0x0}');
  });

  it('shows what a declared structure is, where the program defines it', () => {
    message('{hidden->id}', '-5');
  });

  it('shows values in registers and in pieces', () => {
    message('{split}', '{first = 1234605616436508552, second = <optimized out>}');
    message('{split.first,x} {split.second}', '0x1122334455667788 <optimized out>');
    message('{both.second == p} {both}', `1 {first = 1234605616436508552, second = ${BIAS + 0x4200n}}`);
  });

  it('reads registers by their names', () => {
    message('{$rdi,x} {$edi} {$di} {$dil} {$ah}', '0xdead0000fffffffe -2 -2 -2 0');
    message('{$bh,x} {$pc} {$rip}', `0x77 0x${(BIAS + 0x1136n).toString(16)} 0x${(BIAS + 0x1136n).toString(16)}`);
    message('{$xmm0.v4_float} {$xmm1.v2_double[1]}', '{0.1, 2, 3, 4} 7');
    message('{*(int *)$rsi}', '-5');
  });

  it('knows process and thread', () => {
    message('{$pid} {$tid} {$thread}', '41 42 worker');
  });

  it('computes', () => {
    message('{x * 2 + 1} {x / 3} {x % 2} {x >> 1} {(unsigned)x >> 28}', '-3 0 0 -1 15');
    message('{single * 2} {number / 2} {x + 0.5}', '0.2 -0.625 -1.5');
    message('{x < 0 ? p->id : 3} {!x} {~x}', '-5 0 1');
    message('{sizeof(struct item)} {sizeof array} {sizeof(item_t *)}', '40 80 8');
    message('{(char)105} {(_Bool)7}', "105 'i' true");
  });

  it('formats as asked', () => {
    message('{x,x} {x,b} {text,x} {p,x}', `0xfffffffe 0b${'1'.repeat(31)}0 0x8000 0x${(BIAS + 0x4200n).toString(16)}`);
    message('{text,s} {text,sb} {untyped,[4],x}', '"hello" hello {0xfb, 0xff, 0xff, 0xff}');
    message('{array,3} {&array[1],[2]} {array,[count]} {array,[0 - 1]}', '{0, 1, 2} {1, 2} {0, 1, 2} {}');
    message('{text,3} {text,[3],x}', '"hel" {0x68, 0x65, 0x6c}');
    message(
      '{*p,x}',
      '{id = 0xfffffffb, flags = 0x15, name = 0x8000, weight = 0x4004000000000000, {low = 0x4d, high = 0x0}, next = 0x0}',
    );
  });

  it('says why a value is not there, and only where it is asked for', () => {
    message('{gone} {gone + 1} {gone == 3}', '<optimized out> <optimized out> <optimized out>');
    message('{null->id} {*null} {null->next->id}', '<not readable: 0x0> <not readable: 0x0> <not readable: 0x20>');
    message('{none} {bad}', '0x0 <not readable: 0x10>');
    message('{x / (x + 2)} {x}', '<division by zero> -2');
    message('{x < 0 ? x : gone} {x > 0 && gone}', '-2 0');
    message('{&x}', '<in a register>');
    message('{*hidden->next}', '<not readable: 0x0>');
  });

  it('never collects more than a hit record holds', () => {
    const many = '{array}{text}{*p}'.repeat(16);
    assert.match(says(many), /^\{0, 1, 2, 7 <repeats 17 times>\}"hello"\{id = -5/);
    const { agent } = compileProbe({ kind: 'log', message: '{array,[100000]}' }, scope, BIAS);
    assert.deepEqual(agent.captures[0]!.at(-1), { op: 'captureMemory', size: AGENT_LIMITS.captureBytes });
    const tooMany = '{x}'.repeat(65);
    refusal(() => says(tooMany), tooMany, 'type', /can show 64/);
  });
});

describe('what is known of a hit', () => {
  it('can be shown', () => {
    assert.equal(says('{$pid} {$tid} {$thread} {$hits} {$time}'), '41 42 worker 7 1700000000000000000');
  });
});

describe('enumerators', () => {
  it('stand beside values of their enumeration', () => {
    message('{status} {status == RUNNING} {DONE == status}', 'RUNNING 1 0');
    refusal(() => says('{RUNNING}'), '{RUNNING}', 'unknown-name', /no `RUNNING`/, 'RUNNING');
  });
});

describe('a condition', () => {
  it('holds when its value is not 0', () => {
    assert.equal(holds('x'), true);
    assert.equal(holds('x == -2 && p->id < 0'), true);
    assert.equal(holds('null'), false);
    assert.equal(holds('number'), true);
    assert.equal(holds("p->name[0] == 'h'"), true);
  });

  it('compares texts', () => {
    assert.equal(holds('text == "hello"'), true);
    assert.equal(holds('text == "hell"'), false);
    assert.equal(holds('"hello!" != text'), true);
    assert.equal(holds('p->name == "hello"'), true);
    assert.equal(holds('buffer == "ab"'), true);
    assert.equal(holds('buffer == "abcdefghi"'), false);
    assert.equal(holds('none == "x"'), undefined);
  });

  it('that can not be evaluated neither holds nor fails to', () => {
    assert.equal(holds('null->id == 0'), undefined);
    assert.equal(holds('x / 0'), undefined);
    assert.equal(holds('gone == 1'), undefined);
    assert.equal(holds('x < 0 || gone'), true);
  });

  it('warns of variables that are not there', () => {
    const { warnings } = compileProbe({ kind: 'count', condition: 'x > 0 && gone' }, scope, BIAS);
    assert.deepEqual(warnings, [
      "the condition can't be evaluated at 0x1136 in hot where it needs `gone`: <optimized out>",
    ]);
  });
});

describe('a tracepoint', () => {
  it('says function, arguments and thread', () => {
    assert.equal(
      says(undefined),
      `hot(x=-2, p=0x${(BIAS + 0x4200n).toString(16)}, text="hello", gone=<optimized out>) [thread 42 "worker"]`,
    );
  });

  it('says what is known where there is no debug information', () => {
    const nowhere = emptyScope(linkAddress(0x1136));
    assert.equal(says(undefined, nowhere), '0x1136 [thread 42 "worker"]');
    const render = (location: Parameters<typeof compileProbe>[0]['location'] & object) =>
      compileProbe({ kind: 'log', location }, nowhere, 0n).render([], {
        pid: 1,
        tid: 2,
        threadName: '',
        timeNs: 1_700_000_000_000_000_000n,
        ordinal: 7,
      });
    assert.equal(render({ kind: 'function', name: 'malloc' }), 'malloc [thread 2]');
    assert.equal(render({ kind: 'address', address: address(16) }), '*0x10 [thread 2]');
  });
});

describe('a count probe', () => {
  it('collects nothing', () => {
    const { agent } = compileProbe({ kind: 'count', message: '{x}', condition: 'x' }, scope, BIAS);
    assert.deepEqual(agent.captures, []);
    assert.notEqual(agent.condition, undefined);
  });
});

describe('what can not be compiled', () => {
  it('is refused with its place', () => {
    const cases: [string, 'type' | 'unknown-name', RegExp, string][] = [
      ['{nope}', 'unknown-name', /no `nope` here/, 'nope'],
      ['{p->nope}', 'unknown-name', /`item` has no member `nope`/, 'nope'],
      ['{$rxx}', 'unknown-name', /no register/, '$rxx'],
      ['{(struct nope *)p}', 'unknown-name', /no type `struct nope`/, 'struct nope *'],
      ['{x.y}', 'type', /no members/, 'y'],
      ['{x[0]}', 'type', /no elements/, 'x[0]'],
      ['{*x}', 'type', /`\*` does not work on a value of type `int`/, '*x'],
      ['{*untyped}', 'type', /can't be dereferenced/, '*untyped'],
      ['{thing + 1}', 'type', /computed with/, 'thing'],
      ['{wide + 1}', 'type', /computed with/, 'wide'],
      ['{p * 2}', 'type', /pointers/, 'p * 2'],
      ['{-p}', 'type', /pointers/, 'p'],
      ['{~number}', 'type', /integers/, 'number'],
      ['{number % 2}', 'type', /integers/, 'number % 2'],
      ['{number << 2}', 'type', /integers/, 'number << 2'],
      ['{array[number]}', 'type', /integer/, 'number'],
      ['{&(x + 1)}', 'type', /`&` works on/, '&(x + 1)'],
      ['{&p->flags}', 'type', /bit-field/, '&p->flags'],
      ['{(struct item)x}', 'type', /can't be cast/, '(struct item)x'],
      ['{x ? p : number}', 'type', /no common type/, 'x ? p : number'],
      ['{(float)p}', 'type', /no number/, '(float)p'],
      ['{(int *)number}', 'type', /no address/, '(int *)number'],
      ['{"text"}', 'type', /only be compared/, '"text"'],
      ['{x == "text"}', 'type', /can be compared with a string/, 'x'],
      ['{$tid + 1}', 'type', /stand alone/, '$tid'],
      ['{x,3}', 'type', /no elements/, '{x,3}'],
      ['{array,[number]}', 'type', /must be an integer/, 'number'],
      ['{sizeof(void)}', 'type', /size of `void`/, 'sizeof(void)'],
    ];
    for (const [text, code, pattern, at] of cases) {
      const error = refusal(() => says(text), text, code, pattern, at);
      assert.equal(error.place?.section, 'message');
    }
  });

  it('comes with advice where there is some', () => {
    const advice = (text: string, code: 'type' | 'unknown-name') => refusal(() => says(text), text, code, /./).advice;
    assert.equal(advice('{texd}', 'unknown-name'), 'Did you mean `text`, `thing` or `thing_ref`?');
    assert.equal(advice('{p->nope}', 'unknown-name'), 'Its members: id, flags, name, weight, low, high, next.');
    assert.equal(advice('{*untyped}', 'type'), 'Cast it first: `*(int *)p`.');
    assert.equal(advice('{(struct item)x}', 'type'), 'Cast a pointer: `*(struct item *)&x`.');
  });

  it('tells the condition from the message', () => {
    const condition = 'x > nope';
    const error = refusal(
      () => compileProbe({ kind: 'log', message: '{x}', condition }, scope, BIAS),
      condition,
      'unknown-name',
      /nope/,
      'nope',
    );
    assert.equal(error.place?.section, 'condition');
  });

  it('is too large when the agent could not run it', () => {
    const deep = Array.from({ length: 60 }, () => '1 + (x ? 2 : ').join('') + 'x' + ')'.repeat(60);
    refusal(() => holds(deep), deep, 'syntax', /too deeply/);
    const long = `text == "${'a'.repeat(600)}"`;
    refusal(() => holds(long), long, 'type', /too large/);
  });

  it('is found by its syntax alone as early as possible', () => {
    refusal(() => checkMessage('a {b +}'), 'a {b +}', 'syntax', /expected an expression/, '}');
    refusal(() => checkCondition('a +'), 'a +', 'syntax', /expected an expression/, '');
    checkMessage('{anything->at[all]}');
    checkCondition('anything > 5');
  });
});
