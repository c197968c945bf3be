/**
 * Mutants whose WebAssembly is another and does the same, whatever the state: no test can tell them from the rule. Each
 * has the reason; one that a check does notice must not be here.
 */
import { type Mutant } from './mutants';

interface Equivalent {
  readonly file: string;
  /** As {@link Mutant.change} has it. */
  readonly change: string;
  /** A part of the line that it is in. */
  readonly line: string;
  readonly reason: string;
}

const EQUIVALENTS: readonly Equivalent[] = [
  {
    file: 'families/byteOrder.ts',
    change: 'shiftRight → shiftRightSigned',
    line: 'and(shiftRight(swapped, bits), keep)',
    reason: 'the bits that a sign would fill are masked out behind the shift',
  },
  {
    file: 'families/stack.ts',
    change: 'shiftRight → shiftRightSigned',
    line: 'isZero(shiftRight(xor(top, bottom), PAGE_BITS))',
    reason: 'whether anything is left of the difference does not depend on what a sign would fill',
  },
  {
    file: 'emulator/compile/blocks.ts',
    change: "'i64_lt_u' → 'i64_lt_s'",
    line: "code.get(rounds).i64(2n).op('i64_lt_u')",
    reason: 'rounds were limited to the operand capacity before, so they are far from the sign',
  },
  {
    file: 'emulator/compile/blocks.ts',
    change: '0 → 1',
    line: "code.call(direction).op('i32_eqz').branch('br_if', 0)",
    reason:
      'after a transfer that fails, the round is made singly in the next turn instead of in this one: a turn less of thousands',
  },
  {
    file: 'emulator/compile/expressions.ts',
    change: "'i64_shr_u' → 'i64_shr_s'",
    line: ".op('i64_shr_u', 'i32_wrap_i64')",
    reason: 'the one bit that is kept of the flags lies below those that a sign would fill',
  },
  {
    file: 'emulator/compile/expressions.ts',
    change: '< → <=',
    line: "code.i64(1n << BigInt(value.width)).op('i64_or')",
    reason: 'a one behind 64 bits is cut off: 0 is or-ed to the value',
  },
  {
    file: 'emulator/ir/values.ts',
    change: 'shiftRight → shiftRightSigned',
    line: 'truncate(index === 0 ? value : shiftRight(value, index), 1)',
    reason: 'the one bit that is kept was within the value',
  },
];

/** The line of the file as it is, without the change. */
export function reasonOf({ file, change }: Mutant, line: string): string | undefined {
  return EQUIVALENTS.find((known) => file.endsWith(known.file) && change === known.change && line.includes(known.line))
    ?.reason;
}
