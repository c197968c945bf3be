import assert from 'node:assert/strict';
import {
  anything,
  bigInteger,
  boolean,
  integer,
  list,
  object,
  oneOf,
  optional,
  record,
  type Shape,
  string,
  tuple,
} from '../../src/base/shape';

interface Order {
  readonly id: number;
  readonly note?: string;
  readonly tags: string[];
}

const order: Shape<Order> = object<Order>({ id: integer(1, 9), note: optional(string), tags: list(string) });

/** Shape, value, what is said of it; undefined: nothing. */
const CASES: readonly (readonly [string, Shape<unknown>, unknown, string | undefined])[] = [
  ['true', boolean, true, undefined],
  ['1 for a boolean', boolean, 1, 'it must be true or false, not 1'],
  ['an integer’s ends', integer(1, 9), 9, undefined],
  ['one beyond', integer(1, 9), 10, 'it must be an integer from 1 to 9, not 10'],
  ['a fraction', integer(1, 9), 1.5, 'it must be an integer from 1 to 9, not 1.5'],
  ['not a number', integer(1, 9), NaN, 'it must be an integer from 1 to 9, not NaN'],
  ['a number for a bigint', bigInteger(0n, 9n), 1, 'it must be a 64-bit integer from 0 to 9, not 1'],
  ['a bigint that is too large', bigInteger(0n, 9n), 10n, 'it must be a 64-bit integer from 0 to 9, not 10'],
  ['a choice', oneOf('a', 'b'), 'b', undefined],
  ['none of the choices', oneOf('a', 'b'), 'c', 'it must be "a" or "b", not "c"'],
  ['what is missing and may be', optional(string), undefined, undefined],
  ['null for what may be missing', optional(string), null, 'it must be a string, not null'],
  ['a list', list(string), ['a'], undefined],
  ['an object for a list', list(string), { length: 0 }, 'it must be a list, not an object'],
  ['a list’s second', list(string), ['a', 2], 'it[1] must be a string, not 2'],
  ['a tuple', tuple<[string, number]>(string, integer(0, 1)), ['a', 1], undefined],
  ['a short tuple', tuple<[string, number]>(string, integer(0, 1)), ['a'], 'it must be a list of 2, not a list of 1'],
  ['a record', record(string), { a: 'b' }, undefined],
  ['a record’s entry', record(string), { a: 'b', c: {} }, 'it.c must be a string, not an object'],
  ['an object', order, { id: 1, tags: [] }, undefined],
  ['an object with more', order, { id: 1, tags: [], other: 1 }, undefined],
  ['an object with less', order, { tags: [] }, 'it.id must be an integer from 1 to 9, not missing'],
  ['an object’s inside', order, { id: 1, tags: [true] }, 'it.tags[0] must be a string, not true'],
  ['a list for an object', order, [], 'it must be an object, not a list of 0'],
  ['what is only inherited', object({ toString: string }), {}, 'it.toString must be a string, not missing'],
  ['anything', anything, undefined, undefined],
  ['a long string', integer(1, 9), 'x'.repeat(99), `it must be an integer from 1 to 9, not "${'x'.repeat(40)}"`],
];

describe('shapes', () => {
  for (const [name, shape, value, problem] of CASES) {
    it(`${problem === undefined ? 'accept' : 'refuse'} ${name}`, () => {
      assert.equal(shape.problem(value, 'it'), problem);
    });
  }
});
