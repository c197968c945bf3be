/** A census as a table for people. */
import { REFUSALS } from '../../emulator/decode/refusal';
import { mostFrequent, type Tally } from './tally';

/** How many of the refused instructions are named: one line of a terminal. */
const NAMED = 10;
const NUMBER_WIDTH = 11;
const LABEL_WIDTH = 26;

export interface Census {
  readonly binaries: number;
  readonly entries: Tally;
  readonly lines: Tally;
}

/** Lines with their ends. */
export function censusText({ binaries, entries, lines }: Census): string {
  const tallies = [entries, lines];
  const row = (label: string, count: (tally: Tally) => number) =>
    label.padEnd(LABEL_WIDTH) + tallies.map((tally) => share(count(tally), tally.total)).join('');
  const codes = mostFrequent(new Map([...lines.reasons, ...entries.reasons])).map(([code]) => code);
  const rows = [
    `${binaries.toLocaleString('en')} ${binaries === 1 ? 'binary' : 'binaries'}`,
    '',
    ''.padEnd(LABEL_WIDTH) +
      ['function entries', 'line starts'].map((title) => title.padStart(NUMBER_WIDTH + 10)).join(''),
    row('emulated', (tally) => tally.emulated),
    row('by the surrogate', (tally) => tally.surrogate - tally.twins),
    row('by a twin', (tally) => tally.twins),
    row('refused', (tally) => tally.refused),
    ...codes.map((code) => row(`  ${code}`, (tally) => tally.reasons.get(code) ?? 0)),
    row('together', (tally) => tally.total),
  ];
  if (codes.length > 0) {
    rows.push('', 'Refused because', ...codes.map((code) => `  ${code}: ${REFUSALS[code]}`));
    rows.push('', `Refused most often: ${named(entries, lines)}`);
  }
  return rows.map((line) => `${line.trimEnd()}\n`).join('');
}

function share(count: number, total: number): string {
  const percentage = total === 0 ? '' : `${((100 * count) / total).toFixed(3)} %`;
  return count.toLocaleString('en').padStart(NUMBER_WIDTH) + percentage.padStart(10);
}

function named(...tallies: readonly Tally[]): string {
  const sums = new Map<string, number>();
  for (const { mnemonics } of tallies) {
    for (const [mnemonic, count] of mnemonics) sums.set(mnemonic, (sums.get(mnemonic) ?? 0) + count);
  }
  return mostFrequent(sums)
    .slice(0, NAMED)
    .map(([mnemonic, count]) => `${mnemonic} ${count.toLocaleString('en')}`)
    .join(', ');
}
