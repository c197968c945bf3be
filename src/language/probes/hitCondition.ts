/**
 * Hit conditions as editors pass them: `5`, `> 5`, `>= 5`, `< 5`, `<= 5`, `== 5`, `% 100`. A bare number means `==`.
 */
import { assertExists } from '../../base/assert';
import { type HitCondition } from '../../contract/messages';
import { syntaxError } from '../expression/diagnostics';

const PATTERN = /^\s*(?<operator>==|=|>=|<=|>|<|%)?\s*(?<count>[0-9]+)\s*$/;

const OPERATORS: ReadonlyMap<string, HitCondition['operator']> = new Map([
  ['=', '=='],
  ['==', '=='],
  ['>', '>'],
  ['>=', '>='],
  ['<', '<'],
  ['<=', '<='],
  ['%', '%'],
]);

/** Throws `syntax`, with the whole text as its range. */
export function parseHitCondition(text: string): HitCondition {
  const groups = PATTERN.exec(text)?.groups;
  const count = Number(groups?.['count']);
  const range = { start: 0, end: text.length };
  if (groups === undefined || !Number.isSafeInteger(count)) {
    throw syntaxError(
      `\`${text.trim()}\` is not a hit condition`,
      range,
      'Write a number with one of == > >= < <= % before it: `> 5`, `% 100`.',
    );
  }
  const operator = assertExists(OPERATORS.get(groups['operator'] ?? '=='), 'operator');
  if (operator === '%' && count === 0) throw syntaxError('`% 0` selects no hit: write at least `% 1`', range);
  return { operator, count };
}

/** Canonical text: `== 5`. */
export function formatHitCondition({ operator, count }: HitCondition): string {
  return `${operator} ${count}`;
}
