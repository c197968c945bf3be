/** Tokens one after the other, with one look ahead: what all that reads expressions and types moves over. */
import { type SidestepError } from '../../base/errors';
import { syntaxError, type Range } from './diagnostics';
import { type Token, tokenAt } from './lexer';

export class TokenCursor {
  token: Token;
  /** After the last token taken. */
  end: number;

  /** Throws `syntax` for what is no token, as all that moves it does. */
  constructor(
    readonly text: string,
    start: number,
  ) {
    this.token = tokenAt(text, start);
    this.end = start;
  }

  advance(): void {
    this.moveTo(this.token.range.end);
  }

  moveTo(offset: number): void {
    this.end = offset;
    this.token = tokenAt(this.text, offset);
  }

  at(punctuator: string): boolean {
    return this.token.kind === 'punctuator' && this.token.text === punctuator;
  }

  atName(name: string): boolean {
    return this.token.kind === 'name' && this.token.text === name;
  }

  take(punctuator: string): boolean {
    if (!this.at(punctuator)) return false;
    this.advance();
    return true;
  }

  expect(punctuator: string): void {
    if (!this.take(punctuator)) throw this.expected(`\`${punctuator}\``);
  }

  expected(what: string): SidestepError {
    return syntaxError(`expected ${what}, found ${named(this.token)}`, this.token.range);
  }
}

/** A token as an error names it. */
export function named(token: { readonly kind: Token['kind']; readonly text: string; readonly range: Range }): string {
  return token.kind === 'end' ? 'the end' : `\`${token.text}\``;
}
