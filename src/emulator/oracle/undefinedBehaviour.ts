/** Results that the manuals leave undefined, so that one CPU proves nothing: what is not compared, and why. */
import { type Instruction } from '../decode/instruction';
import { type Flag } from '../machine/registers';
import { SIGNAL_REGISTERS } from './program';

const RCX = SIGNAL_REGISTERS.indexOf('rcx');

/**
 * What shifts leave undefined for a count that is not 0; OF is defined for a count of 1. CF is undefined when as many
 * bits as there are, or more, are shifted out (Intel SDM vol. 2, SAL/SAR/SHL/SHR).
 */
const SHIFTS: Readonly<Record<string, { readonly flags: readonly Flag[]; readonly losesCarry?: boolean }>> = {
  shl: { flags: ['OF', 'AF'], losesCarry: true },
  sal: { flags: ['OF', 'AF'], losesCarry: true },
  shr: { flags: ['OF', 'AF'], losesCarry: true },
  sar: { flags: ['OF', 'AF'] },
  shld: { flags: ['OF', 'AF'] },
  shrd: { flags: ['OF', 'AF'] },
  rol: { flags: ['OF'] },
  ror: { flags: ['OF'] },
  rcl: { flags: ['OF'] },
  rcr: { flags: ['OF'] },
};

/** The undefined flags after an instruction that started from these registers. */
export function undefinedFlagsAfter(instruction: Instruction, registers: BigUint64Array): readonly Flag[] {
  const { mnemonic, operands, undefinedFlags } = instruction;
  const shift = SHIFTS[mnemonic];
  if (shift === undefined) return undefinedFlags;
  const operand = operands.at(-1);
  const [target] = operands;
  const width = target !== undefined && 'width' in target ? target.width : 64;
  const bits = operand?.kind === 'immediate' ? operand.value : registers[RCX]!;
  const count = Number(bits & (width === 64 ? 63n : 31n));
  if (count === 0) return [];
  const open = shift.flags.filter((flag) => count !== 1 || flag !== 'OF');
  return shift.losesCarry === true && count >= width ? [...open, 'CF'] : open;
}

/**
 * Whether stepping aside is right though the instruction did not fault: `rip` is where the thread went. A branch out of
 * user space faults at its target on some CPUs, at the branch on others.
 */
export function mayStepAside({ mnemonic, operands, repeat }: Instruction, rip: bigint): boolean {
  if (rip >> 47n !== 0n || repeat !== undefined) return true;
  const [target] = operands;
  const width = target !== undefined && 'width' in target ? target.width : undefined;
  return STEPS_ASIDE.some((rule) => rule.mnemonics.includes(mnemonic) && (rule.width ?? width) === width);
}

const STEPS_ASIDE: readonly { readonly mnemonics: readonly string[]; readonly width?: number }[] = [
  // Counts beyond the width: an undefined result.
  { mnemonics: ['shld', 'shrd'], width: 16 },
  // The upper half of the destination depends on the processor when there is no bit, or no match.
  { mnemonics: ['bsf', 'bsr', 'cmpxchg'], width: 32 },
  // Changes flags that a tracer can't set.
  { mnemonics: ['popf', 'popfq'] },
  // Reads what it pushes.
  { mnemonics: ['enter'] },
];
