/** What to say of a probe on a line without code, which stands at the next one that has some. */

/** `text`: what the user wrote. `into`: the function that is entered, where the line asked for lies in front of it. */
export function movedText(text: string, line: number, into: string | undefined): string {
  const where = into === undefined ? '' : `, into the function ${into}`;
  return `${text}: that line has no code; the probe moved to line ${line}${where}`;
}

/** Whether a function that is declared at `declared` begins between the line asked for and the one that was taken. */
export function isElsewhere(wanted: number, declared: number | undefined, line: number): boolean {
  return declared !== undefined && wanted < declared && declared <= line;
}
