/**
 * The expressions of messages and conditions: C's (C17 §6.5) without what would change the program: assignments, `++`,
 * calls. Precedence climbing over {@link PRECEDENCE}. The parser knows no names; where only a name's meaning tells a
 * cast from a parenthesis, it asks `isType`.
 */
import { SidestepError } from '../../base/errors';
import { type Range, syntaxError } from './diagnostics';
import { type BinaryOperator, type Expression, type TypeName, type UnaryOperator } from './ast';
import { type Token, tokenAt } from './lexer';
import { isTypeWord, typeNameAt } from './typeName';

/** Higher binds tighter; all are left-associative. */
const PRECEDENCE: ReadonlyMap<string, number> = new Map(
  (
    [
      ['||'],
      ['&&'],
      ['|'],
      ['^'],
      ['&'],
      ['==', '!='],
      ['<', '>', '<=', '>='],
      ['<<', '>>'],
      ['+', '-'],
      ['*', '/', '%'],
    ] satisfies BinaryOperator[][]
  ).flatMap((operators, level) => operators.map((operator) => [operator, level + 1] as const)),
);

const UNARY_OPERATORS: ReadonlySet<string> = new Set(['*', '&', '-', '+', '!', '~'] satisfies UnaryOperator[]);
const CHANGING_OPERATORS: ReadonlySet<string> = new Set('= ++ -- += -= *= /= %= &= |= ^= <<= >>='.split(' '));

/** Constructs inside each other, and constructs in all: what runs at a hit is small. */
const MAX_DEPTH = 64;
const MAX_NODES = 500;

export interface ParseOptions {
  /** Says whether a name that is no variable names a type. Without it, `(name) -x` reads as a subtraction. */
  readonly isType?: (name: string) => boolean;
  /** A word that ends the expression where an operator could stand. */
  readonly terminator?: string;
}

/** An expression that is the whole text. Throws `syntax`. */
export function parseExpression(text: string, options: ParseOptions = {}): Expression {
  const { expression, next } = parseExpressionAt(text, 0, options);
  if (next.kind !== 'end') throw syntaxError(`expected an operator, found ${named(next)}`, next.range);
  return expression;
}

/**
 * The longest expression from `start` on, and the token after it. A name, a literal or a `}` there is for the caller to
 * judge. Throws `syntax`.
 */
export function parseExpressionAt(
  text: string,
  start: number,
  options: ParseOptions = {},
): { expression: Expression; next: Token } {
  const parser = new Parser(text, start, options);
  const expression = parser.expression();
  return { expression, next: parser.token };
}

class Parser {
  token: Token;
  /** After the last token taken. */
  #end: number;
  #depth = 0;
  #nodes = 0;

  constructor(
    readonly text: string,
    start: number,
    readonly options: ParseOptions,
  ) {
    this.token = tokenAt(text, start);
    this.#end = start;
  }

