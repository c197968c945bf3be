/**
 * From code to the flow of control through it: for each instruction, the next one. Symbol readers, which don't decode
 * themselves, use it to tell copies of a line from pieces and entries from loops, and to find the functions that an
 * indirect function's resolver chooses from.
 */
import {
  Decoder,
  DecoderOptions,
  FlowControl,
  Instruction,
  MemorySizeExt,
  Mnemonic,
  OpKind,
  Register,
  RegisterExt,
} from 'iced-x86';
import { type FlowInstruction, type FrameStore, type JumpSource } from '../base/controlFlow';

/** DWARF's numbers of the general registers in the order of their encoding (System V ABI x86-64, figure 3.36). */
const DWARF_NUMBERS = [0, 2, 1, 3, 7, 6, 4, 5, 8, 9, 10, 11, 12, 13, 14, 15];
const DWARF_XMM0 = 17;

const KINDS: Partial<Record<FlowControl, FlowInstruction['kind']>> = {
  [FlowControl.Next]: 'next',
  [FlowControl.UnconditionalBranch]: 'jump',
  [FlowControl.ConditionalBranch]: 'branch',
  [FlowControl.IndirectBranch]: 'indirect',
  [FlowControl.Call]: 'call',
  [FlowControl.IndirectCall]: 'call',
  [FlowControl.XbeginXabortXend]: 'next',
};

/** The instructions of `code`, which lies at `start`; invalid bytes end the flow. */
export function readFlow(code: Uint8Array, start: number): FlowInstruction[] {
  const decoder = new Decoder(64, code, DecoderOptions.None);
  const instruction = new Instruction();
  const found: FlowInstruction[] = [];
  try {
    decoder.ip = BigInt(start);
    while (decoder.canDecode) {
      decoder.decodeOut(instruction);
      found.push(describe(instruction));
    }
  } finally {
    instruction.free();
    decoder.free();
  }
  return found;
}

function describe(iced: Instruction): FlowInstruction {
  const isNear = iced.opCount > 0 && iced.op0Kind === OpKind.NearBranch64;
  return {
    address: Number(iced.ip),
    length: iced.length,
    kind: kindOf(iced),
    operation: iced.code,
    changes: !COPIES.has(iced.mnemonic) || (iced.op0Kind === OpKind.Memory && iced.mnemonic !== Mnemonic.Push),
    packed: packedOf(iced),
    target: isNear ? Number(iced.nearBranchTarget) : undefined,
    constant: constantOf(iced),
    loadedFrom: loadedFrom(iced),
    selects: selects(iced),
    sets: UNCHANGED.has(iced.mnemonic) ? undefined : registerAt(iced, 0),
    adds: iced.mnemonic === Mnemonic.Add ? registerAt(iced, 1) : undefined,
    store: storeOf(iced),
  };
}

function kindOf(iced: Instruction): FlowInstruction['kind'] {
  if (iced.isInvalid) return 'invalid';
  if (iced.mnemonic === Mnemonic.Ret) return 'return';
  return isPadding(iced) ? 'pad' : (KINDS[iced.flowControl] ?? 'end');
}

function isPadding({ mnemonic }: Instruction): boolean {
  return mnemonic === Mnemonic.Nop || mnemonic === Mnemonic.Int3;
}

/**
 * Scalar code, too, copies registers whole, and makes zeros, signs and absolute values with the bitwise operations of
 * floating point.
 */
function packedOf(iced: Instruction): FlowInstruction['packed'] {
  if (PACKED_MOVES.has(iced.mnemonic)) {
    return iced.op0Kind === OpKind.Memory || iced.op1Kind === OpKind.Memory ? 'move' : undefined;
  }
  if (!PACKED_OPERATIONS.has(iced.mnemonic)) return undefined;
  const [last, beforeLast] = [iced.opCount - 1, iced.opCount - 2];
  const isSame = iced.opKind(last) === OpKind.Register && iced.opRegister(last) === iced.opRegister(beforeLast);
  return isSame ? undefined : 'operation';
}

/** Enumerations map numbers to names, too. */
const MNEMONICS = Object.keys(Mnemonic).filter((name) => !/^\d/.test(name)) as (keyof typeof Mnemonic)[];

function mnemonicsLike(pattern: RegExp): ReadonlySet<Mnemonic> {
  return new Set(MNEMONICS.filter((name) => pattern.test(name)).map((name) => Mnemonic[name]));
}

const COPIES = mnemonicsLike(/^(?:V?Mov[a-z]*\d*|Lea|Push|Pop|Cmov[a-z]+)$/);

/** Loads and stores of 16 bytes and more. */
const PACKED_MOVES = mnemonicsLike(/^V?Mov(?:[au]p[sd]|dq[au](?:\d+)?|ntp[sd]|ntdq)$/i);
/** Of SSE, AVX and AVX-512: by the elements of vectors. */
const PACKED_OPERATIONS = mnemonicsLike(
  /^V?(?:P(?:add|sub|mul|madd|cmp|min|max|sll|srl|sra|abs|avg|and|or|xor|sad|blend|hadd)[a-z]*\d*|(?:Add|Sub|Mul|Div|Min|Max|Sqrt|Cmp|Fn?m(?:add|sub)\d*)p[sd])$/i,
);

