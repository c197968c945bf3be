/**
 * Every form that iced knows of an instruction that the surrogate executes, with random operands. Registers are few, so that operands
 * often share one; memory operands take every addressing form.
 */
import {
  Code,
  CodeExt,
  CpuidFeature,
  Encoder,
  Instruction as IcedInstruction,
  OpCodeOperandKind as K,
  OpKind,
  Register,
  RoundingControl,
} from 'iced-x86';
import { decode } from '../../../src/emulator/decode';
import { lift } from '../../../src/emulator/families';
import { type Instruction } from '../../../src/emulator/instruction';
import { type Random } from '../../../src/emulator/oracle/random';
import { refusalOf } from '../../../src/emulator/refusal';
import { planOf, type SurrogatePlan } from '../../../src/emulator/surrogate/plan';
import { NativeLayout } from './native';

export interface Form {
  readonly code: Code;
  readonly name: string;
  readonly features: readonly string[];
}

export interface Subject {
  readonly form: Form;
  readonly bytes: Uint8Array;
  readonly address: number;
  readonly instruction: Instruction;
  readonly plan: SurrogatePlan;
}

/** Results that differ each time, from processor to processor or from process to process. */
const UNREPEATABLE = /^(Rdtsc|Rdtscp|Rdrand|Rdseed|Rdpid|Cpuid|Rdfsbase|Wrfsbase)/;

/** All forms of 64-bit mode but those whose results can't be compared. Whether the surrogate executes them shows in a subject. */
export function allForms(): readonly Form[] {
  return Object.keys(Code).flatMap((name) => {
    const code = Code[name as keyof typeof Code];
    if (typeof code !== 'number' || UNREPEATABLE.test(name)) return [];
    const info = CodeExt.opCode(code);
    const iced = new IcedInstruction();
    iced.code = code;
    const features = [...iced.cpuidFeatures()].map((feature) => CpuidFeature[feature]!);
    // With a WAIT in front they are two instructions.
    const usable = info.isInstruction && info.mode64 && !info.fwait && !features.includes('KNC');
    info.free();
    iced.free();
    return usable ? [{ code, name, features }] : [];
  });
}

const encoder = new Encoder(64);

/** `undefined` for forms that are emulated or refused. */
export function randomSubject(form: Form, random: Random): Subject | undefined {
  for (let attempt = 0; attempt < 50; attempt++) {
    const address = NativeLayout.code + 0x800 + random.below(0x800);
    const bytes = randomBytes(form.code, random, BigInt(address));
    if (bytes === 'impossible') return undefined;
    if (bytes === undefined) continue;
    const instruction = decode(bytes, BigInt(address));
    if (instruction?.code !== form.name) continue;
    if (refusalOf(instruction) !== undefined || lift(instruction) !== undefined) return undefined;
    const plan = planOf(instruction, bytes);
    return plan && { form, bytes, address, instruction, plan };
  }
  return undefined;
}

function randomBytes(code: Code, random: Random, address: bigint): Uint8Array | 'impossible' | undefined {
  const info = CodeExt.opCode(code);
  const iced = new IcedInstruction();
  try {
    iced.code = code;
    for (let index = 0; index < info.opCount; index++) {
      const fill = OPERANDS[info.opKind(index)];
      if (fill === undefined) return 'impossible';
      fill(iced, index, random);
    }
    const inMemory = iced.op0Kind === OpKind.Memory || iced.op1Kind === OpKind.Memory || iced.op2Kind === OpKind.Memory;
    if (info.requireOpMaskRegister || (info.canUseOpMaskRegister && random.oneIn(2))) {
      iced.opMask = registerAfter(Register.K1, random.below(7));
      iced.zeroingMasking = info.canUseZeroingMasking && iced.op0Kind !== OpKind.Memory && random.oneIn(2);
    }
    if (inMemory) iced.isBroadcast = info.canBroadcast && random.oneIn(2);
    else if (info.canUseRoundingControl && random.oneIn(2)) iced.roundingControl = random.pick(ROUNDINGS);
    else if (info.canSuppressAllExceptions && random.oneIn(2)) iced.suppressAllExceptions = true;
    encoder.encode(iced, address);
    return encoder.takeBuffer();
  } catch {
    // A combination that has no encoding.
    encoder.takeBuffer();
    return undefined;
  } finally {
    iced.free();
    info.free();
  }
}

const ROUNDINGS = [
  RoundingControl.RoundToNearest,
  RoundingControl.RoundDown,
  RoundingControl.RoundUp,
  RoundingControl.RoundTowardZero,
];

type Fill = (iced: IcedInstruction, index: number, random: Random) => void;

const REGISTERS = Object.values(Register).filter((value) => typeof value === 'number');

/** In iced's order, which within one kind is that of their numbers. */
function registerAfter(first: Register, distance: number): Register {
  return REGISTERS[REGISTERS.indexOf(first) + distance]!;
}

/** One of `count` registers from `first` on. */
function register(first: Register, count: number): Fill {
  return (iced, index, random) => {
    iced.setOpKind(index, OpKind.Register);
    iced.setOpRegister(index, registerAfter(first, random.below(count)));
  };
}

