/** A number's text without a tree is the text of its tree. */
import assert from 'node:assert/strict';
import { CaptureStatus } from '../../../src/contract/agent/operations';
import { type Type } from '../../../src/debuginfo/model/model';
import { CaptureBudget } from '../../../src/language/compile/budget';
import { Reasons } from '../../../src/language/compile/reasons';
import { type ShownFormat } from '../../../src/language/compile/shown';
import { showValue } from '../../../src/language/compile/shownValue';
import { ValueCompiler } from '../../../src/language/compile/value';
import { parseExpression } from '../../../src/language/expression/parser';
import { check } from '../../../src/language/checker/check';
import { nodeText } from '../../../src/language/value/nodeText';
import { randomNumbers } from '../differential/generator';
import { array, at, enumeration, optimizedOut, pointer, scopeOf, types, variable } from '../scopes';

const { longDouble, int128, ...rest } = types;
const numbers = Object.fromEntries(Object.entries(rest).filter(([, { kind }]) => kind === 'base'));
/** Of a size that the agent computes with. */
const NUMBERS: Readonly<Record<string, Type>> = {
  ...numbers,
  colour: enumeration('colour', { red: 0n, green: 1n, blue: 4n }),
};
const OTHERS: Readonly<Record<string, Type>> = {
  longDouble,
  int128,
  text: pointer(types.char),
  list: array(types.int, 2),
};
const FORMATS: readonly ShownFormat[] = [
  {},
  ...(['hexadecimal', 'decimal', 'unsigned', 'octal', 'binary', 'character'] as const).map((style) => ({ style })),
];
const ROUNDS = 20;

const scope = scopeOf({
  variables: Object.entries({ ...NUMBERS, ...OTHERS }).map(([name, type], index) =>
    variable(`the_${name}`, type, at(BigInt(0x4000 + 16 * index))),
  ),
});

function shown(expression: string, format: ShownFormat) {
  const node = check(parseExpression(expression, { isType: () => false }), scope);
  const compiler = new ValueCompiler(0n, new Reasons(), () => optimizedOut);
  return CaptureBudget.shareOut((budget) => showValue(node, format, { compiler, budget }));
}

describe('the text of a number', () => {
  const context = { pid: 1, tid: 1, threadName: '', timeNs: 0n, ordinal: 1 };
  const random = randomNumbers(11);

  for (const name of Object.keys(NUMBERS)) {
    it(`is that of its node: ${name}`, () => {
      for (const expression of [`the_${name}`, `-the_${name}`]) {
        for (const format of FORMATS) {
          const value = shown(expression, format);
          assert.ok(value.text);
          for (let round = 0; round < ROUNDS; round++) {
            const bytes = Uint8Array.from({ length: random(17) }, () => random(256));
            for (const status of Object.values(CaptureStatus)) {
              assert.equal(value.text([{ status, bytes }]), nodeText(value.node([{ status, bytes }], context)));
            }
          }
        }
      }
    });
  }

  it('is all there is to a number: other values are trees', () => {
    for (const name of Object.keys(OTHERS)) assert.equal(shown(`the_${name}`, {}).text, undefined);
    for (const style of ['string', 'bare'] as const) assert.equal(shown('the_int', { style }).text, undefined);
  });
});
