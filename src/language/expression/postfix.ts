/** What may follow an operand: members, elements, slices, Go's type assertions, and conversions written as calls. */
import { type Expression, type TypeName } from './ast';
import { syntaxError } from './diagnostics';
import { type Grammar } from './grammar';
import { type TokenCursor } from './tokenCursor';
import { isTypeWord, typeNameAt } from './typeName';

/** What reads the expressions inside of one. */
export interface ExpressionReader {
  readonly cursor: TokenCursor;
  readonly grammar: Grammar;
  expression(): Expression;
  /** Counts the node. */
  node(expression: Expression): Expression;
  /** Whether a name means a type; undefined where nobody knows. */
  isType(name: string): boolean | undefined;
}

/** The operand with all that follows it. Throws `syntax`. */
export function withPostfixes(reader: ExpressionReader, operand: Expression): Expression {
  const { cursor } = reader;
  let object = operand;
  for (;;) {
    if (cursor.at('.') || cursor.at('->')) object = member(reader, object);
    else if (cursor.at('[')) object = element(reader, object);
    else if (cursor.at('(')) object = call(reader, object);
    else return object;
  }
}

function member(reader: ExpressionReader, object: Expression): Expression {
  const { cursor } = reader;
  const { start } = object.range;
  // `pair.0.1` holds no fraction.
  const index = cursor.at('.') ? /^\s*(\d+)/.exec(cursor.text.slice(cursor.token.range.end)) : null;
  if (index?.[1] !== undefined) {
    const end = cursor.token.range.end + index[0].length;
    cursor.moveTo(end);
    const nameRange = { start: end - index[1].length, end };
    if (!reader.grammar.hasAs) throw syntaxError(`expected the name of a member, found \`${index[1]}\``, nameRange);
    return reader.node({ kind: 'member', object, name: index[1], nameRange, range: { start, end } });
  }
  cursor.advance();
  if (reader.grammar.hasExtents && cursor.at('(')) return assertion(reader, object);
  const { text: name, range: nameRange, kind } = cursor.token;
  if (kind !== 'name') throw cursor.expected('the name of a member');
  cursor.advance();
  if (reader.grammar.hasAs && name === 'len' && /^\(\s*\)/.test(cursor.text.slice(cursor.token.range.start))) {
    cursor.expect('(');
    cursor.expect(')');
    return reader.node({ kind: 'extent', what: 'len', operand: object, range: { start, end: cursor.end } });
  }
  return reader.node({ kind: 'member', object, name, nameRange, range: { start, end: cursor.end } });
}

/** `i.(T)`, at its parenthesis. The type is taken as it is written: Go's are many. */
function assertion(reader: ExpressionReader, operand: Expression): Expression {
  const { cursor } = reader;
  const open = cursor.token.range;
  const close = closing(cursor.text, open.start);
  const type = close === undefined ? '' : cursor.text.slice(open.end, close).trim();
  if (close === undefined) throw syntaxError('a `(` has no `)`', open);
  if (type === '') throw syntaxError('expected a type', { start: open.start, end: close + 1 });
  cursor.moveTo(close + 1);
  const start = cursor.text.indexOf(type, open.end);
  const typeRange = { start, end: start + type.length };
  return reader.node({
    kind: 'assertion',
    operand,
    type,
    typeRange,
    range: { start: operand.range.start, end: close + 1 },
  });
}

function closing(text: string, open: number): number | undefined {
  let depth = 0;
  for (let at = open; at < text.length; at++) {
    if (text[at] === '(') depth++;
    else if (text[at] === ')' && --depth === 0) return at;
  }
  return undefined;
}

/** `a[i]`, `s[i:j]`, `v[i..j]`, at the bracket. */
function element(reader: ExpressionReader, array: Expression): Expression {
  const { cursor } = reader;
  const { start } = array.range;
  cursor.advance();
  const isBound = () => [':', '..', '..='].some((sign) => cursor.at(sign));
  const first = isBound() ? undefined : reader.expression();
  if (!isBound()) {
    cursor.expect(']');
    if (first === undefined) throw cursor.expected('an index');
    return reader.node({ kind: 'index', array, index: first, range: { start, end: cursor.end } });
  }
  const isInclusive = cursor.at('..=');
  cursor.advance();
  const end = cursor.at(']') && !isInclusive ? undefined : reader.expression();
  cursor.expect(']');
  const range = { start, end: cursor.end };
  return reader.node({ kind: 'slice', array, start: first, end, isInclusive, range });
}

/** `T(x)`, `len(x)`, `draw(int)`, at the parenthesis. All other calls would run the program. */
function call(reader: ExpressionReader, callee: Expression): Expression {
  const { cursor } = reader;
  const { start } = callee.range;
  const isExtent = callee.kind === 'name' && (callee.name === 'len' || callee.name === 'cap');
  if (reader.grammar.hasExtents && isExtent) {
    const operand = argument(reader);
    const what = callee.name === 'len' ? 'len' : 'cap';
    return reader.node({ kind: 'extent', what, operand, range: { start, end: cursor.end } });
  }
  const mayBeOverloaded = reader.grammar.hasOverloads && callee.kind === 'name' && !isTypeWord(callee.name);
  const parameters = mayBeOverloaded ? parameterTypes(reader) : undefined;
  if (callee.kind === 'name' && parameters !== undefined) {
    return reader.node({ kind: 'overload', name: callee.name, parameters, range: { start, end: cursor.end } });
  }
  const type = typeOf(callee);
  if (type === undefined || !(isTypeWord(type.name) || (reader.isType(type.name) ?? true))) {
    throw syntaxError("a probe can't call functions: it can only read", cursor.token.range);
  }
  const operand = argument(reader);
  return reader.node({ kind: 'cast', style: 'function', type, operand, range: { start, end: cursor.end } });
}

function argument(reader: ExpressionReader): Expression {
  const { cursor } = reader;
  cursor.expect('(');
  const operand = reader.expression();
  cursor.expect(')');
  return operand;
}

/** `(int, char *)`, where types stand and not values; undefined, and nothing taken, where they don't. */
function parameterTypes(reader: ExpressionReader): readonly TypeName[] | undefined {
  const { cursor } = reader;
  const types: TypeName[] = [];
  let at = cursor.token.range.end;
  for (;;) {
    const first = /^\s*([\p{L}_][\p{L}\p{N}_]*)/u.exec(cursor.text.slice(at))?.[1];
    if (first === undefined) return undefined;
    const found = typeNameAt(cursor.text, at);
    const isType = found && (isTypeWord(first) || found.type.pointers > 0 || reader.isType(found.type.name) === true);
    if (found?.next.kind !== 'punctuator' || isType !== true) return undefined;
    types.push(found.type);
    at = found.next.range.end;
    if (found.next.text === ')') break;
    if (found.next.text !== ',') return undefined;
  }
  cursor.moveTo(at);
  return types;
}

/** The type that a callee may be: `Celsius`, `unsafe.Pointer`, `(*T)`. */
function typeOf(callee: Expression): TypeName | undefined {
  const { range } = callee;
  if (callee.kind === 'unary' && callee.operator === '*') {
    const target = typeOf(callee.operand);
    return target && { ...target, pointers: target.pointers + 1, range };
  }
  const name = dottedName(callee);
  return name === undefined ? undefined : { name, pointers: 0, counts: [], range };
}

function dottedName(expression: Expression): string | undefined {
  if (expression.kind === 'name') return expression.name;
  if (expression.kind !== 'member') return undefined;
  const object = dottedName(expression.object);
  return object === undefined ? undefined : `${object}.${expression.name}`;
}
