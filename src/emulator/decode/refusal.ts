/**
 * Instructions that can't be executed on a stopped thread's behalf exactly, and why. Users see these texts when a probe
 * is refused.
 */
import { type Instruction } from './instruction';

/** By stable code, as JSON output spells it; each continues the sentence "can't be probed:". */
export const REFUSALS = {
  undecodable: 'these bytes are not an instruction',
  lock: 'a LOCK-prefixed instruction is atomic; a tracer could only imitate it in several steps',
  'atomic-exchange': 'an exchange with memory is atomic; a tracer could only imitate it in several steps',
  'system-call': 'a system call must be made by the thread itself',
  interrupt: 'a software interrupt or breakpoint must be raised by the thread itself',
  'undefined-instruction': 'it raises an invalid-opcode fault on purpose',
  privileged: 'user programs may not execute it',
  'far-transfer': 'it changes the code segment',
  'segment-load': 'it loads a segment register',
  gather: 'it accesses several places in memory at once',
  transactional: 'a breakpoint aborts the memory transaction it belongs to',
  'shadow-stack': 'it works on the shadow stack',
  'state-save': 'it saves or restores all extended registers at once',
  'protection-keys': 'it reads or changes which memory the thread may access',
  'restartable-sequence': 'the kernel aborts the restartable sequence (rseq(2)) there whenever the thread stops',
  'vendor-specific': 'processors of different vendors execute it differently',
  'not-lifted': 'the emulator does not know this instruction yet',
} as const;

/** Continues the reason why an atomic instruction needs a twin. */
export const NO_TWIN = "and the program's text holds no equivalent instruction that the thread could execute instead";

export type RefusalCode = keyof typeof REFUSALS;

/** Why an instruction must not be emulated whatever is known about it; `undefined` if there is no reason. */
export function refusalOf(instruction: Instruction): RefusalCode | undefined {
  return MNEMONICS.get(instruction.mnemonic) ?? RULES.find(({ applies }) => applies(instruction))?.code;
}

/**
 * Whether a stop at this instruction disturbs a restartable sequence (rseq(2)): if the thread is in it, or the
 * instruction leads into it, the kernel sends the thread to the abort handler. It does so each time, so the sequence
 * might never complete.
 */
export function disturbsSequence(
  sequence: { readonly start: bigint; readonly end: bigint },
  address: bigint,
  length: number,
): boolean {
  return address < sequence.end && address + BigInt(length) >= sequence.start;
}

const RULES: readonly { readonly code: RefusalCode; readonly applies: (instruction: Instruction) => boolean }[] = [
  { code: 'lock', applies: ({ lock }) => lock },
  { code: 'privileged', applies: ({ privileged }) => privileged },
  { code: 'far-transfer', applies: ({ far }) => far },
  { code: 'gather', applies: ({ gather }) => gather },
  // LOCK is implied (Intel SDM vol. 3 §9.1.2.1).
  {
    code: 'atomic-exchange',
    applies: ({ mnemonic, operands }) => mnemonic === 'xchg' && operands.some(({ kind }) => kind === 'memory'),
  },
  {
    code: 'segment-load',
    applies: ({ mnemonic, operands }) => LOADS_FIRST_OPERAND.has(mnemonic) && operands[0]?.kind === 'segment',
  },
  // 66 before a near branch: Intel ignores it, AMD cuts RIP to 16 bits (Intel SDM vol. 2, JMP; AMD APM vol. 3 §1.2.2).
  { code: 'vendor-specific', applies: ({ operandSizePrefix, code }) => operandSizePrefix && NEAR_BRANCH.test(code) },
  // Reserved except on string instructions, and on branches, where it has no meaning today; AMD executes LOOPNE with F3
  // as LOOPE.
  {
    code: 'vendor-specific',
    applies: ({ repeat, mnemonic, code }) =>
      repeat !== undefined &&
      !STRING_INSTRUCTION.test(mnemonic) &&
      (!NEAR_BRANCH.test(code) || mnemonic.startsWith('loop')),
  },
  // PREFETCH of a register: nothing on Intel, #UD on AMD.
  {
    code: 'vendor-specific',
    applies: ({ code, operands }) => code.endsWith('_0F0D') && operands[0]?.kind === 'register',
  },
  // Its result is undefined (Intel SDM vol. 2, BSWAP).
  { code: 'vendor-specific', applies: ({ code }) => code === 'Bswap_r16' },
  // 63 with 66: Intel reads 16 bits of memory, AMD 32.
  { code: 'vendor-specific', applies: ({ code }) => code === 'Movsxd_r16_rm16' },
];

const LOADS_FIRST_OPERAND: ReadonlySet<string> = new Set(['mov', 'pop']);

const STRING_INSTRUCTION = /^(movs|stos|lods|scas|cmps)[bwdq]$/;

const NEAR_BRANCH = /^(J|Call_|Loop|Ret)/;

const MNEMONICS: ReadonlyMap<string, RefusalCode> = new Map(
  Object.entries({
    // LOCK is implied (Intel SDM vol. 2, CMPccXADD, AADD).
    'atomic-exchange': [
      'aadd',
      'aand',
      'aor',
      'axor',
      ...['b', 'be', 'l', 'le', 'nb', 'nbe', 'nl', 'nle', 'no', 'np', 'ns', 'nz', 'o', 'p', 's', 'z'].map(
        (condition) => `cmp${condition}xadd`,
      ),
    ],
    'system-call': ['syscall', 'sysenter'],
    interrupt: ['int', 'int1', 'int3', 'into'],
    'undefined-instruction': ['ud0', 'ud1'],
    privileged: ['in', 'out', 'insb', 'insw', 'insd', 'outsb', 'outsw', 'outsd', 'hlt', 'cli', 'sti'],
    'segment-load': ['lds', 'les', 'lfs', 'lgs', 'lss'],
    transactional: ['xbegin', 'xend', 'xabort', 'xtest'],
    'state-save': [
      ...['fxsave', 'fxsave64', 'fxrstor', 'fxrstor64', 'xrstor', 'xrstor64'],
      ...['xsave', 'xsave64', 'xsavec', 'xsavec64', 'xsaveopt', 'xsaveopt64'],
    ],
    'protection-keys': ['rdpkru', 'wrpkru'],
    'shadow-stack': ['rdsspd', 'rdsspq', 'incsspd', 'incsspq', 'rstorssp', 'saveprevssp', 'wrssd', 'wrssq', 'clrssbsy'],
  } satisfies Partial<Record<RefusalCode, string[]>>).flatMap(([code, mnemonics]) =>
    mnemonics.map((mnemonic) => [mnemonic, code as RefusalCode] as const),
  ),
);
