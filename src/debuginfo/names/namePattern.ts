/**
 * Patterns of names, as users type them for many functions: `Py*_Append`, `Class::*`, `ns::**`. A `*` stands for
 * any characters, or none, of one component, which `::` ends; `**` goes beyond. In brackets and in operators a `*` is
 * itself: `f(char*)`, `main.(*Server).*`, `Vector::operator*`.
 */
import { operatorNameLength } from './operatorName';
import { withoutParameters, withoutTemplateArguments } from './query';

const OPENING = '<([{';
const CLOSING = '>)]}';

/** A piece of a pattern: text that stands for itself, or what may be anything. */
type Piece = { readonly text: string } | { readonly spans: 'component' | 'components' };

/** Whether a name has a `*` that stands for other characters. */
export function isNamePattern(text: string): boolean {
  return piecesOf(text).some((piece) => 'spans' in piece);
}

export class NamePattern {
  readonly #whole: RegExp;

  constructor(readonly text: string) {
    this.#whole = new RegExp(`(?:^|::|\\.)${piecesOf(withoutParameters(text)).map(pieceSource).join('')}$`, 's');
  }

  /** Whether the pattern means this qualified name: whole, or from the start of one of its components. */
  matches(qualified: string): boolean {
    return this.#whole.test(qualified) || this.#whole.test(withoutTemplateArguments(qualified));
  }

  /** A pattern in which each `*` spans one component, and which matches at least what this one does. */
  get coarse(): string {
    const plain = withoutTemplateArguments(withoutParameters(this.text)).replace(/^::/, '');
    const beyond = plain.lastIndexOf('**');
    const rest = beyond < 0 ? plain : plain.slice(beyond + 1);
    return rest.startsWith('*::') ? rest.slice(3) : rest;
  }
}

function pieceSource(piece: Piece): string {
  if ('text' in piece) return piece.text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  return piece.spans === 'components' ? '.*' : '(?:(?!::).)*';
}

function piecesOf(text: string): Piece[] {
  const pieces: Piece[] = [];
  const open: string[] = [];
  let literal = '';
  let at = 0;
  const take = (length: number): void => {
    literal += text.slice(at, at + length);
    at += length;
  };
  while (at < text.length) {
    const operator = operatorNameLength(text, at);
    const character = text.charAt(at);
    if (operator > 0) take(operator);
    else if (text.startsWith('->', at)) take(2);
    else if (character === '*' && open.length === 0) {
      const stars = /\*+/y;
      stars.lastIndex = at;
      const { length } = stars.exec(text)?.[0] ?? '*';
      if (literal !== '') pieces.push({ text: literal });
      literal = '';
      pieces.push({ spans: length > 1 ? 'components' : 'component' });
      at += length;
    } else {
      if (OPENING.includes(character)) open.push(character);
      else if (CLOSING.indexOf(character) === OPENING.indexOf(open.at(-1) ?? ' ')) open.pop();
      take(1);
    }
  }
  if (literal !== '') pieces.push({ text: literal });
  return pieces;
}
