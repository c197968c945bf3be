/** The programs and libraries that `sidestep coverage` and `sidestep verify` read, one after the other. */
import { type LinkAddress } from '../../base/address';
import { SidestepError } from '../../base/errors';
import { printable } from '../../base/printable';
import { Image } from '../../debuginfo/image';
import { MAX_INSTRUCTION_BYTES } from '../../emulator/emulator';
import { findBinaries } from './binaries';

/**
 * Calls `use` with each of the binaries ({@link findBinaries}); returns how many there were. Damaged files, and files
 * that are not x86-64 programs or libraries, are skipped and named on standard error. If none is left, throws the last
 * one's error. `debugDirectories`: further directories with separate debug files.
 */
export async function forEachImage(
  names: readonly string[],
  use: (image: Image) => void | Promise<void>,
  debugDirectories: readonly string[] = [],
): Promise<number> {
  let images = 0;
  let problem: SidestepError | undefined;
  for (const path of findBinaries(names)) {
    try {
      const image = Image.open(path, { debugDirectories });
      try {
        await use(image);
      } finally {
        image.dispose();
      }
      images++;
    } catch (error) {
      if (!(error instanceof SidestepError)) throw error;
      problem = error;
      process.stderr.write(`sidestep: ${printable(`${path} is left out: ${error.message}`)}\n`);
    }
  }
  if (images === 0) throw problem ?? new SidestepError('not-elf', 'there is no ELF file among these files');
  return images;
}

/** The code at each of the places, as many bytes as an instruction can have, or fewer at a segment's end. */
export function* codeAt(
  image: Image,
  places: Iterable<LinkAddress>,
): Generator<{ readonly address: LinkAddress; readonly bytes: Uint8Array }> {
  for (const address of places) {
    const bytes = image.textAt(address, MAX_INSTRUCTION_BYTES);
    // Symbols and line tables may describe code that is missing, from sections that the linker discarded.
    if (bytes !== undefined) yield { address, bytes };
  }
}
