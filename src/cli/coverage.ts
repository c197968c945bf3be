/**
 * `sidestep coverage`: how many of the places for probes, function entries and line starts, can be probed. It runs
 * nothing.
 */
import { type LinkAddress } from '../base/address';
import { type Image } from '../debuginfo/image';
import { classify } from '../emulator/emulator';
import { disturbsSequence } from '../emulator/decode/refusal';
import { type Command } from './arguments';
import { Classifier, type Verdict } from './coverage/classifier';
import { codeAt, forEachImage } from './coverage/images';
import { type Census, censusText } from './coverage/report';
import { Tally } from './coverage/tally';
import { LibraryForms, LoadedTwins } from './loadedTwins';

/** Prints the census; returns the exit status. */
export async function coverage({
  binaries,
  json,
  debugDirectories,
}: Extract<Command, { kind: 'coverage' }>): Promise<number> {
  const tallies = { entries: new Tally(), lines: new Tally() };
  const classifier = new Classifier();
  const libraries = new LibraryForms();
  const countIn = (image: Image): void => count(image, classifier, new LoadedTwins(image, libraries), tallies);
  const images = await forEachImage(binaries, countIn, debugDirectories);
  const census: Census = { binaries: images, ...tallies };
  process.stdout.write(json ? `${JSON.stringify(census)}\n` : censusText(census));
  return 0;
}

/** A file counts as a whole or not at all. */
function count(image: Image, classifier: Classifier, twins: LoadedTwins, sums: Omit<Census, 'binaries'>): void {
  tally(image, [...new Set(image.functionEntries())], classifier, twins, sums.entries);
  tally(image, [...new Set(image.lineStarts())], classifier, twins, sums.lines);
}

function tally(
  image: Image,
  places: readonly LinkAddress[],
  classifier: Classifier,
  twins: LoadedTwins,
  sums: Tally,
): void {
  for (const { address, bytes } of codeAt(image, places)) {
    sums.add(sequenceVerdict(image, address, bytes) ?? classifier.verdict(bytes), (twin) => twins.serve(twin));
  }
}

/** All instructions of a restartable sequence are refused. */
function sequenceVerdict(image: Image, address: LinkAddress, bytes: Uint8Array): Verdict | undefined {
  const sequence = image.restartableSequenceAt(address);
  if (sequence === undefined) return undefined;
  const { mnemonic, length } = classify(bytes, address);
  return disturbsSequence(sequence, address, length)
    ? { execution: 'refused', code: 'restartable-sequence', mnemonic }
    : undefined;
}
