/** Random expressions mean what they mean to gcc: the same types, the same bytes. */
import assert from 'node:assert/strict';
import { verifyAgent } from '../../../src/contract/agent/verify';
import { type Type } from '../../../src/debuginfo/model/model';
import { compileProbe } from '../../../src/language/compileProbe';
import { parseExpression } from '../../../src/language/expression/parser';
import { check } from '../../../src/language/checker/check';
import { decay } from '../../../src/language/typed/conversions';
import { unqualified, typeText } from '../../../src/language/typed/types';
import { memoryOf, runCapture } from '../agentInterpreter';
import { scopeOf } from '../scopes';
import { ExpressionGenerator, randomNumbers } from './generator';
import { runThroughGcc, type Value } from './program';
import { DECLARATIONS, variablesAt } from './variables';

const EXPRESSIONS = 600;
const SEED = 1;

/** DWARF's names of types → C's. */
const TAG_OF_TYPE: Readonly<Record<string, string>> = {
  _Bool: 'bool',
  'short int': 'short',
  'short unsigned int': 'unsigned short',
  'long int': 'long',
  'long long int': 'long',
  'long unsigned int': 'unsigned long',
  'long long': 'long',
  'unsigned long long': 'unsigned long',
};

describe('expressions, against gcc', () => {
  it(`${EXPRESSIONS} random expressions have the same types and values`, () => {
    const random = randomNumbers(SEED);
    const generator = new ExpressionGenerator(random);
    const expressions = Array.from({ length: EXPRESSIONS }, () => generator.any(1 + random(4)));
    const { addresses, contents, values } = runThroughGcc(expressions);
    const scope = scopeOf({
      variables: variablesAt(addresses),
      types: { 'struct pack': DECLARATIONS.find(({ name }) => name === 's')!.type },
    });
    const blocks = [...contents].map(([name, bytes]) => [addresses.get(name)!.toString(), bytes] as const);
    const machine = { registers: {}, byteAt: memoryOf(Object.fromEntries(blocks)) };

    expressions.forEach((expression, index) => {
      const node = decay(check(parseExpression(expression), scope));
      // In decimal, a pointer to characters is no text.
      const { agent } = compileProbe({ kind: 'log', message: `{${expression},d}` }, scope, 0n);
      verifyAgent(agent);
      const { bytes } = runCapture(agent.captures[0]!, machine);
      assert.deepEqual(seen(node.type, bytes), values[index], expression);
    });
  });
});

function seen(type: Type, bytes: Uint8Array): Value {
  const tag = tagOf(type);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const number = tag === 'float' ? view.getFloat32(0, true) : tag === 'double' ? view.getFloat64(0, true) : 0;
  return { tag, bytes: Number.isNaN(number) ? 'nan' : Buffer.from(bytes).toString('hex') };
}

function tagOf(type: Type): string {
  const under = unqualified(type);
  if (under.kind === 'enumeration') return 'unsigned int';
  const text = typeText(under);
  return TAG_OF_TYPE[text] ?? text;
}
