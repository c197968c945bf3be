/**
 * Bytes to {@link Instruction} records. Apart from surrogate/recode.ts the only importer of iced-x86. Its objects live
 * in its own WebAssembly memory and have no finalizers, so objects for one call are freed in it; the instruction and
 * the formatter are created once.
 */
import {
  Code,
  Decoder,
  DecoderOptions,
  Formatter,
  FormatterSyntax,
  type Instruction as IcedInstruction,
  MemorySize,
  MemorySizeExt,
  Mnemonic,
  OpKind,
  Register,
  RegisterExt,
  RflagsBits,
} from 'iced-x86';
import { assertExists } from '../../base/assert';
import { MAX_INSTRUCTION_BYTES } from '../machine/instructionLength';
import { type Instruction, type MemoryOperand, type Operand } from './instruction';
import { type Flag, FLAGS, GENERAL_REGISTERS, type GeneralRegister, SEGMENT_REGISTERS } from '../machine/registers';

const formatter = createFormatter();

/**
 * Decodes the first instruction of `bytes` in 64-bit mode; `address` is where it lies. `undefined` if the bytes are not
 * an instruction, or not a whole one.
 */
export function decode(bytes: Uint8Array, address: bigint): Instruction | undefined {
  return withDecoded(bytes, address, (iced) => (iced.isInvalid ? undefined : record(iced, bytes)));
}

/** The first instruction of `bytes` in Intel syntax with absolute addresses; `(bad)` if there is none. */
export function disassemble(bytes: Uint8Array, address: bigint): string {
  return withDecoded(bytes, address, (iced) => formatter.format(iced));
}

/** In bytes; 0 if the bytes are not an instruction. */
export function instructionLength(bytes: Uint8Array): number {
  return withDecoded(bytes, 0n, (iced) => (iced.isInvalid ? 0 : iced.length));
}

/** Where in an instruction's bytes a constant lies. */
export interface ConstantField {
  readonly offset: number;
  /** In bytes. */
  readonly size: number;
}

/** The constants in the bytes of an instruction that decodes: a branch's distance counts as immediate. */
export function constantFields(bytes: Uint8Array): { displacement?: ConstantField; immediate?: ConstantField } {
  return withDecoded(bytes, 0n, (iced, decoder) => {
    const offsets = decoder.getConstantOffsets(iced);
    try {
      return {
        ...(offsets.hasDisplacement && {
          displacement: { offset: offsets.displacementOffset, size: offsets.displacementSize },
        }),
        ...(offsets.hasImmediate && { immediate: { offset: offsets.immediateOffset, size: offsets.immediateSize } }),
      };
    } finally {
      offsets.free();
    }
  });
}

function withDecoded<T>(bytes: Uint8Array, address: bigint, use: (iced: IcedInstruction, decoder: Decoder) => T): T {
  const decoder = new Decoder(64, bytes.subarray(0, MAX_INSTRUCTION_BYTES), DecoderOptions.None);
  try {
    decoder.ip = address;
    const iced = decoder.decode();
    try {
      return use(iced, decoder);
    } finally {
      iced.free();
    }
  } finally {
    decoder.free();
  }
}

function record(iced: IcedInstruction, bytes: Uint8Array): Instruction {
  const operands: Operand[] = [];
  for (let index = 0; index < iced.opCount; index++) operands.push(operand(iced, index));
  return {
    mnemonic: assertExists(MNEMONICS[iced.mnemonic], 'mnemonic'),
    code: Code[iced.code],
    length: iced.length,
    operands,
    lock: iced.hasLockPrefix,
    repeat: iced.hasRepnePrefix ? 'repne' : iced.hasRepPrefix ? 'rep' : undefined,
    operandSizePrefix: hasOperandSizePrefix(bytes),
    privileged: iced.isPrivileged,
    far:
      iced.isCallFar ||
      iced.isCallFarIndirect ||
      iced.isJmpFar ||
      iced.isJmpFarIndirect ||
      FAR_RETURNS.has(iced.mnemonic),
    gather: iced.isVsib,
    undefinedFlags: flags(iced.rflagsUndefined),
  };
}

const MNEMONICS = Object.keys(Mnemonic)
  .filter((name) => isNaN(Number(name)))
  .map((name) => name.toLowerCase());

const FAR_RETURNS: ReadonlySet<Mnemonic> = new Set([Mnemonic.Retf, Mnemonic.Iret, Mnemonic.Iretd, Mnemonic.Iretq]);

function operand(iced: IcedInstruction, index: number): Operand {
  const kind = iced.opKind(index);
  if (kind === OpKind.Register) return registerOperand(iced.opRegister(index));
  const width = IMMEDIATE_WIDTHS[kind];
  if (width !== undefined) return { kind: 'immediate', value: BigInt.asUintN(width, iced.immediate(index)), width };
  if (kind === OpKind.NearBranch64) {
    return { kind: 'target', displacement: BigInt.asIntN(64, iced.nearBranchTarget - iced.nextIP) };
  }
  if (kind === OpKind.Memory) return memoryOperand(iced, iced.memoryBase, iced.memoryIndex);
  const implied = IMPLIED_ADDRESSES[kind];
  if (implied === undefined) return { kind: 'other' };
  const operand = memoryOperand(iced, implied, Register.None);
  // The destination's segment is always ES, whatever a prefix says about the source.
  return kind === OpKind.MemoryESEDI || kind === OpKind.MemoryESRDI ? { ...operand, segment: undefined } : operand;
}

