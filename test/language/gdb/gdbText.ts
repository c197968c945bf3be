/** gdb's texts of values, made comparable with ours. */

/**
 * gdb's habits that are not ours: parentheses around flags, the address before a text that stands alone, the payload of
 * a NaN, its widest vector formats.
 */
export function normalised(text: string): string {
  return (
    text
      .replace(/\((\w+(?: \| \w+)+)\)/g, '$1')
      .replace(/^0x[0-9a-f]+ (?=")/, '')
      .replace(/v8_bfloat16 = \{[^}]*\}, |v8_half = \{[^}]*\}, /g, '')
      .replace(/^[{}, ]*(?:<optimized out>[{}, ]*)+$/, '<optimized out>')
      .replace(/-?nan\(0x[0-9a-f]+\)/g, 'nan')
      .replaceAll('<No data fields>', '')
      // Imaginary parts with a sign of their own.
      .replace(/ - (?=[\d.e+-]+i\b)/g, ' + -')
      .replace(/\b(?:[A-Za-z_]\w*::)+(?=\w)/g, '')
      .replace(/^\(.*?\) (?=0x)/, '')
  );
}

/** gdb writes floats with a fixed number of digits; ours read back as the same number. */
export function sameNumbers(ours: string, theirs: string): boolean {
  const number = /-?\d+\.?\d*(?:e[-+]?\d+)?/g;
  const [a, b] = [ours.match(number) ?? [], theirs.match(number) ?? []];
  return (
    ours.replace(number, '#') === theirs.replace(number, '#') &&
    a.every((text, index) => text === b[index] || Math.abs(Number(text) / Number(b[index]) - 1) < 1e-7)
  );
}
