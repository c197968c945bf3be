/**
 * How an error reads on a terminal: what happened, the user's text with a caret below the error, and what to do.
 *
 * ```
 * sidestep: expected an expression
 *   log handle_request "{request->}"
 *                                ^
 * sidestep run --help shows how probes are written
 * ```
 */
import { messageOf, SidestepError } from '../base/errors';
import { printable, printableLines } from '../base/printable';

/** An error in `source`, a text that the user wrote: with it {@link errorText} can show the position. */
export class ErrorInText extends Error {
  constructor(
    readonly error: SidestepError,
    readonly source: string,
    /** What precedes the message: `probes.txt:3`. */
    readonly where: string | undefined,
  ) {
    super(error.message);
  }
}

/**
 * Lines for standard error, with a line end. Any other thrown value than a SidestepError is a bug, and is shown with
 * its stack.
 */
export function errorText(thrown: unknown): string {
  const inText = thrown instanceof ErrorInText ? thrown : undefined;
  const error = inText?.error ?? thrown;
  if (!(error instanceof SidestepError)) {
    const stack = error instanceof Error ? error.stack : undefined;
    return `sidestep: ${printableLines(stack ?? messageOf(error))}\nThis is a bug in Sidestep: please report it with the lines above.\n`;
  }
  const where = inText?.where === undefined ? '' : `${inText.where}: `;
  // The reason why an engine ended is what it printed: lines of a stack.
  const show = error.code === 'engine-gone' ? printableLines : printable;
  const lines = [`sidestep: ${show(where + error.message)}`];
  const range = error.place?.range;
  if (inText !== undefined && range !== undefined) lines.push(...caret(inText.source, range));
  if (error.advice !== undefined) lines.push(printable(error.advice));
  return lines.join('\n') + '\n';
}

function caret(source: string, { start, end }: { start: number; end: number }): string[] {
  // Tabs stay tabs below the text, so that the caret's position is right for any tab width.
  const indent = printable(source.slice(0, start)).replace(/[^\t]/g, ' ');
  const width = printable(source.slice(start, end)).length;
  return [`  ${printable(source)}`, `  ${indent}^${'~'.repeat(Math.max(0, width - 1))}`];
}
