/**
 * Classifies millions of instructions, few of them distinct. No instruction's bytes are a prefix of another's. So the
 * shortest known prefix of some bytes is their instruction, which is found without decoding.
 */
import {
  type Classification,
  classify,
  MAX_INSTRUCTION_BYTES,
  type RefusalCode,
  type TwinPlan,
} from '../../emulator/emulator';

export type Verdict =
  | { readonly execution: 'emulated' | 'surrogate' }
  /** Refused if the program has no twin. */
  | { readonly execution: 'twin'; readonly twin: TwinPlan; readonly code: RefusalCode; readonly mnemonic: string }
  | { readonly execution: 'refused'; readonly code: RefusalCode; readonly mnemonic: string };

const EMULATED: Verdict = { execution: 'emulated' };
const SURROGATE: Verdict = { execution: 'surrogate' };

export class Classifier {
  readonly #known = new Map<string, Verdict>();

  /** `onFirst` is called for each distinct instruction once, with its bytes alone. */
  constructor(private readonly onFirst?: (instruction: Uint8Array, classification: Classification) => void) {}

  /** How the engine would execute the first instruction of `bytes`, which may hold more. */
  verdict(bytes: Uint8Array): Verdict {
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1', 0, MAX_INSTRUCTION_BYTES);
    for (let length = 1; length <= text.length; length++) {
      const known = this.#known.get(text.slice(0, length));
      if (known !== undefined) return known;
    }
    const classification = classify(bytes, 0n);
    const { length } = classification;
    const verdict = verdictOf(classification);
    // Bytes that are not an instruction have no length, and may become one with more bytes.
    if (length > 0) {
      this.#known.set(text.slice(0, length), verdict);
      this.onFirst?.(bytes.slice(0, length), classification);
    }
    return verdict;
  }
}

function verdictOf(classification: Classification): Verdict {
  const { mnemonic } = classification;
  switch (classification.execution) {
    case 'emulated':
      return EMULATED;
    case 'surrogate':
      return SURROGATE;
    case 'twin':
      return { execution: 'twin', twin: classification.twin, code: classification.code, mnemonic };
    case 'refused':
      return { execution: 'refused', code: classification.code, mnemonic };
  }
}
