/**
 * The expressions of messages and conditions: C's (C17 §6.5), and what other languages write in their place, without
 * what would change the program: assignments, `++`, calls. Precedence climbing over {@link Grammar}. The parser knows
 * no names; where only a name's meaning tells a cast from a parenthesis, it asks `isType`.
 */
import { SidestepError } from '../../base/errors';
import { type Range, syntaxError } from './diagnostics';
import { type SourceLanguage } from '../../debuginfo/model/model';
import { type BinaryOperator, type CastStyle, type Expression, type TypeName, type UnaryOperator } from './ast';
import { ANY_GRAMMAR, type Grammar, grammarOf } from './grammar';
import { type Token, tokenAt } from './lexer';
import { type ExpressionReader, withPostfixes } from './postfix';
import { named, TokenCursor } from './tokenCursor';
import { isTypeWord, rustTypeAt, templateNameAt, typeNameAt, typeOrReferenceAt } from './typeName';

const CHANGING_OPERATORS: ReadonlySet<string> = new Set('= ++ -- += -= *= /= %= &= |= ^= <<= >>='.split(' '));

/** Constructs inside each other, and constructs in all: what runs at a hit is small. */
const MAX_DEPTH = 64;
const MAX_NODES = 500;

const NAMED_CASTS: ReadonlySet<string> = new Set<CastStyle>([
  'static_cast',
  'reinterpret_cast',
  'const_cast',
  'dynamic_cast',
]);

/** `$bt(8)`. */
const MAX_FRAMES = 256;

export interface ParseOptions {
  /** Whose precedence and operators it has; C's by default. */
  readonly language?: SourceLanguage;
  /** The program is not known yet: what may be right in some language and with some names is. */
  readonly isOpen?: boolean;
  /** Says whether a name that is no variable names a type. Without it, `(name) -x` reads as a subtraction. */
  readonly isType?: (name: string) => boolean;
  /** Says whether `name<arguments>` names something, where the name alone is no variable. */
  readonly isTemplate?: (name: string) => boolean;
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

class Parser implements ExpressionReader {
  readonly cursor: TokenCursor;
  readonly grammar: Grammar;
  #depth = 0;
  #nodes = 0;

  constructor(
    readonly text: string,
    start: number,
    readonly options: ParseOptions,
  ) {
    this.cursor = new TokenCursor(text, start);
    this.grammar = options.isOpen === true ? ANY_GRAMMAR : grammarOf(options.language);
  }

  get token(): Token {
    return this.cursor.token;
  }

  isType(name: string): boolean | undefined {
    if (this.options.isOpen === true) return undefined;
    return this.options.isType?.(name) ?? false;
  }

