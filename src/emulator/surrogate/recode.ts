/**
 * Instructions for the surrogate, by iced-x86: the same instruction with its memory operand at a register, and its
 * effects from iced's InstructionInfo. Objects that iced allocates for one call are freed in it.
 */
import { assertExists } from '../../base/assert';
import {
  CpuidFeature,
  Decoder,
  DecoderOptions,
  Encoder,
  FlowControl,
  type Instruction as IcedInstruction,
  type InstructionInfo,
  InstructionInfoFactory,
  Mnemonic,
  OpAccess,
  OpKind,
  Register,
  RegisterExt,
  RflagsBits,
  type UsedMemory,
  type UsedRegister,
} from 'iced-x86';
import { GENERAL_REGISTERS, type GeneralRegister } from '../machine/registers';
import { type RegisterSet, registerSetOf } from './features';

/**
 * What happens to a memory operand. `conditionalWrite`: the instruction writes the bytes that it selects, and reads
 * none.
 */
export type OperandAccess = 'read' | 'write' | 'readWrite' | 'conditionalWrite';

export interface Recoded {
  /** The moved instruction; it does the same at any address. */
  readonly code: Uint8Array;
  /** The memory operand, if there is one: the register that points to it in `code` and has no other use there. */
  readonly operand: { readonly register: GeneralRegister; readonly access: OperandAccess } | undefined;
  readonly registerSet: RegisterSet;
  readonly registersWritten: readonly GeneralRegister[];
  readonly changesFlags: boolean;
}

/**
 * Registers that may point to the operand. The first ones need no REX prefix, which would turn AH to BH into other
 * registers.
 */
const POINTERS: readonly GeneralRegister[] = ['rbx', 'rsi', 'rdi', 'rcx', 'rdx', 'rax', 'r8', 'r9', 'r10', 'r11'];

/**
 * `bytes`: one whole instruction. `undefined` if it branches, or may act on more than registers and one memory operand.
 */
export function recode(bytes: Uint8Array): Recoded | undefined {
  const decoder = new Decoder(64, bytes, DecoderOptions.None);
  const decoded = decoder.decode();
  try {
    return recodeDecoded(bytes, decoded);
  } finally {
    decoded.free();
    decoder.free();
  }
}

function recodeDecoded(bytes: Uint8Array, decoded: IcedInstruction): Recoded | undefined {
  if (decoded.isInvalid || decoded.flowControl !== FlowControl.Next || decoded.isVsib) return undefined;
  const mnemonic = Mnemonic[decoded.mnemonic].toLowerCase();
  const features = [...decoded.cpuidFeatures()].map((feature) => assertExists(CpuidFeature[feature], 'feature'));
  const registerSet = registerSetOf(mnemonic, features);
  if (registerSet === undefined) return undefined;
  const { registers, memory } = usesOf(decoded);
  const moved = moveOperand(bytes, decoded, mnemonic, registers, memory);
  if (moved === undefined) return undefined;
  const written = registers.filter(({ access }) => WRITES.has(access)).map(({ register }) => register);
  return {
    ...moved,
    registerSet,
    registersWritten: GENERAL_REGISTERS.filter((name) => written.includes(name)),
    changesFlags: (decoded.rflagsModified & FLAGS) !== 0,
  };
}

interface Uses {
  /** General ones only. */
  readonly registers: readonly { readonly register: GeneralRegister; readonly access: OpAccess }[];
  readonly memory: readonly OpAccess[];
}

function usesOf(instruction: IcedInstruction): Uses {
  const infos = new InstructionInfoFactory();
  const info: InstructionInfo = infos.info(instruction);
  const registers = (info.usedRegisters() as UsedRegister[]).flatMap((used) => {
    const { register, access } = used;
    used.free();
    if (!RegisterExt.isGPR(register)) return [];
    return {
      register: assertExists(GENERAL_REGISTERS[RegisterExt.number(RegisterExt.fullRegister(register))], 'register'),
      access,
    };
  });
  const memory = (info.usedMemory() as UsedMemory[]).map((used) => {
    const { access } = used;
    used.free();
    return access;
  });
  info.free();
  infos.free();
  return { registers, memory };
}

