/** What formatters can say, on a thread made by hand: its memory, its variables, and what a message reads. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { AGENT_LIMITS } from '../../../src/contract/agent/operations';
import { verifyAgent } from '../../../src/contract/agent/verify';
import { type Type } from '../../../src/debuginfo/model/model';
import { compileProbe } from '../../../src/language/compileProbe';
import { type Visualizer } from '../../../src/language/natvis/ast';
import { memoryOf, runCapture } from '../agentInterpreter';
import {
  array as arrayType,
  at,
  inRegister,
  member,
  pointer,
  scopeOf,
  structure,
  typedef,
  types,
  variable,
} from '../scopes';
import {
  array,
  customList,
  display,
  expandedItem,
  expression,
  type FormatterOptions,
  formatter,
  indexList,
  intrinsic,
  item,
  linkedList,
  optional,
  statement,
  synthetic,
  text,
  tree,
  visualizersOf,
  when,
} from './formatters';

const { loop, exec, breakIf, choice } = statement;

/** A type that points to itself: the getter that debug information has is resolved here. */
function selfPointing(make: (self: Type) => Type): Type {
  const target = { kind: 'pointer' as const, byteSize: 8, target: types.void as Type };
  target.target = make(target);
  return target.target;
}

const node = selfPointing((self) =>
  structure('node', 24, [
    member('next', self, 0),
    member('value', types.int, 8),
    member('name', pointer(types.char), 16),
  ]),
);
const leafNode = selfPointing((self) =>
  structure('leaf', 24, [member('left', self, 0), member('right', self, 8), member('key', types.int, 16)]),
);
const list = structure('list', 16, [member('head', pointer(node), 0), member('size', types.long, 8)]);
const wood = structure('wood', 8, [member('root', pointer(leafNode), 0)]);
const span = structure('span', 16, [member('data', pointer(types.int), 0), member('count', types.long, 8)]);
const buffer = structure('buffer', 16, [member('chars', pointer(types.char), 0), member('length', types.long, 8)]);
const tagged = structure('tagged', 16, [
  member('tag', types.int, 0),
  member('number', types.float, 4),
  member('data', pointer(types.void), 8),
]);
const outer = structure('outer', 40, [
  member('id', types.int, 0),
  member('text', buffer, 8),
  member('items', span, 24),
]);

