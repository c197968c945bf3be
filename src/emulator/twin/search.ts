/**
 * Finds twins in a block of text, at any byte: it does not matter whether the program itself ever executes the bytes
 * from there.
 */
import { MAX_INSTRUCTION_BYTES } from '../machine/instructionLength';
import { formName, type TwinCode, twinCodeOf, type TwinForm } from './forms';

export interface FoundTwin {
  readonly form: TwinForm;
  readonly code: TwinCode;
  /** In the text. */
  readonly offset: number;
}

const LOCK = 0xf0;
const OPERAND_SIZE = 0x66;
const XCHG_OPCODES = [0x86, 0x87] as const;

/** Opcodes of the forms (Intel SDM vol. 2, appendix A), two bytes as 0f00 + the second. */
const LOCKED_OPCODES: ReadonlySet<number> = new Set([
  ...[0x08, 0x09, 0x20, 0x21, 0x30, 0x31],
  ...[0x0fab, 0x0fb0, 0x0fb1, 0x0fb3, 0x0fbb, 0x0fc0, 0x0fc1, 0x0fc7],
]);

/** All locked instructions of the text that can be twins, from its start on. */
export function* lockedTwins(text: Buffer): Generator<FoundTwin> {
  for (let at = text.indexOf(LOCK); at >= 0; at = text.indexOf(LOCK, at + 1)) {
    if (!LOCKED_OPCODES.has(opcodeBehind(text, at + 1))) continue;
    yield* twinAt(text, at);
    if (text[at - 1] === OPERAND_SIZE) yield* twinAt(text, at - 1);
  }
}

/** All XCHG with memory. Nearly every kilobyte has some, so a search can stop early. */
export function* exchangeTwins(text: Buffer): Generator<FoundTwin> {
  for (const opcode of XCHG_OPCODES) {
    for (let at = text.indexOf(opcode); at >= 0; at = text.indexOf(opcode, at + 1)) {
      let start = at;
      yield* twinAt(text, start);
      if (isRex(text[start - 1])) yield* twinAt(text, --start);
      if (text[start - 1] === OPERAND_SIZE) yield* twinAt(text, start - 1);
    }
  }
}

/** The names of all forms that the text has. */
export function formsIn(text: Buffer): ReadonlySet<string> {
  const names = new Set<string>();
  for (const { form } of lockedTwins(text)) names.add(formName(form));
  const exchanges = new Set<string>();
  for (const { form } of exchangeTwins(text)) {
    exchanges.add(formName(form));
    if (exchanges.size === EXCHANGE_WIDTHS) break;
  }
  return new Set([...names, ...exchanges]);
}

const EXCHANGE_WIDTHS = 4;

function* twinAt(text: Buffer, offset: number): Generator<FoundTwin> {
  const found = twinCodeOf(text.subarray(offset, offset + MAX_INSTRUCTION_BYTES));
  if (found !== undefined) yield { ...found, offset };
}

/** The opcode after the prefixes that may follow LOCK. */
function opcodeBehind(text: Buffer, start: number): number {
  let at = start;
  if (text[at] === OPERAND_SIZE) at++;
  if (isRex(text[at])) at++;
  return text[at] === 0x0f ? 0x0f00 + (text[at + 1] ?? 0) : (text[at] ?? 0);
}

function isRex(byte: number | undefined): boolean {
  return byte !== undefined && (byte & 0xf0) === 0x40;
}
