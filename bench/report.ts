/** How results are printed: as the Markdown that docs/benchmarks.md holds. */

export function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** A table; the first column to the left, the others to the right. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): void {
  const widths = head.map((cell, column) => Math.max(cell.length, ...rows.map((row) => (row[column] ?? '').length)));
  const line = (cells: readonly string[]): string => {
    const padded = cells.map((cell, column) =>
      column === 0 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!),
    );
    return `| ${padded.join(' | ')} |`;
  };
  const rule = widths.map((width, column) => (column === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`));
  say([line(head), `| ${rule.join(' | ')} |`, ...rows.map(line), ''].join('\n'));
}

/** A measured value beside what it should be. */
export interface Goal {
  readonly what: string;
  readonly value: number;
  /** `at least` or `at most` this. */
  readonly bound: { readonly atLeast: number } | { readonly atMost: number };
  readonly unit: string;
}

export function goals(list: readonly Goal[]): void {
  table(
    ['goal', 'wanted', 'measured', ''],
    list.map(({ what, value, bound, unit }) => {
      const [wanted, reached] =
        'atLeast' in bound
          ? [`≥ ${bound.atLeast} ${unit}`, value >= bound.atLeast]
          : [`≤ ${bound.atMost} ${unit}`, value <= bound.atMost];
      return [what, wanted, `${value.toPrecision(3)} ${unit}`, reached ? 'reached' : 'missed'];
    }),
  );
}
