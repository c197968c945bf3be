/** `sidestep coverage`: how many of the places at which probes stand, function entries and line starts, can be probed. Nothing is run. */
import { type LinkAddress } from '../base/address';
import { SidestepError } from '../base/errors';
import { Image } from '../debuginfo/image';
import { MAX_INSTRUCTION_BYTES } from '../emulator/emulator';
import { type Command } from './arguments';
import { findBinaries } from './coverage/binaries';
import { Classifier } from './coverage/classifier';
import { type Census, censusText } from './coverage/report';
import { Tally } from './coverage/tally';

/** Prints the census; gives the exit status. Files that are no x86-64 programs or libraries, or are damaged, are left out and named. */
export function coverage({ binaries, json }: Extract<Command, { kind: 'coverage' }>): number {
  const census = { binaries: 0, entries: new Tally(), lines: new Tally() };
  const classifier = new Classifier();
  let problem: SidestepError | undefined;
  for (const path of findBinaries(binaries)) {
    try {
      count(path, classifier, census);
      census.binaries++;
    } catch (error) {
      if (!(error instanceof SidestepError)) throw error;
      problem = error;
      process.stderr.write(`sidestep: ${path} is left out: ${error.message}\n`);
    }
  }
  if (census.binaries === 0) throw problem ?? new SidestepError('not-elf', 'none of these files is an ELF file');
  process.stdout.write(json ? `${JSON.stringify(census)}\n` : censusText(census));
  return 0;
}

/** A file counts as a whole or not at all. */
function count(path: string, classifier: Classifier, census: Census): void {
  const image = Image.open(path);
  try {
    const [entries, lines] = [image.functionEntries(), image.lineStarts()].map((places) => [...new Set(places)]);
    tally(image, entries!, classifier, census.entries);
    tally(image, lines!, classifier, census.lines);
  } finally {
    image.dispose();
  }
}

function tally(image: Image, places: readonly LinkAddress[], classifier: Classifier, sums: Tally): void {
  for (const place of places) {
    const bytes = image.textAt(place, MAX_INSTRUCTION_BYTES);
    // Symbols and line tables may speak of code that is not there: in sections that the linker threw away.
    if (bytes !== undefined) sums.add(classifier.verdict(bytes));
  }
}