function bytes(...values: readonly (bigint | number)[]): Uint8Array {
  return new Uint8Array(BigUint64Array.from(values.map((value) => BigInt.asUintN(64, BigInt(value)))).buffer);
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

const low = (first: number, second: number): Uint8Array => new Uint8Array(Int32Array.of(first, second).buffer);
const DANGLING = 0xdead_0000n;

const MEMORY: Readonly<Record<string, Uint8Array>> = {
  // Three nodes; the name of the second leads nowhere.
  [0x1000]: joined(bytes(0x1100), low(1, 0), bytes(0x8000)),
  [0x1100]: joined(bytes(0x1200), low(2, 0), bytes(DANGLING)),
  [0x1200]: joined(bytes(0), low(3, 0), bytes(0x8000)),
  // A chain that comes back to itself, and one that leads nowhere.
  [0x2000]: joined(bytes(0x2100), low(7, 0), bytes(0)),
  [0x2100]: joined(bytes(0x2000), low(8, 0), bytes(0)),
  [0x2200]: joined(bytes(DANGLING), low(9, 0), bytes(0)),
  // A tree of 2, with 1 and 3 below, and one that is its own child.
  [0x3000]: joined(bytes(0x3100, 0x3200), low(2, 0)),
  [0x3100]: joined(bytes(0, 0), low(1, 0)),
  [0x3200]: joined(bytes(0, 0), low(3, 0)),
  [0x3300]: joined(bytes(0x3300, 0), low(4, 0)),
  [0x3400]: joined(bytes(0, 0x3400), low(5, 0)),
  [0x4000]: joined(low(10, 20), low(30, 40)),
  // Variables.
  [0x6000]: bytes(0x1000, 3),
  [0x6010]: bytes(0x2000, 0),
  [0x6020]: bytes(0x2200, 5),
  [0x6030]: bytes(0x1000, -1),
  [0x6040]: bytes(0x1000, 1n << 60n),
  [0x6100]: bytes(0x3000),
  [0x6108]: bytes(0x3300),
  [0x6110]: bytes(0x3400),
  [0x6200]: bytes(0x4000, 3),
  [0x6210]: bytes(0x4000, 1n << 60n),
  [0x6220]: bytes(DANGLING, 2),
  [0x6300]: bytes(0x8000, 4),
  [0x6400]: joined(new Uint8Array(Int32Array.of(2).buffer), new Uint8Array(Float32Array.of(0.5).buffer), bytes(0x8000)),
  [0x6500]: joined(low(77, 0), bytes(0x8000, 5), bytes(0x4000, 2)),
  [0x6600]: bytes(0x8000, 1, DANGLING, 3),
  [0x6700]: bytes(0x9000, 1100),
  [0x9000]: new Uint8Array(1100).fill(0x78),
  [0x8000]: Buffer.from('hello\0world\0'),
};

const VARIABLES: Readonly<Record<string, readonly [Type, number]>> = {
  list: [list, 0x6000],
  ring: [list, 0x6010],
  broken: [list, 0x6020],
  negative: [list, 0x6030],
  huge: [list, 0x6040],
  tree: [wood, 0x6100],
  self: [wood, 0x6108],
  spine: [wood, 0x6110],
  span: [span, 0x6200],
  hugeSpan: [span, 0x6210],
  lost: [span, 0x6220],
  buffer: [buffer, 0x6300],
  tagged: [tagged, 0x6400],
  outer: [outer, 0x6500],
  long: [buffer, 0x6700],
  buffers: [arrayType(buffer, 2), 0x6600],
  named: [typedef('list_t', list), 0x6000],
};

const scope = scopeOf({
  function: 'f',
  types: { node, leaf: leafNode, list },
  variables: [
    ...Object.entries(VARIABLES).map(([name, [type, address]]) => variable(name, type, at(BigInt(address)))),
    variable('inRegisters', span, {
      kind: 'pieces',
      pieces: [
        { location: inRegister(5), byteSize: 8 },
        { location: inRegister(4), byteSize: 8 },
      ],
    }),
  ],
});

/** What `{value}` reads, with these formatters; the program of the agent must be sound. */
function reads(value: string, ...formatters: readonly Visualizer[]): string {
  return readsIn(MEMORY, value, formatters);
}

function readsIn(
  memory: Readonly<Record<string, Uint8Array>>,
  value: string,
  formatters: readonly Visualizer[],
): string {
  const probe = compileProbe({ kind: 'log', message: `{${value}}` }, scope, 0n, visualizersOf(...formatters));
  verifyAgent(probe.agent);
  const machine = { registers: { rdi: 0x4000n, rsi: 2n }, byteAt: memoryOf(memory) };
  const supply = { fuel: AGENT_LIMITS.fuel as number };
  const captures = probe.agent.captures.map((operations) => runCapture(operations, machine, supply));
  return probe.render(captures, { pid: 1, tid: 2, threadName: '' });
}

const lists = (options: FormatterOptions) => formatter('list', options);
const chain = linkedList('size', 'head', 'next', 'value');
const bufferFormatter = formatter('buffer', { displays: ['{chars,[length]s}'] });
const spanFormatter = formatter('span', { entries: [array('count', 'data')] });
const inOrder = tree(undefined, ['root', 'left', 'right'], 'key');

describe('formatters', () => {
  describe('texts', () => {
    it('are the first whose condition holds, with values in any format', () => {
      const displays = [
        when('tag == 1', display('one')),
        when('tag == 2', display('two {number} {tag,x} {data,s} {(char *)data,sb} {tag + 1}')),
        display('other'),
      ];
      assert.equal(reads('tagged', formatter('tagged', { displays })), 'two 0.5 0x2 "hello" hello 3');
      assert.equal(
        reads('tagged', formatter('tagged', { displays: [...displays.slice(0, 1), display('other')] })),
        'other',
      );
    });

    it('count characters, also where these have another size', () => {
      assert.equal(reads('buffer', bufferFormatter), '"hell"');
      assert.equal(
        reads('buffer', formatter('buffer', { displays: ['{chars,[length]sb}|{chars,s8}|{chars,na}'] })),
        'hell|"hello"|"hello"',
      );
      assert.equal(reads('buffer', formatter('buffer', { displays: ['{chars,[2]su}'] })), 'u"\u6568\u6c6c"');
    });

    it('have as many characters as any text may have', () => {
      assert.equal(reads('long', bufferFormatter), `"${'x'.repeat(1024)}"...`);
    });

    it('show members that have formatters with them', () => {
      assert.equal(reads('outer', bufferFormatter, spanFormatter), '{id = 77, text = "hello", items = {10, 20}}');
      const whole = formatter('outer', { displays: ['<{id}: {text} {items}>'] });
      assert.equal(reads('outer', bufferFormatter, spanFormatter, whole), '<77: "hello" {10, 20}>');
      assert.equal(reads('buffers', bufferFormatter), '{"h", <not readable: 0xdead0000>}');
    });

    it('are left out with `!`', () => {
      assert.equal(reads('buffer,!', bufferFormatter), '{chars = 0x8000 "hello", length = 4}');
      const raw = formatter('outer', { displays: ['{text,!}'] });
      assert.equal(reads('outer', raw, bufferFormatter), '{chars = 0x8000 "hello", length = 5}');
    });

    it('belong to views', () => {
      const short = formatter('buffer', { displays: ['short'], views: { included: ['short'], excluded: [] } });
      const user = formatter('outer', { displays: ['{text,view(short)} {text}'] });
      assert.equal(reads('outer', user, short, bufferFormatter), 'short "hello"');
    });
  });

  describe('lists', () => {
    it('follow a chain as long as its size says, or to its end', () => {
      assert.equal(reads('list', lists({ entries: [chain] })), '{1, 2, 3}');
      assert.equal(reads('named', lists({ entries: [chain] })), '{1, 2, 3}');
      assert.equal(reads('list', lists({ entries: [linkedList(undefined, 'head', 'next', 'value')] })), '{1, 2, 3}');
      assert.equal(reads('list', lists({ entries: [linkedList('2', 'head', 'next', 'value')] })), '{1, 2}');
    });

    it('say where they could not be read, and go on after a value that could not', () => {
      const named = linkedList('size', 'head', 'next', 'value', { name: text('[{name}]') });
      assert.equal(
        reads('list', lists({ entries: [named] })),
        '{["hello"] = 1, [<not readable: 0xdead0000>] = 2, ["hello"] = 3}',
      );
      assert.equal(
        reads('broken', lists({ entries: [chain] })),
        '{9, <not readable: 0xdead0008>, <not readable: 0xdead0000>}',
      );
      assert.equal(reads('lost', spanFormatter), '{<not readable: 0xdead0000>}');
    });

    it('end where they are longer than can be shown', () => {
      const ring = reads('ring', lists({ entries: [linkedList('100000', 'head', 'next', 'value')] }));
      assert.match(ring, /^\{7, 8, 7, 8, .*\.\.\.\}$/);
      assert.equal(reads('ring', lists({ entries: [linkedList(undefined, 'head', 'next', 'value')] })), '{7, 8}');
      assert.equal(reads('huge', lists({ entries: [chain] })), '{1, 2, 3...}');
      assert.equal(reads('negative', lists({ entries: [chain] })), '{<not available: its size is -1>}');
      assert.equal(reads('hugeSpan', spanFormatter), '{10, 20, 30, 40, <not readable: 0x4010>}');
    });

    it('skip nodes that have no value', () => {
      const odd = linkedList('size', 'head', 'next', 'value', { condition: expression('value != 2') });
      assert.equal(reads('list', lists({ entries: [odd] })), '{1, 3}');
    });

    it('are arrays, or values by number', () => {
      assert.equal(reads('span', spanFormatter), '{10, 20, 30}');
      assert.equal(reads('inRegisters', spanFormatter), '{10, 20}');
      assert.equal(
        reads('span', formatter('span', { entries: [indexList('count', 'data[count - 1 - $i]')] })),
        '{30, 20, 10}',
      );
    });

    it('are trees, walked in order, whatever they lead to', () => {
      assert.equal(reads('tree', formatter('wood', { entries: [inOrder] })), '{1, 2, 3}');
      assert.equal(reads('self', formatter('wood', { entries: [inOrder] })), '{4 <repeats 128 times>...}');
      assert.match(reads('spine', formatter('wood', { entries: [inOrder] })), /^\{5 <repeats 1\d\d times>\.\.\.\}$/);
      const small = tree(undefined, ['root', 'left', 'right'], 'key', { condition: expression('key < 3') });
      assert.equal(reads('tree', formatter('wood', { entries: [small] })), '{1, 2}');
    });
  });

  describe('lists that formatters compute', () => {
    it('have variables, loops, branches and ways out', () => {
      const body = [
        loop(
          undefined,
          breakIf('!at'),
          choice(
            ['at->value == 1', statement.item('at->value', 'first')],
            ['at->value == 2', exec('skipped += 10'), exec('skipped++')],
            [undefined, statement.item('at->value + skipped')],
          ),
          exec('at = at->next'),
        ),
        statement.item('skipped'),
        breakIf(),
        statement.item('99'),
      ];
      assert.equal(
        reads('list', lists({ entries: [customList({ at: 'head', skipped: '0' }, body)] })),
        '{first = 1, 14, 11}',
      );
    });

    it('end, whatever they do', () => {
      const forever = customList({ at: 'head', i: '0' }, [loop('1', exec('i = i + 1'))]);
      assert.equal(reads('list', lists({ entries: [forever] })), '{...}');
      const items = customList({ i: '0' }, [loop('1', statement.item('i'), exec('++i'))]);
      assert.match(reads('list', lists({ entries: [items] })), /^\{0, 1, 2, .*\.\.\.\}$/);
    });
  });

  describe('children', () => {
    it('are members of the line where there are no elements, and details where there are', () => {
      const members = [item('[size]', 'size'), when('size > 5', item('[big]', '1')), synthetic('[extra]', 'x{size}')];
      assert.equal(reads('list', lists({ entries: members })), '{[size] = 3, [extra] = x3}');
      assert.equal(reads('list', lists({ entries: [...members, chain] })), '{1, 2, 3}');
      assert.equal(reads('list', lists({ displays: ['{size} items'], entries: members })), '3 items');
      assert.equal(reads('list', lists({ displays: ['{size} items'], entries: [chain] })), '{1, 2, 3}');
    });

    it('may be those of another value', () => {
      const both = formatter('outer', { entries: [expandedItem('items')] });
      assert.equal(reads('outer', both, spanFormatter), '{10, 20}');
    });

    it('are left out where they have no meaning and need none', () => {
      const entries = [optional(item('[gone]', 'no_such_member')), item('[size]', 'size')];
      assert.equal(reads('list', lists({ entries })), '{[size] = 3}');
    });
  });

  it('that have no meaning for a type leave it to the next', () => {
    const wrong = lists({ entries: [item('x', 'no_such_member')] });
    assert.equal(reads('list', wrong, lists({ entries: [chain] })), '{1, 2, 3}');
    assert.match(reads('list', wrong), /^\{head = 0x1000, size = 3\}$/);
  });

  it('have intrinsics, with their arguments in them', () => {
    const intrinsics = [intrinsic('twice', 'x * 2', 'x'), intrinsic('double_size', 'twice(size + 1)')];
    assert.equal(reads('list', lists({ intrinsics, displays: ['{double_size()} {twice(twice(2))}'] })), '8 8');
    const endless = [intrinsic('endless', 'endless()')];
    assert.match(reads('list', lists({ intrinsics: endless, displays: ['{endless()}'] })), /head = /);
  });

  it('read something of any memory, and stay in their bounds', () => {
    const all = [
      lists({
        entries: [item('[size]', 'size'), linkedList('size', 'head', 'next', 'value', { name: text('{name}') })],
      }),
      formatter('wood', { entries: [inOrder] }),
      formatter('outer', { entries: [item('text', 'text'), expandedItem('items')] }),
      spanFormatter,
      bufferFormatter,
    ];
    const word = fc.oneof(
      fc.constantFrom(...Object.keys(MEMORY).map(BigInt)),
      fc.bigInt(-3n, 40n),
      fc.bigInt(0n, (1n << 64n) - 1n),
    );
    const contents = fc.array(word, { minLength: 60, maxLength: 60 });
    fc.assert(
      fc.property(contents, fc.constantFrom('list', 'tree', 'span', 'outer', 'buffers'), (words, name) => {
        const memory = Object.fromEntries(
          Object.entries(MEMORY).map(([address, { length }], block) => {
            const values = Array.from(
              { length: Math.ceil(length / 8) },
              (_, at) => words[(7 * block + at) % words.length]!,
            );
            return [address, bytes(...values).subarray(0, length)];
          }),
        );
        assert.notEqual(readsIn(memory, name, all), '');
      }),
      { numRuns: 200 },
    );
  });

  it('that show a value in itself end', () => {
    const nested = formatter('node', { displays: ['({value} {*next})'] });
    assert.equal(reads('*ring.head', nested), '(7 (8 (7 (8 (7 (8 ...))))))');
    const wide = formatter('node', { displays: ['{*next} {*next} {*next} {*next}'] });
    assert.match(reads('*ring.head', wide), /\.\.\./);
  });
});