function moveOperand(
  bytes: Uint8Array,
  decoded: IcedInstruction,
  mnemonic: string,
  registers: Uses['registers'],
  memory: Uses['memory'],
): Pick<Recoded, 'code' | 'operand'> | undefined {
  const kinds = Array.from({ length: decoded.opCount }, (_, index) => decoded.opKind(index));
  const operands = kinds.flatMap((kind, index) => (MEMORY_KINDS.has(kind) ? [index] : []));
  const [operand] = operands;
  if (operand === undefined) return memory.length === 0 ? { code: bytes, operand: undefined } : undefined;
  const [only] = memory;
  const access = only !== undefined && memory.length === 1 && operands.length === 1 ? ACCESSES.get(only) : undefined;
  if (access === undefined) return undefined;
  const register = pointTo(decoded, operand, registers);
  const code = register === undefined ? undefined : encode(decoded);
  if (register === undefined || code === undefined) return undefined;
  const masked = access === 'write' && MASKED_STORES.has(mnemonic);
  return { code, operand: { register, access: masked ? 'conditionalWrite' : access } };
}

/**
 * Makes an operand lie where a register points, and nowhere else: no index, displacement or segment.
 */
function pointTo(decoded: IcedInstruction, operand: number, registers: Uses['registers']): GeneralRegister | undefined {
  decoded.segmentPrefix = Register.None;
  if (decoded.opKind(operand) !== OpKind.Memory) {
    // MASKMOVDQU and MASKMOVQ store where RDI points, and have no other use for it.
    decoded.setOpKind(operand, OpKind.MemorySegRDI);
    return 'rdi';
  }
  const name = POINTERS.find((candidate) => registers.every(({ register }) => register !== candidate));
  if (name === undefined) return undefined;
  decoded.memoryBase = Register[name.toUpperCase() as keyof typeof Register];
  decoded.memoryIndex = Register.None;
  decoded.memoryIndexScale = 1;
  decoded.memoryDisplacement = 0n;
  decoded.memoryDisplSize = 0;
  return name;
}

function encode(instruction: IcedInstruction): Uint8Array | undefined {
  const encoder = new Encoder(64);
  try {
    encoder.encode(instruction, 0n);
    return encoder.takeBuffer();
  } catch {
    // iced can't encode every form that it decodes.
    return undefined;
  } finally {
    encoder.free();
  }
}

const MEMORY_KINDS: ReadonlySet<OpKind> = new Set([OpKind.Memory, OpKind.MemorySegRDI, OpKind.MemorySegEDI]);

const ACCESSES: ReadonlyMap<OpAccess, OperandAccess> = new Map([
  [OpAccess.Read, 'read'],
  [OpAccess.CondRead, 'read'],
  [OpAccess.Write, 'write'],
  [OpAccess.CondWrite, 'conditionalWrite'],
  [OpAccess.ReadWrite, 'readWrite'],
  // CMPXCHG8B always writes: the old value, if it does not match (Intel SDM vol. 2).
  [OpAccess.ReadCondWrite, 'readWrite'],
]);

const WRITES: ReadonlySet<OpAccess> = new Set([
  OpAccess.Write,
  OpAccess.CondWrite,
  OpAccess.ReadWrite,
  OpAccess.ReadCondWrite,
]);

/** Where their operand in memory is written, the mask is a vector, which iced does not count as a condition. */
// prettier-ignore
const MASKED_STORES: ReadonlySet<string> = new Set([
  'maskmovq', 'maskmovdqu', 'vmaskmovdqu', 'vmaskmovps', 'vmaskmovpd', 'vpmaskmovd', 'vpmaskmovq',
]);

/** The bits of RFLAGS among iced's, which has the condition bits of the x87 too. */
const FLAGS = RflagsBits.OF | RflagsBits.SF | RflagsBits.ZF | RflagsBits.AF | RflagsBits.CF | RflagsBits.PF;
