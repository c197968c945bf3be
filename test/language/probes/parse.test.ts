import assert from 'node:assert/strict';
import fc from 'fast-check';
import { address } from '../../../src/base/address';
import { type SidestepError } from '../../../src/base/errors';
import { formatProbe } from '../../../src/language/probes/format';
import { parseProbe, parseProbes, rangeInLine } from '../../../src/language/probes/parse';
import { type ProbeSpec } from '../../../src/language/probes/spec';
import { refusal } from '../errors';

describe('the .probes language', () => {
  it('has log probes with a message, a condition and a hit condition, each optional', () => {
    assert.deepEqual(parseProbe('log a.c:12'), {
      kind: 'log',
      location: { kind: 'line', file: 'a.c', line: 12 },
      text: 'log a.c:12',
    });
    const line = '  log parse "got {n} of {p->name}" if n > 5 && p hits % 100  # every 100th';
    assert.deepEqual(parseProbe(line), {
      kind: 'log',
      location: { kind: 'function', name: 'parse' },
      message: 'got {n} of {p->name}',
      condition: 'n > 5 && p',
      hits: { operator: '%', count: 100 },
      text: line.trim(),
    });
    assert.equal(parseProbe('log f hits > 3').hits?.count, 3);
    assert.equal(parseProbe('log f "" if x').message, '');
  });

  it('has count probes with a condition', () => {
    assert.deepEqual(parseProbe('count malloc if $rdi > 4096'), {
      kind: 'count',
      location: { kind: 'function', name: 'malloc' },
      condition: '$rdi > 4096',
      text: 'count malloc if $rdi > 4096',
    });
  });

  it('knows where a condition ends', () => {
    assert.equal(parseProbe('log f if (x) hits 5').condition, '(x)');
    assert.equal(parseProbe('log f if hits > 5 hits 5').condition, 'hits > 5');
    assert.equal(parseProbe('log f if (uint8_t)x == 3 # comment').condition, '(uint8_t)x == 3');
  });

  it('has probes where functions return, by name or by a line of them', () => {
    const of = { kind: 'function', name: 'operator new[]' } as const;
    assert.deepEqual(parseProbe('count return operator new[] if $return').location, { kind: 'return', of });
    assert.deepEqual(parseProbe('log "return operator new[]"').location, { kind: 'return', of });
    assert.deepEqual(parseProbe('log return "my file.c:3" "{$return}" hits 5'), {
      kind: 'log',
      location: { kind: 'return', of: { kind: 'line', file: 'my file.c', line: 3 } },
      message: '{$return}',
      hits: { operator: '==', count: 5 },
      text: 'log return "my file.c:3" "{$return}" hits 5',
    });
    assert.deepEqual(parseProbe('log returned').location, { kind: 'function', name: 'returned' });
  });

  it('has no returns of what is no function', () => {
    const functions = /only functions return/;
    for (const location of ['*0x1000', 'libc!f+0x10', '"return f"']) {
      const line = `log return ${location}`;
      refusal(() => parseProbe(line), line, 'syntax', functions, location.replaceAll('"', ''));
    }
    for (const location of ['Py*_Append', 'libssl!SSL_*', 'server.c:*']) {
      const line = `count return ${location}`;
      refusal(() => parseProbe(line), line, 'syntax', /the returns of a pattern can't be probed/, location);
    }
    refusal(() => parseProbe('count return'), 'count return', 'syntax', /expected a location/, '');
  });

  it('has escapes in messages, which leave those of braces alone', () => {
    assert.equal(parseProbe('log f "a\\"b\\n\\\\\\t"').message, 'a"b\n\\\t');
    assert.equal(parseProbe('log f "\\{x\\} \\q"').message, '\\{x\\} \\q');
  });

  it('takes locations in quotes', () => {
    assert.deepEqual(parseProbe('log "my file.c:3" "m"').location, { kind: 'line', file: 'my file.c', line: 3 });
    assert.deepEqual(parseProbe('log "f const"').location, { kind: 'function', name: 'f const' });
  });

  it('holds one probe a line, with comments and empty lines between them', () => {
    const probes = parseProbes('# all\n\nlog a\r\n  # more\ncount b\n');
    assert.deepEqual(
      probes.map(({ text }) => text),
      ['log a', 'count b'],
    );
  });

  it('says where a line is wrong', () => {
    const cases: [string, RegExp, string][] = [
      ['', /expected `log` or `count`/, ''],
      ['trace f', /expected `log` or `count`/, 'trace'],
      ['log', /expected a location/, ''],
      ['log f x', /expected a message, `if`, `hits` or the end of the line, found `x`/, 'x'],
      ['log f "a {b', /no closing/, '"'],
      ['log f "a {b +}"', /expected an expression/, '}'],
      ['log f "\\n\\t{b +}"', /expected an expression/, '}'],
      ['log f if', /expected an expression/, ''],
      ['log f if a = 1', /change the program/, '='],
      ['log f if a b', /found `b`/, 'b'],
      ['log f hits x', /not a hit condition/, ' x'],
      ['log a.c:0 "m"', /no line 0/, 'a.c:0'],
      ['log "a.c:0" "m"', /no line 0/, 'a.c:0'],
      ['log S<int "m"', /not closed/, '<'],
      ['count f "message"', /expected `if` or the end of the line/, '"'],
      ['count f hits 3', /expected `if` or the end of the line/, 'hits'],
    ];
    for (const [line, message, at] of cases) refusal(() => parseProbe(line), line, 'syntax', message, at);
  });

  it('says in which line of a file', () => {
    assert.throws(
      () => parseProbes('log a\n\ncount b c\n'),
      (thrown: SidestepError) => {
        assert.deepEqual(thrown.place, { line: 3, range: { start: 8, end: 9 } });
        return true;
      },
    );
  });

  it('tells where a part of a message or a condition lies in the line', () => {
    const line = '\tlog "a::b( int )" "\\"x\\" {name} {n}" if  n > limit hits 3 # {n}';
    const found = (section: string, text: string, part: string) => {
      const start = text.indexOf(part);
      const range = rangeInLine(line, section, { start, end: start + part.length });
      return range && line.slice(range.start, range.end);
    };
    const { message, condition } = parseProbe(line);
    assert.equal(found('message', message!, 'name'), 'name');
    assert.equal(found('message', message!, '"x"'), '\\"x\\"');
    assert.equal(found('message', message!, '{n}'), '{n}');
    assert.equal(found('condition', condition!, 'limit'), 'limit');
    assert.equal(rangeInLine('count f', 'condition', { start: 0, end: 1 }), undefined);
    assert.equal(rangeInLine(line, undefined, { start: 0, end: 1 }), undefined);
  });

  it('reads back every probe that it writes', () => {
    fc.assert(
      fc.property(probe, (spec) => {
        const text = formatProbe(spec);
        assert.deepEqual(parseProbe(text), { ...spec, text });
        assert.equal(formatProbe(parseProbe(text)), text);
      }),
      { numRuns: 500 },
    );
  });
});

// ---- probes to write and read
// ---------------------------------------------------------------------------------------------

const functionName = fc.constantFrom(
  'main',
  'ns::Stack<int, 4>::push',
  'operator new[]',
  'Foo::operator bool',
  'Foo::operator()',
  'ns::operator<<',
  'f(int, char)',
  'g(int) const',
  '<alloc::vec::Vec<T> as Drop>::drop',
  'main::{{closure}}',
  'main.(*Server).handle',
  '#odd',
);

const fileName = fc.constantFrom('a.c', '/usr/src/my file.cc', 'src/"q".rs', 'dir (x86)/a.go', 'a<b.c', 'tab\t.c');

const ofFunction = fc.oneof(
  fc.record(
    { kind: fc.constant('line' as const), file: fileName, line: fc.integer({ min: 1, max: 0xffff_ffff }) },
    { noNullPrototype: true },
  ),
  fc.record({ kind: fc.constant('function' as const), name: functionName }, { noNullPrototype: true }),
);

const location: fc.Arbitrary<ProbeSpec['location']> = fc.oneof(
  ofFunction,
  fc.record({ kind: fc.constant('return' as const), of: ofFunction }, { noNullPrototype: true }),
  fc.record(
    { kind: fc.constant('address' as const), address: fc.bigInt(0n, (1n << 64n) - 1n).map(address) },
    { noNullPrototype: true },
  ),
  fc.record(
    {
      kind: fc.constant('offset' as const),
      module: fc.constantFrom('a.out', 'libc.so.6', 'my module'),
      function: functionName,
      offset: fc.nat(),
    },
    { noNullPrototype: true },
  ),
);

const VALUES = ['{x}', '{p->a[1],x}'];

/** Any text around well-formed values: every character may need quoting in a line. */
const message = fc
  .array(fc.oneof(fc.string(), fc.constantFrom(...VALUES, '\\{', '\\}', '\\\\', '{{', '"', '\n', '\t', ' # ', ' if ')))
  .map((parts) =>
    parts.map((part) => (VALUES.includes(part) ? part : part.replace(/[{}\\]/g, (found) => `\\${found}`))).join(''),
  );

const condition = fc.constantFrom(
  'x',
  'x > 5',
  '(x) && hits',
  "c == '#'",
  's == "a # b"',
  '(uint8_t)x == 1',
  'a ? b : c',
);

const hits = fc.record(
  { operator: fc.constantFrom('==', '>', '>=', '<', '<=', '%'), count: fc.integer({ min: 1 }) },
  { noNullPrototype: true },
);

const probe = fc.oneof(
  fc.record(
    { kind: fc.constant('log' as const), location, message, condition, hits },
    { noNullPrototype: true, requiredKeys: ['kind', 'location'] },
  ),
  fc.record(
    { kind: fc.constant('count' as const), location, condition },
    { noNullPrototype: true, requiredKeys: ['kind', 'location'] },
  ),
);