// prettier-ignore
const IMMEDIATE_WIDTHS: Partial<Record<OpKind, 8 | 16 | 32 | 64>> = {
  [OpKind.Immediate8]: 8, [OpKind.Immediate8_2nd]: 8, [OpKind.Immediate16]: 16, [OpKind.Immediate32]: 32, [OpKind.Immediate64]: 64,
  [OpKind.Immediate8to16]: 16, [OpKind.Immediate8to32]: 32, [OpKind.Immediate8to64]: 64, [OpKind.Immediate32to64]: 64,
};

/** String instructions name no operand; the register that holds the address is part of the operand's kind. */
// prettier-ignore
const IMPLIED_ADDRESSES: Partial<Record<OpKind, Register>> = {
  [OpKind.MemorySegESI]: Register.ESI, [OpKind.MemorySegRSI]: Register.RSI, [OpKind.MemorySegEDI]: Register.EDI,
  [OpKind.MemorySegRDI]: Register.RDI, [OpKind.MemoryESEDI]: Register.EDI, [OpKind.MemoryESRDI]: Register.RDI,
};

function memoryOperand(iced: IcedInstruction, base: Register, index: Register): MemoryOperand {
  const ripRelative = base === Register.RIP || base === Register.EIP;
  const segment = iced.memorySegment;
  const addressSize = addressSizeOf(base, index, iced);
  return {
    kind: 'memory',
    width: assertExists(MEMORY_WIDTHS[iced.memorySize], 'memory width'),
    segment: segment === Register.FS ? 'fs' : segment === Register.GS ? 'gs' : undefined,
    base: ripRelative ? 'rip' : GENERAL[base],
    index: GENERAL[index],
    scale: iced.memoryIndexScale as 1 | 2 | 4 | 8,
    displacement: BigInt.asIntN(addressSize, iced.memoryDisplacementU64 - (ripRelative ? iced.nextIP : 0n)),
    addressSize,
  };
}

/**
 * A register in the address determines it; an absolute address has 32 bits only if the displacement has (67 a1, or SIB
 * without base).
 */
function addressSizeOf(base: Register, index: Register, iced: IcedInstruction): 32 | 64 {
  const register = base === Register.None ? index : base;
  if (register === Register.None) return iced.memoryDisplSize === 8 ? 64 : 32;
  return RegisterExt.size(register) === 4 ? 32 : 64;
}

const MEMORY_WIDTHS = Object.keys(MemorySize)
  .filter((name) => isNaN(Number(name)))
  .map((name) => MemorySizeExt.size(MemorySize[name as keyof typeof MemorySize]) * 8);

const REGISTERS = registerOperands();
/** The 64-bit register for each register number of iced. */
const GENERAL: readonly (GeneralRegister | undefined)[] = REGISTERS.map((known) =>
  known.kind === 'register' ? known.register : undefined,
);

function registerOperand(register: Register): Operand {
  return assertExists(REGISTERS[register], 'register');
}

/** The operand for each register number of iced. */
function registerOperands(): readonly Operand[] {
  const names = Object.keys(Register).filter((name) => isNaN(Number(name)));
  return names.map((name): Operand => {
    const register = Register[name as keyof typeof Register];
    if (RegisterExt.isGPR(register)) {
      const full = assertExists(GENERAL_REGISTERS[RegisterExt.number(RegisterExt.fullRegister(register))], 'register');
      const width = (RegisterExt.size(register) * 8) as 8 | 16 | 32 | 64;
      return { kind: 'register', register: full, width, high: /^[A-D]H$/.test(name) };
    }
    const segment = SEGMENT_REGISTERS.find((candidate) => candidate.toUpperCase() === name);
    return segment === undefined ? { kind: 'other' } : { kind: 'segment', register: segment };
  });
}

/** Legacy prefixes come in any order, then REX as the last byte before the opcode (Intel SDM vol. 2 §2.1.1, §2.2.1). */
function hasOperandSizePrefix(bytes: Uint8Array): boolean {
  let seen = false;
  let at = 0;
  for (; LEGACY_PREFIXES.has(bytes[at]!); at++) seen ||= bytes[at] === 0x66;
  const wide = (bytes[at]! & 0xf8) === 0x48;
  return seen && !wide;
}

const LEGACY_PREFIXES: ReadonlySet<number> = new Set([
  0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65, 0x66, 0x67, 0xf0, 0xf2, 0xf3,
]);

/** The flags among `mask`, which has iced's bit numbers; x87 condition bits and system flags are left out. */
function flags(mask: number): readonly Flag[] {
  return FLAGS.filter((flag) => (mask & RflagsBits[flag]) !== 0);
}

function createFormatter(): Formatter {
  const created = new Formatter(FormatterSyntax.Intel);
  created.hexPrefix = '0x';
  created.hexSuffix = '';
  created.uppercaseHex = false;
  created.spaceAfterOperandSeparator = true;
  created.branchLeadingZeros = false;
  return created;
}