  /** Conditional expressions, the loosest there are (C17 §6.5.15). */
  expression(): Expression {
    if (++this.#depth > MAX_DEPTH) throw syntaxError('the expression is nested too deeply', this.token.range);
    const condition = this.#binary(1);
    let result = condition;
    if (this.#take('?')) {
      const then = this.expression();
      this.#expect(':');
      const otherwise = this.expression();
      result = this.#node({
        kind: 'conditional',
        condition,
        then,
        otherwise,
        range: { start: condition.range.start, end: otherwise.range.end },
      });
    }
    this.#refuseChange();
    this.#depth--;
    return result;
  }

  #binary(lowest: number): Expression {
    let left = this.#unary();
    for (;;) {
      const level = this.token.kind === 'punctuator' ? PRECEDENCE.get(this.token.text) : undefined;
      if (level === undefined || level < lowest) return left;
      const operator = this.token.text as BinaryOperator;
      this.#advance();
      const right = this.#binary(level + 1);
      const range = { start: left.range.start, end: right.range.end };
      left = this.#node({ kind: 'binary', operator, left, right, range });
    }
  }

  #unary(): Expression {
    const { token } = this;
    if (token.kind === 'name' && token.text === 'sizeof') return this.#sizeof();
    if (token.kind !== 'punctuator' || !UNARY_OPERATORS.has(token.text)) return this.#cast();
    if (++this.#depth > MAX_DEPTH) throw syntaxError('the expression is nested too deeply', token.range);
    this.#advance();
    const operand = this.#unary();
    this.#depth--;
    const range = { start: token.range.start, end: operand.range.end };
    return this.#node({ kind: 'unary', operator: token.text as UnaryOperator, operand, range });
  }

  #sizeof(): Expression {
    const { start } = this.token.range;
    this.#advance();
    const type = this.#parenthesisedType();
    if (type !== undefined) return this.#node({ kind: 'sizeofType', type, range: { start, end: this.#end } });
    const operand = this.#unary();
    return this.#node({ kind: 'sizeofValue', operand, range: { start, end: operand.range.end } });
  }

  #cast(): Expression {
    const { start } = this.token.range;
    const type = this.#parenthesisedType();
    if (type === undefined) return this.#postfix(this.#primary());
    if (++this.#depth > MAX_DEPTH) throw syntaxError('the expression is nested too deeply', this.token.range);
    const operand = this.#unary();
    this.#depth--;
    return this.#node({ kind: 'cast', type, operand, range: { start, end: operand.range.end } });
  }

  /** `(type)`, if that is what stands here and not an expression in parentheses. */
  #parenthesisedType(): TypeName | undefined {
    if (!this.#at('(')) return undefined;
    const inner = tokenAt(this.text, this.token.range.end);
    if (inner.kind !== 'name') return undefined;
    const found = this.#tryTypeName(inner);
    if (found === undefined || found.next.kind !== 'punctuator' || found.next.text !== ')') {
      if (!isTypeWord(inner.text)) return undefined;
      const next = found?.next ?? inner;
      throw syntaxError(`expected \`)\` after the type, found ${named(next)}`, next.range);
    }
    if (!this.#isCertainlyType(inner, found.type, found.next)) return undefined;
    this.#moveTo(found.next.range.end);
    return found.type;
  }

  /** What follows a `(` need not be a type: a syntax error in reading it as one means that it isn't. */
  #tryTypeName(first: Token): { type: TypeName; next: Token } | undefined {
    try {
      return typeNameAt(this.text, first.range.start);
    } catch (thrown) {
      if (thrown instanceof SidestepError && !isTypeWord(first.text)) return undefined;
      throw thrown;
    }
  }

  #isCertainlyType(first: Token, type: TypeName, close: Token): boolean {
    if (isTypeWord(first.text) || type.pointers > 0 || type.name.includes('<')) return true;
    if (this.options.isType?.(type.name)) return true;
    if (type.counts.length > 0) return false;
    // `(name) operand` can't be anything but a cast where an operand begins without being an operator too.
    const behind = tokenAt(this.text, close.range.end);
    if (behind.kind === 'name') return behind.text !== this.options.terminator;
    return behind.kind === 'punctuator'
      ? ['(', '!', '~'].includes(behind.text)
      : behind.kind !== 'end' && behind.kind !== 'string';
  }

  #postfix(object: Expression): Expression {
    for (;;) {
      const { start } = object.range;
      if (this.#take('.') || this.#take('->')) {
        const { text: name, range: nameRange, kind } = this.token;
        if (kind !== 'name') throw this.#expected('the name of a member');
        this.#advance();
        object = this.#node({ kind: 'member', object, name, nameRange, range: { start, end: this.#end } });
      } else if (this.#take('[')) {
        const index = this.expression();
        this.#expect(']');
        object = this.#node({ kind: 'index', array: object, index, range: { start, end: this.#end } });
      } else if (this.#at('(')) {
        throw syntaxError("a probe can't call functions: it can only read", this.token.range);
      } else return object;
    }
  }

  #primary(): Expression {
    const { token } = this;
    switch (token.kind) {
      case 'name':
        this.#advance();
        return this.#node({ kind: 'name', name: token.text, range: token.range });
      case 'register':
        this.#advance();
        return this.#node({ kind: 'register', name: token.text, range: token.range });
      case 'integer': {
        this.#advance();
        const { value, decimal, unsigned, long, range } = token;
        return this.#node({ kind: 'integer', value, decimal, unsigned, long, range });
      }
      case 'float':
        this.#advance();
        return this.#node({ kind: 'float', value: token.value, single: token.single, range: token.range });
      case 'character':
        this.#advance();
        return this.#node({ kind: 'character', value: token.value, prefix: token.prefix, range: token.range });
      case 'string':
        this.#advance();
        return this.#node({ kind: 'string', value: token.value, range: token.range });
      case 'punctuator':
      case 'end':
        break;
    }
    this.#refuseChange();
    if (!this.#at('(')) throw this.#expected('an expression');
    this.#advance();
    const inner = this.expression();
    this.#expect(')');
    return { ...inner, range: { start: token.range.start, end: this.#end } };
  }

  #node(expression: Expression): Expression {
    if (++this.#nodes > MAX_NODES) throw syntaxError('the expression is too long', expression.range);
    return expression;
  }

  #refuseChange(): void {
    const { token } = this;
    if (token.kind !== 'punctuator' || !CHANGING_OPERATORS.has(token.text)) return;
    const advice = token.text === '=' ? 'Write `==` to compare.' : undefined;
    throw syntaxError(`\`${token.text}\` would change the program; a probe can only read`, token.range, advice);
  }

  #at(punctuator: string): boolean {
    return this.token.kind === 'punctuator' && this.token.text === punctuator;
  }

  #take(punctuator: string): boolean {
    if (!this.#at(punctuator)) return false;
    this.#advance();
    return true;
  }

  #expect(punctuator: string): void {
    if (!this.#take(punctuator)) throw this.#expected(`\`${punctuator}\``);
  }

  #expected(what: string): SidestepError {
    return syntaxError(`expected ${what}, found ${named(this.token)}`, this.token.range);
  }

  #advance(): void {
    this.#moveTo(this.token.range.end);
  }

  #moveTo(offset: number): void {
    this.#end = offset;
    this.token = tokenAt(this.text, offset);
  }
}

/** A token as an error names it. */
export function named(token: { readonly kind: Token['kind']; readonly text: string; readonly range: Range }): string {
  return token.kind === 'end' ? 'the end' : `\`${token.text}\``;
}
