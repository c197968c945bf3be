/**
 * What stands for something else in a formatter's expressions, before they are parsed: `$T1`, and calls of intrinsics,
 * which are expressions with names for their parts.
 */
import { typeError } from '../expression/diagnostics';
import { type Intrinsic, type MatchedArgument } from '../natvis/ast';

/** Expanded texts grow no longer, and intrinsics call each other no deeper. */
const MAX_LENGTH = 4096;
const MAX_EXPANSIONS = 64;

/**
 * `$T1` as the argument's text where it is part of the name of a type or stands for a number; elsewhere as an
 * identifier for its type: see `Environment`.
 */
export function withArguments(text: string, templateArguments: readonly MatchedArgument[]): string {
  return text.replace(/\$T(\d+)/g, (whole, digits: string, offset: number) => {
    const argument = templateArguments[Number(digits) - 1];
    if (argument === undefined) return whole;
    return argument.type !== undefined && !isInTypeName(text, offset) ? `__T${digits}` : argument.text;
  });
}

/** Whether an open `<` that follows a name directly is before `offset`: `std::_List_node<$T1>`. */
function isInTypeName(text: string, offset: number): boolean {
  let open = 0;
  for (let at = 0; at < offset; at++) {
    const character = text[at];
    if (character === '<' && /[\w]/.test(text[at - 1] ?? '')) open++;
    else if (character === '>' && text[at - 1] !== '-' && open > 0) open--;
  }
  return open > 0;
}

/** The text with the expressions of intrinsics in the place of their calls. Throws `type`. */
export function withIntrinsics(text: string, intrinsics: readonly Intrinsic[]): string {
  if (intrinsics.length === 0) return text;
  const names = intrinsics.map(({ name }) => name.replace(/[^\w]/g, '')).filter((name) => name !== '');
  const call = new RegExp(String.raw`(?<![\w$])(?:this->)?(${names.join('|')})\s*\(`);
  let expanded = text;
  for (let count = 0; ; count++) {
    const found = call.exec(expanded);
    if (found === null) return expanded;
    if (count === MAX_EXPANSIONS || expanded.length > MAX_LENGTH) throw refused('intrinsics that call themselves');
    const open = found.index + found[0].length;
    const { values, end } = argumentsAt(expanded, open);
    const intrinsic = intrinsics.find(
      ({ name, parameters }) => name === found[1] && parameters.length === values.length,
    );
    if (intrinsic === undefined) throw refused(`\`${found[1] ?? ''}\` with ${values.length} arguments`);
    expanded = `${expanded.slice(0, found.index)}(${bodyOf(intrinsic, values)})${expanded.slice(end)}`;
  }
}

function bodyOf({ parameters, expression }: Intrinsic, values: readonly string[]): string {
  const byName = new Map(parameters.map(({ name }, index) => [name, values[index] ?? '']));
  return expression.text.replace(/[A-Za-z_]\w*/g, (word) => {
    const value = byName.get(word);
    return value === undefined ? word : `(${value})`;
  });
}

/** Arguments from after the `(` on, and where they end: after the `)`. */
function argumentsAt(text: string, start: number): { values: string[]; end: number } {
  const values: string[] = [];
  let depth = 0;
  let from = start;
  for (let at = start; at < text.length; at++) {
    const character = text[at] ?? '';
    if ('([{'.includes(character)) depth++;
    else if (depth > 0 && ')]}'.includes(character)) depth--;
    else if (depth === 0 && (character === ',' || character === ')')) {
      values.push(text.slice(from, at).trim());
      from = at + 1;
      if (character === ')') return { values: values.length === 1 && values[0] === '' ? [] : values, end: at + 1 };
    }
  }
  throw refused('a call without its `)`');
}

function refused(what: string): Error {
  return typeError(`the formatter's expression has no meaning: ${what}`, { start: 0, end: 0 });
}