/** `lea register, [rip + …]`, and `mov register, …` in programs that are always at the same address. */
function constantOf(iced: Instruction): number | undefined {
  if (iced.mnemonic === Mnemonic.Lea && iced.isIpRelMemoryOperand) return Number(iced.ipRelMemoryAddress);
  if (iced.mnemonic !== Mnemonic.Mov || iced.op0Kind !== OpKind.Register) return undefined;
  const isImmediate = [OpKind.Immediate32, OpKind.Immediate32to64, OpKind.Immediate64].includes(iced.op1Kind);
  return isImmediate ? Number(BigInt.asUintN(64, iced.immediate(1))) : undefined;
}

function loadedFrom(iced: Instruction): number | undefined {
  const isLoad = LOADS.has(iced.mnemonic) && iced.op0Kind === OpKind.Register && iced.isIpRelMemoryOperand;
  return isLoad ? Number(iced.ipRelMemoryAddress) : undefined;
}

/** Conditional moves from memory choose among slots. */
const LOADS = mnemonicsLike(/^(?:Mov|Cmov[a-z]+)$/);

/**
 * `notrack` (Intel SDM vol. 1 §17.3.1, the prefix 3E) marks jumps to the cases of a switch. So do distances, of four
 * bytes each: no table of functions has those.
 */
function selects(iced: Instruction): JumpSource | undefined {
  const isJump = iced.flowControl === FlowControl.IndirectBranch;
  if (isJump && iced.segmentPrefix === Register.DS) return { kind: 'cases' };
  const register = isJump ? registerAt(iced, 0) : undefined;
  if (register !== undefined) return { kind: 'register', register };
  if (!isJump && !TARGET_LOADS.has(iced.mnemonic)) return undefined;
  if (![iced.op0Kind, iced.opCount > 1 ? iced.op1Kind : undefined].includes(OpKind.Memory)) return undefined;
  if (iced.isIpRelMemoryOperand) return { kind: 'slot' };
  const isIndexed = iced.memoryIndex !== Register.None;
  if (isIndexed && iced.memoryIndexScale === 4 && iced.mnemonic === Mnemonic.Movsxd) return { kind: 'cases' };
  if (!isIndexed || iced.memoryIndexScale !== 8) return undefined;
  const isAbsolute = iced.memoryBase === Register.None;
  const table = isAbsolute ? Number(BigInt.asUintN(64, iced.memoryDisplacementU64)) : undefined;
  return { kind: 'addresses', table };
}

/** The number of the general register that an operand is. */
function registerAt(iced: Instruction, operand: 0 | 1): number | undefined {
  if (iced.opCount <= operand || iced.opKind(operand) !== OpKind.Register) return undefined;
  const register = iced.opRegister(operand);
  return RegisterExt.isGPR(register) ? dwarfNumber(register) : undefined;
}

/** Their first operand is only read. */
const UNCHANGED: ReadonlySet<Mnemonic> = new Set([Mnemonic.Cmp, Mnemonic.Test, Mnemonic.Push, Mnemonic.Bt]);

const TARGET_LOADS: ReadonlySet<Mnemonic> = new Set([Mnemonic.Mov, Mnemonic.Movsxd]);

/** An instruction whose first operand is memory may write it. */
function storeOf(iced: Instruction): FrameStore | 'unknown' | undefined {
  if (iced.opCount === 0 || iced.op0Kind === OpKind.Register || iced.mnemonic === Mnemonic.Nop) return undefined;
  return frameStoreOf(iced) ?? 'unknown';
}

const SCALAR_MOVES: ReadonlySet<Mnemonic> = new Set([Mnemonic.Mov, Mnemonic.Movss, Mnemonic.Movsd]);

function frameStoreOf(iced: Instruction): FrameStore | undefined {
  if (!SCALAR_MOVES.has(iced.mnemonic) || iced.op0Kind !== OpKind.Memory) return undefined;
  if (iced.memoryIndex !== Register.None || iced.segmentPrefix !== Register.None) return undefined;
  const base = FRAME_REGISTERS.get(iced.memoryBase);
  const register = iced.op1Kind === OpKind.Register ? dwarfNumber(iced.op1Register) : undefined;
  if (base === undefined || (register === undefined && iced.op1Kind === OpKind.Register)) return undefined;
  const displacement = BigInt.asIntN(64, iced.memoryDisplacementU64);
  return { base, displacement, size: MemorySizeExt.size(iced.memorySize), register };
}

const FRAME_REGISTERS: ReadonlyMap<Register, number> = new Map([
  [Register.RBP, 6],
  [Register.RSP, 7],
]);

/** The number of the register whose low bytes are the value; undefined for ah, bh, ch, dh. */
function dwarfNumber(register: Register): number | undefined {
  if (RegisterExt.isXMM(register)) return DWARF_XMM0 + RegisterExt.number(register);
  if (!RegisterExt.isGPR(register) || HIGH_BYTES.has(register)) return undefined;
  return DWARF_NUMBERS[RegisterExt.number(RegisterExt.fullRegister(register))];
}

const HIGH_BYTES: ReadonlySet<Register> = new Set([Register.AH, Register.BH, Register.CH, Register.DH]);