/** Registers whose numbers need no, one or two more bits. */
function vector(first: Register): Fill {
  return (iced, index, random) => {
    iced.setOpKind(index, OpKind.Register);
    iced.setOpRegister(index, registerAfter(first, random.pick([0, 1, 2, 3, 9, 15, 17, 30])));
  };
}

const SEGMENTS = [Register.None, Register.None, Register.None, Register.GS, Register.ES];

const memory: Fill = (iced, index, random) => {
  iced.setOpKind(index, OpKind.Memory);
  iced.segmentPrefix = random.pick(SEGMENTS);
  const narrow = random.oneIn(6);
  const inData = BigInt(NativeLayout.data + 16 * (0x20 + random.below(0x380)));
  const form = random.below(8);
  if (form < 2) {
    if (form === 0) iced.memoryBase = narrow ? Register.EIP : Register.RIP;
    iced.memoryDisplacement = inData;
    iced.memoryDisplSize = narrow ? 4 : 8;
    return;
  }
  const registers = narrow ? Register.EAX : Register.RAX;
  iced.memoryBase = registerAfter(registers, random.below(16));
  if (form < 5) {
    iced.memoryIndex = registerAfter(registers, random.pick([0, 1, 2, 3, 5, 6, 7, 8, 12, 15]));
    iced.memoryIndexScale = random.pick([1, 2, 4, 8]);
  }
  iced.memoryDisplSize = random.pick([0, 1, narrow ? 4 : 8]);
  const displacement = [0, random.below(4) * 64, random.below(4096) * 16][random.below(3)]!;
  if (iced.memoryDisplSize > 0)
    iced.memoryDisplacement = BigInt(iced.memoryDisplSize === 1 ? displacement & 0x7f : displacement);
};

function orMemory(inRegister: Fill): Fill {
  return (iced, index, random) => (random.oneIn(3) ? inRegister : memory)(iced, index, random);
}

function immediate(iced: IcedInstruction, index: number, random: Random): void {
  iced.setOpKind(index, OpKind.Immediate8);
  iced.immediate8 = random.below(256);
}

/** EXTRQ and INSERTQ have two. */
const secondImmediate: Fill = (iced, index, random) => {
  const second = index > 0 && iced.opKind(index - 1) === OpKind.Immediate8;
  if (second) {
    iced.setOpKind(index, OpKind.Immediate8_2nd);
    iced.immediate8_2nd = random.below(256);
  } else {
    immediate(iced, index, random);
  }
};

const implied: Fill = (iced, index, random) =>
  iced.setOpKind(index, random.oneIn(4) ? OpKind.MemorySegEDI : OpKind.MemorySegRDI);

const r32 = register(Register.EAX, 16);
const r64 = register(Register.RAX, 16);
const mask = register(Register.K0, 8);
const mm = register(Register.MM0, 8);
const [xmm, ymm, zmm] = [vector(Register.XMM0), vector(Register.YMM0), vector(Register.ZMM0)];

// prettier-ignore
const OPERANDS: Partial<Record<K, Fill>> = {
  [K.mem]: memory, [K.r32_or_mem]: orMemory(r32), [K.r64_or_mem]: orMemory(r64), [K.mm_or_mem]: orMemory(mm),
  [K.xmm_or_mem]: orMemory(xmm), [K.ymm_or_mem]: orMemory(ymm), [K.zmm_or_mem]: orMemory(zmm), [K.k_or_mem]: orMemory(mask),
  [K.r16_reg]: register(Register.AX, 16), [K.r16_rm]: register(Register.AX, 16), [K.r32_reg]: r32, [K.r32_rm]: r32, [K.r32_vvvv]: r32,
  [K.r64_reg]: r64, [K.r64_rm]: r64, [K.r64_vvvv]: r64, [K.r32_reg_mem]: orMemory(r32), [K.r64_reg_mem]: orMemory(r64),
  [K.k_reg]: mask, [K.kp1_reg]: mask, [K.k_rm]: mask, [K.k_vvvv]: mask, [K.mm_reg]: mm, [K.mm_rm]: mm,
  [K.xmm_reg]: xmm, [K.xmm_rm]: xmm, [K.xmm_vvvv]: xmm, [K.xmmp3_vvvv]: xmm, [K.xmm_is4]: xmm, [K.xmm_is5]: xmm,
  [K.ymm_reg]: ymm, [K.ymm_rm]: ymm, [K.ymm_vvvv]: ymm, [K.ymm_is4]: ymm, [K.ymm_is5]: ymm,
  [K.zmm_reg]: zmm, [K.zmm_rm]: zmm, [K.zmm_vvvv]: zmm, [K.zmmp3_vvvv]: zmm,
  [K.ax]: register(Register.AX, 1), [K.eax]: register(Register.EAX, 1), [K.rax]: register(Register.RAX, 1),
  [K.st0]: register(Register.ST0, 1), [K.sti_opcode]: register(Register.ST0, 8),
  [K.imm8]: secondImmediate, [K.imm4_m2z]: immediate, [K.seg_rDI]: implied,
};
