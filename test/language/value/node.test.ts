/** Values as trees: what unfolds where there is room for more than a line. */
import assert from 'node:assert/strict';
import { type Type } from '../../../src/debuginfo/model/model';
import { nodeText } from '../../../src/language/value/nodeText';
import { snapshot } from '../../../src/language/value/snapshot';
import { nodeOf } from '../../../src/language/value/typeNodes';
import { array, member, pointer, structure, types } from '../scopes';

const point = structure('point', 8, [member('x', types.int, 0), member('y', types.int, 4)]);
const ints = (...values: number[]) => new Uint8Array(Int32Array.from(values).buffer);

describe('trees of values', () => {
  it('have members with their names, types, texts and places', () => {
    const line = structure('line', 16, [member('from', point, 0), member('to', point, 8)]);
    const root = nodeOf(line, snapshot(ints(1, 2, 3, 4)));
    assert.equal(root.text, undefined);
    assert.deepEqual([root.children.kind, root.children.count], ['named', 2]);
    const to = root.children.at(1);
    const y = to.children.at(1);
    assert.deepEqual([to.name, to.type, to.extent], ['to', point, { offset: 8, byteSize: 8 }]);
    assert.deepEqual([y.name, y.role, y.type, y.text], ['y', 'member', types.int, '4']);
    assert.deepEqual(y.extent, { offset: 12, byteSize: 4 });
  });

  it('have base classes by their names, and the bits of bit-fields', () => {
    const bits = { offset: 67, size: 5 };
    const derived = structure('derived', 12, [
      member(undefined, point, 0, { inherited: true }),
      member('flags', types.unsigned, 8, { bits }),
    ]);
    const { children } = nodeOf(derived, snapshot(ints(1, 2, 0x38)));
    const [base, flags] = [children.at(0), children.at(1)];
    assert.deepEqual([base.name, base.role, nodeText(base)], ['point', 'base', '{x = 1, y = 2}']);
    assert.deepEqual([flags.text, flags.extent], ['7', { offset: 8, byteSize: 1, bits: { offset: 3, size: 5 } }]);
  });

  it('have elements one by one, in any order', () => {
    const { children } = nodeOf(array(types.int, 1000), snapshot(ints(...Array.from({ length: 1000 }, (_, at) => at))));
    assert.deepEqual([children.kind, children.count, children.known], ['indexed', 1000, 1000]);
    assert.deepEqual(
      [999, 7].map((index) => children.at(index).text),
      ['999', '7'],
    );
    assert.equal(children.at(7).role, 'element');
  });

  it('have texts whose characters are their children', () => {
    const text = nodeOf(array(types.char, 8), snapshot(Buffer.from('abc\0\0\0\0\0')));
    assert.equal(text.text, '"abc"');
    assert.deepEqual([text.children.count, text.children.at(1).text], [8, "98 'b'"]);
  });

  it('say how many children there are, and how many were captured', () => {
    const elements = nodeOf(array(types.int, 5), snapshot(ints(1, 2))).children;
    assert.deepEqual([elements.count, elements.known], [5, 2]);
    const members = nodeOf(point, snapshot(ints(1))).children;
    assert.deepEqual([members.count, members.known], [2, 1]);
  });

  it('are made as far as they are looked at', () => {
    let asked = 0;
    const endless: Type = {
      kind: 'structure',
      name: 'endless',
      byteSize: 8,
      language: 'c',
      get members() {
        asked++;
        return [member('self', endless, 0), member('next', pointer(endless), 0)];
      },
    };
    let node = nodeOf(endless, snapshot(new Uint8Array(8)));
    assert.equal(asked, 0);
    for (let depth = 0; depth < 100; depth++) node = node.children.at(0);
    assert.equal(asked, 100);
  });
});
