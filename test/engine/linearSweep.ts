/**
 * All instructions of a file's .text, one after the other. The decoder starts anew at every function, so that bytes
 * between functions which are no code mislead it for no longer than that.
 */
import { ElfFile } from '../../src/debuginfo/elf/elfFile';
import { Image } from '../../src/debuginfo/image';
import { assertExists } from '../../src/base/assert';
import { decode } from '../../src/emulator/decode/decode';
import { type Instruction } from '../../src/emulator/decode/instruction';

export interface Swept {
  /** Link-time. */
  readonly address: number;
  /** In the file. */
  readonly offset: number;
  readonly instruction: Instruction;
  /** From the instruction to the end of the section. */
  readonly bytes: Uint8Array;
}

/** In the order of their addresses. `section` is a section of code. */
export function instructionsOf(path: string, section = '.text'): readonly Swept[] {
  const file = ElfFile.open(path);
  const image = Image.open(path);
  try {
    const { address: start, offset, size } = assertExists(file.section(section), section);
    const text = assertExists(file.sectionBytes(section), section);
    const entries = [...image.functionEntries()].map(Number).filter((at) => at >= start && at < start + size);
    return entries.flatMap((entry, index) => {
      const end = entries[index + 1] ?? start + size;
      const found: Swept[] = [];
      for (let at = entry; at < end;) {
        const bytes = text.subarray(at - start);
        const instruction = decode(bytes.subarray(0, end - at), BigInt(at));
        if (instruction === undefined) break;
        found.push({ address: at, offset: at - start + offset, instruction, bytes });
        at += instruction.length;
      }
      return found;
    });
  } finally {
    image.dispose();
    file.dispose();
  }
}
