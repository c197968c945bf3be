import assert from 'node:assert/strict';
import { MessageValues } from '../../../src/adapter/output/messageValues';
import { type LabelledNode } from '../../../src/language/compileProbe';
import { base, INT } from '../../../src/language/typed/builtinTypes';
import { arrayOf } from '../../../src/language/typed/types';
import { snapshot } from '../../../src/language/value/snapshot';
import { nodeOf } from '../../../src/language/value/typeNodes';
import { type Member, type Type } from '../../../src/debuginfo/model/model';

const member = (name: string, type: Type, byteOffset: number, inherited = false): Member => ({
  name,
  type,
  byteOffset,
  inherited,
});
const structure = (name: string, byteSize: number, members: readonly Member[]): Type => ({
  kind: 'structure',
  name,
  byteSize,
  language: 'c',
  members,
});
const POINT = structure('point', 8, [member('x', INT, 0), member('y', INT, 4)]);
const TEXT = arrayOf(base('char', 1, 'character'), 4);

/** A value of ascending bytes. */
const value = (label: string, type: Type, bytes: number): LabelledNode => ({
  label,
  node: nodeOf(type, snapshot(Uint8Array.from({ length: bytes }, (_, at) => at))),
});
const message = (...values: LabelledNode[]) => ({ text: 'the message', values });

describe('values of messages', () => {
  let values: MessageValues;
  beforeEach(() => {
    values = new MessageValues(true);
  });
  const look = (variablesReference: number, more: object = {}) => values.variables({ variablesReference, ...more });
  const shown = (reference: number, more: object = {}) =>
    look(reference, more).map(({ name, value: text }) => [name, text]);
  const inner = (reference: number, index = 0) => look(reference)[index]?.variablesReference ?? 0;

  it('are kept of messages that hold something with parts', () => {
    assert.equal(values.keep(message()), undefined);
    assert.equal(values.keep(message(value('n', INT, 4))), undefined);
    assert.equal(values.keep(message(value('text', TEXT, 4))), undefined);
    assert.equal(values.keep(message(value('n', INT, 4), value('p', POINT, 8))), 1);
  });

  it('are the one value that unfolds, with type and members', () => {
    const reference = values.keep(message(value('n', INT, 4), value('p', POINT, 8)))!;
    const [variable, ...others] = look(reference);
    assert.deepEqual(others, []);
    assert.deepEqual(variable, {
      name: 'p',
      value: '{x = 50462976, y = 117835012}',
      type: 'struct point',
      variablesReference: 2,
      namedVariables: 2,
      presentationHint: { kind: 'data', attributes: ['readOnly'] },
    });
    assert.deepEqual(shown(2), [
      ['x', '50462976'],
      ['y', '117835012'],
    ]);
  });

  it('are in one variable if several unfold: an editor shows the text of one only', () => {
    const reference = values.keep(message(value('p', POINT, 8), value('q', POINT, 8), value('n', INT, 4)))!;
    assert.deepEqual(shown(reference), [['message', 'the message']]);
    assert.deepEqual(
      shown(inner(reference)).map(([name]) => name),
      ['p', 'q', 'n'],
    );
  });

  it('have the same references whenever they are looked at', () => {
    const reference = values.keep(message(value('p', POINT, 8)))!;
    assert.equal(inner(reference), inner(reference));
  });

  it('come in pages', () => {
    const reference = values.keep(message(value('a', arrayOf(INT, 300), 1200)))!;
    const [array] = look(reference);
    assert.equal(array?.indexedVariables, 300);
    const elements = array.variablesReference;
    const page = shown(elements, { filter: 'indexed', start: 100, count: 3 });
    assert.deepEqual(
      page.map(([name]) => name),
      ['[100]', '[101]', '[102]'],
    );
    assert.equal(look(elements, { filter: 'indexed', start: 298, count: 100 }).length, 2);
    assert.deepEqual(look(elements, { filter: 'named' }), []);
    assert.equal(look(elements).length, 300);
  });

  it('say how much was not captured', () => {
    const array = value('a', arrayOf(INT, 10), 12);
    const reference = values.keep(message(array))!;
    assert.deepEqual(shown(inner(reference)).at(-1), ['…', '7 more']);
  });

  it('tell base classes', () => {
    const derived = structure('derived', 8, [member('point', POINT, 0, true)]);
    const reference = values.keep(message(value('d', derived, 8)))!;
    const [part] = look(inner(reference));
    assert.deepEqual(part?.presentationHint, { kind: 'baseClass', attributes: ['readOnly'] });
  });

  it('have no types where the editor does not show them', () => {
    values = new MessageValues(false);
    const [variable] = look(values.keep(message(value('p', POINT, 8)))!);
    assert.ok(variable && !('type' in variable));
  });

  it('are kept of the last messages, and a reference to others says so', () => {
    const first = values.keep(message(value('p', POINT, 8)))!;
    const members = inner(first);
    let last = first;
    for (let count = 0; count < 1000; count++) last = values.keep(message(value('p', POINT, 8)))!;
    for (const gone of [first, members, last + 1000, 0])
      assert.throws(() => look(gone), { code: 'bad-request', message: /nothing is kept under the reference/ });
    assert.equal(look(last).length, 1);
  });
});
