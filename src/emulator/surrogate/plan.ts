/**
 * How the surrogate executes an instruction that no family lifts: the plan says what to copy from the thread to the
 * scratch process, what to run there, and what to copy back. Everything in it, except the operand's address, is known
 * before the first hit.
 */
import { type Instruction, type MemoryOperand } from '../decode/instruction';
import { type GeneralRegister } from '../machine/registers';
import { type UserRegisterName } from '../machine/state';
import { PROCESSOR_BOUND } from './features';
import { type OperandAccess, recode } from './recode';
import { X87_STORES_POINTERS, x87Opcode } from './x87';

export { type OperandAccess } from './recode';

export interface SurrogatePlan {
  /** What the scratch process executes: the instruction, its memory operand moved to where a register points. */
  readonly code: Uint8Array;
  /** Length of the instruction in the program, in bytes. */
  readonly length: number;
  readonly operand: PlannedOperand | undefined;
  /** It acts on vector, x87, mask or control registers: what NT_X86_XSTATE holds. */
  readonly extendedState: boolean;
  /** XGETBV, which can read which extended states the thread is using. */
  readonly readsStatesInUse: boolean;
  /** The result depends on the processor: it runs on the one that the thread last ran on. */
  readonly processorBound: boolean;
  /**
   * The fields of user_regs_struct to copy back. RIP is always among them: it becomes the next instruction's address.
   */
  readonly writes: readonly UserRegisterName[];
  /** For instructions that the x87 remembers: the opcode that it would remember, and that of {@link code}. */
  readonly x87: { readonly opcode: number; readonly opcodeInCode: number } | undefined;
}

export interface PlannedOperand {
  readonly memory: MemoryOperand;
  readonly bytes: number;
  readonly access: OperandAccess;
  /** The register that points to it in the plan's code; the instruction has no other use for it. */
  readonly register: GeneralRegister;
}

/**
 * The plan for an instruction, `bytes` from its first on. `undefined` if the surrogate can't stand in for the thread.
 * Not for instructions that refusal.ts refuses.
 */
export function planOf(instruction: Instruction, bytes: Uint8Array): SurrogatePlan | undefined {
  const { mnemonic, length } = instruction;
  const original = bytes.slice(0, length);
  const recoded = recode(original);
  if (recoded === undefined) return undefined;
  const { code, registerSet, registersWritten, changesFlags } = recoded;
  const operand = recoded.operand && { ...recoded.operand, ...placeOf(instruction) };
  const writes: UserRegisterName[] = [...registersWritten, 'rip'];
  if (changesFlags) writes.push('eflags');
  if (mnemonic === 'wrfsbase') writes.push('fs_base');
  if (mnemonic === 'wrgsbase') writes.push('gs_base');
  return {
    code,
    length,
    operand,
    extendedState: registerSet === 'extended',
    readsStatesInUse: mnemonic === 'xgetbv',
    processorBound: PROCESSOR_BOUND.has(mnemonic),
    writes,
    x87: X87_STORES_POINTERS.has(mnemonic) ? undefined : rememberedOpcodes(original, code),
  };
}

function placeOf({ operands, code }: Instruction): Pick<PlannedOperand, 'memory' | 'bytes'> {
  const memory = operands.find((operand) => operand.kind === 'memory');
  if (memory === undefined || memory.width === 0)
    throw new Error(`internal error: the operand of ${code} has no place`);
  return { memory, bytes: memory.width / 8 };
}

function rememberedOpcodes(original: Uint8Array, code: Uint8Array): SurrogatePlan['x87'] {
  const opcode = x87Opcode(original);
  const opcodeInCode = x87Opcode(code);
  return opcode === undefined || opcodeInCode === undefined ? undefined : { opcode, opcodeInCode };
}