  /** Conditional expressions, the loosest there are (C17 §6.5.15). */
  expression(): Expression {
    if (++this.#depth > MAX_DEPTH) throw syntaxError('the expression is nested too deeply', this.token.range);
    const condition = this.#binary(1);
    let result = condition;
    if (this.cursor.take('?')) {
      const then = this.expression();
      this.cursor.expect(':');
      const otherwise = this.expression();
      result = this.node({
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

  node(expression: Expression): Expression {
    if (++this.#nodes > MAX_NODES) throw syntaxError('the expression is too long', expression.range);
    return expression;
  }

  #binary(lowest: number): Expression {
    let left = this.#converted(this.#unary());
    for (;;) {
      const level = this.token.kind === 'punctuator' ? this.grammar.precedence.get(this.token.text) : undefined;
      if (level === undefined || level < lowest) return left;
      const operator = this.token.text as BinaryOperator;
      this.cursor.advance();
      const right = this.#binary(level + 1);
      const range = { start: left.range.start, end: right.range.end };
      left = this.node({ kind: 'binary', operator, left, right, range });
    }
  }

  /** Rust: `x as T`, which binds tighter than any operator between two operands. */
  #converted(operand: Expression): Expression {
    let result = operand;
    while (this.grammar.hasAs && this.cursor.atName('as') && this.options.terminator !== 'as') {
      const found = rustTypeAt(this.text, this.token.range.end);
      this.cursor.advance();
      if (found === undefined) throw this.cursor.expected('a type');
      this.cursor.moveTo(found.type.range.end);
      const range = { start: operand.range.start, end: found.type.range.end };
      result = this.node({ kind: 'cast', style: 'as', type: found.type, operand: result, range });
    }
    return result;
  }

  #unary(): Expression {
    const { token } = this;
    if (token.kind === 'name' && token.text === 'sizeof') return this.#sizeof();
    if (token.kind !== 'punctuator' || !this.grammar.unary.has(token.text)) return this.#cast();
    if (++this.#depth > MAX_DEPTH) throw syntaxError('the expression is nested too deeply', token.range);
    this.cursor.advance();
    if (token.text === '&' && this.grammar.hasAs && this.cursor.atName('mut')) this.cursor.advance();
    const operand = this.#unary();
    this.#depth--;
    const range = { start: token.range.start, end: operand.range.end };
    return this.node({ kind: 'unary', operator: token.text as UnaryOperator, operand, range });
  }

  #sizeof(): Expression {
    const { start } = this.token.range;
    this.cursor.advance();
    const type = this.#parenthesisedType();
    if (type !== undefined) return this.node({ kind: 'sizeofType', type, range: { start, end: this.cursor.end } });
    const operand = this.#unary();
    return this.node({ kind: 'sizeofValue', operand, range: { start, end: operand.range.end } });
  }

  #cast(): Expression {
    const { start } = this.token.range;
    const type = this.#parenthesisedType();
    if (type === undefined) return withPostfixes(this, this.#primary());
    if (++this.#depth > MAX_DEPTH) throw syntaxError('the expression is nested too deeply', this.token.range);
    const operand = this.#unary();
    this.#depth--;
    return this.node({ kind: 'cast', style: 'parentheses', type, operand, range: { start, end: operand.range.end } });
  }

  /** `(type)`, if that is what stands here and not an expression in parentheses. */
  #parenthesisedType(): TypeName | undefined {
    if (!this.cursor.at('(')) return undefined;
    const inner = tokenAt(this.text, this.token.range.end);
    if (inner.kind !== 'name') return undefined;
    const found = this.#tryTypeName(inner);
    if (found === undefined || found.next.kind !== 'punctuator' || found.next.text !== ')') {
      if (!isTypeWord(inner.text) || (found?.next.kind === 'punctuator' && found.next.text === '(')) return undefined;
      const next = found?.next ?? inner;
      throw syntaxError(`expected \`)\` after the type, found ${named(next)}`, next.range);
    }
    if (!this.#isCertainlyType(inner, found.type, found.next)) return undefined;
    this.cursor.moveTo(found.next.range.end);
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
    if (behind.kind === 'name') return behind.text !== this.options.terminator && behind.text !== 'as';
    return behind.kind === 'punctuator'
      ? ['(', '!', '~'].includes(behind.text)
      : behind.kind !== 'end' && behind.kind !== 'string';
  }

  #primary(): Expression {
    const { token } = this;
    switch (token.kind) {
      case 'name':
        return NAMED_CASTS.has(token.text) ? this.#namedCast(token) : this.#name(token);
      case 'register':
        this.cursor.advance();
        if (token.text === '$bt') return this.#backtrace(token.range);
        return this.node({ kind: 'register', name: token.text, range: token.range });
      case 'integer':
      case 'float':
      case 'character':
      case 'string':
        this.cursor.advance();
        return this.node(token);
      case 'punctuator':
      case 'end':
        break;
    }
    this.#refuseChange();
    if (!this.cursor.at('(')) throw this.cursor.expected('an expression');
    this.cursor.advance();
    const inner = this.expression();
    this.cursor.expect(')');
    return { ...inner, range: { start: token.range.start, end: this.cursor.end } };
  }

  #name({ text, range }: Token): Expression {
    this.cursor.advance();
    const template = this.#templateName(text, range);
    if (template === undefined) return this.node({ kind: 'name', name: text, range });
    this.cursor.moveTo(template.end);
    return this.node({ kind: 'name', name: template.name, range: { start: range.start, end: template.end } });
  }

  /** `Table<int>::count`; that the `<` is no operator, names tell. */
  #templateName(name: string, { start, end }: Range): { name: string; end: number } | undefined {
    const found = templateNameAt(this.text, start, end);
    if (found === undefined) return undefined;
    if (this.options.isOpen === true) return found.name.includes('>::') ? found : undefined;
    return this.options.isType?.(name) !== true && this.options.isTemplate?.(found.name) === true ? found : undefined;
  }

  /** `static_cast<T>(x)` and the like. */
  #namedCast({ text, range: { start } }: Token): Expression {
    this.cursor.advance();
    if (!this.cursor.at('<')) return this.node({ kind: 'name', name: text, range: { start, end: this.cursor.end } });
    const found = typeOrReferenceAt(this.text, this.token.range.end);
    this.cursor.advance();
    if (found === undefined) throw this.cursor.expected('a type');
    this.cursor.moveTo(found.type.range.end);
    this.cursor.expect('>');
    this.cursor.expect('(');
    const operand = this.expression();
    this.cursor.expect(')');
    const range = { start, end: this.cursor.end };
    return this.node({ kind: 'cast', style: text as CastStyle, type: found.type, operand, range });
  }

  #backtrace({ start }: Range): Expression {
    let frames: number | undefined;
    if (this.cursor.take('(')) {
      const { token } = this;
      const isCount = token.kind === 'integer' && token.value > 0n && token.value <= BigInt(MAX_FRAMES);
      if (!isCount) throw this.cursor.expected(`a number of frames from 1 to ${MAX_FRAMES}`);
      frames = Number(token.value);
      this.cursor.advance();
      this.cursor.expect(')');
    }
    return this.node({ kind: 'backtrace', frames, range: { start, end: this.cursor.end } });
  }

  #refuseChange(): void {
    const { token } = this;
    if (token.kind !== 'punctuator' || !CHANGING_OPERATORS.has(token.text)) return;
    const advice = token.text === '=' ? 'Write `==` to compare.' : undefined;
    throw syntaxError(`\`${token.text}\` would change the program; a probe can only read`, token.range, advice);
  }
}
