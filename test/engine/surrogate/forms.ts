/**
 * Every form that iced knows of an instruction that the surrogate executes, with random operands. Registers are few, so
 * that operands often share one; memory operands take every addressing form.
 */
import {
  Code,
  CodeExt,
  CpuidFeature,
  Instruction as IcedInstruction,
  type OpCodeInfo,
  OpCodeOperandKind as K,
  OpKind,
  Register,
  RoundingControl,
} from 'iced-x86';
import { decode } from '../../../src/emulator/decode/decode';
import { lift } from '../../../src/emulator/families';
import { type Instruction } from '../../../src/emulator/decode/instruction';
import { type Random } from '../../../src/emulator/oracle/random';
import { refusalOf } from '../../../src/emulator/decode/refusal';
import { planOf, type SurrogatePlan } from '../../../src/emulator/surrogate/plan';
import { type Fill, inMemory, inRegister, type Operands, randomBytes, registersFrom } from '../../emulator/formMaker';
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

/**
 * All forms of 64-bit mode but those whose results can't be compared. Whether the surrogate executes them shows in a
 * subject.
 */
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

/** `undefined` for forms that are emulated or refused. */
export function randomSubject(form: Form, random: Random): Subject | undefined {
  for (let attempt = 0; attempt < 50; attempt++) {
    const address = NativeLayout.code + 0x800 + random.below(0x800);
    const bytes = randomBytes(form.code, random, BigInt(address), OPERANDS, (iced, info) =>
      decorate(iced, info, random),
    );
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

const MASKS = registersFrom(Register.K1, 7);

/** Masks, broadcasts and roundings, as far as the form has them. */
function decorate(iced: IcedInstruction, info: OpCodeInfo, random: Random): void {
  const hasMemory = iced.op0Kind === OpKind.Memory || iced.op1Kind === OpKind.Memory || iced.op2Kind === OpKind.Memory;
  if (info.requireOpMaskRegister || (info.canUseOpMaskRegister && random.oneIn(2))) {
    iced.opMask = random.pick(MASKS);
    iced.zeroingMasking = info.canUseZeroingMasking && iced.op0Kind !== OpKind.Memory && random.oneIn(2);
  }
  if (hasMemory) iced.isBroadcast = info.canBroadcast && random.oneIn(2);
  else if (info.canUseRoundingControl && random.oneIn(2)) iced.roundingControl = random.pick(ROUNDINGS);
  else if (info.canSuppressAllExceptions && random.oneIn(2)) iced.suppressAllExceptions = true;
}

const ROUNDINGS = [
  RoundingControl.RoundToNearest,
  RoundingControl.RoundDown,
  RoundingControl.RoundUp,
  RoundingControl.RoundTowardZero,
];

/** Registers whose numbers need no, one or two more bits. */
function vector(first: Register): Fill {
  const all = registersFrom(first, 32);
  return inRegister([0, 1, 2, 3, 9, 15, 17, 30].map((number) => all[number]!));
}

const SEGMENTS = [Register.None, Register.None, Register.None, Register.GS, Register.ES];

const memory = inMemory({
  segments: SEGMENTS,
  somewhere: (random) => BigInt(NativeLayout.data + 16 * (0x20 + random.below(0x380))),
  displacement: (random, bytes) => {
    const displacement = [0, random.below(4) * 64, random.below(4096) * 16][random.below(3)]!;
    return BigInt(bytes === 1 ? displacement & 0x7f : displacement);
  },
});

function orMemory(register: Fill): Fill {
  return (iced, index, random, address) => (random.oneIn(3) ? register : memory)(iced, index, random, address);
}

const immediate: Fill = (iced, index, random) => {
  iced.setOpKind(index, OpKind.Immediate8);
  iced.immediate8 = random.below(256);
};

/** EXTRQ and INSERTQ have two. */
const secondImmediate: Fill = (iced, index, random, address) => {
  const second = index > 0 && iced.opKind(index - 1) === OpKind.Immediate8;
  if (second) {
    iced.setOpKind(index, OpKind.Immediate8_2nd);
    iced.immediate8_2nd = random.below(256);
  } else {
    immediate(iced, index, random, address);
  }
};

const implied: Fill = (iced, index, random) =>
  iced.setOpKind(index, random.oneIn(4) ? OpKind.MemorySegEDI : OpKind.MemorySegRDI);

const r32 = inRegister(registersFrom(Register.EAX, 16));
const r64 = inRegister(registersFrom(Register.RAX, 16));
const mask = inRegister(registersFrom(Register.K0, 8));
const mm = inRegister(registersFrom(Register.MM0, 8));
const [xmm, ymm, zmm] = [vector(Register.XMM0), vector(Register.YMM0), vector(Register.ZMM0)];

// prettier-ignore
const OPERANDS: Operands = {
  [K.mem]: memory, [K.r32_or_mem]: orMemory(r32), [K.r64_or_mem]: orMemory(r64), [K.mm_or_mem]: orMemory(mm),
  [K.xmm_or_mem]: orMemory(xmm), [K.ymm_or_mem]: orMemory(ymm), [K.zmm_or_mem]: orMemory(zmm), [K.k_or_mem]: orMemory(mask),
  [K.r16_reg]: inRegister(registersFrom(Register.AX, 16)), [K.r16_rm]: inRegister(registersFrom(Register.AX, 16)), [K.r32_reg]: r32, [K.r32_rm]: r32, [K.r32_vvvv]: r32,
  [K.r64_reg]: r64, [K.r64_rm]: r64, [K.r64_vvvv]: r64, [K.r32_reg_mem]: orMemory(r32), [K.r64_reg_mem]: orMemory(r64),
  [K.k_reg]: mask, [K.kp1_reg]: mask, [K.k_rm]: mask, [K.k_vvvv]: mask, [K.mm_reg]: mm, [K.mm_rm]: mm,
  [K.xmm_reg]: xmm, [K.xmm_rm]: xmm, [K.xmm_vvvv]: xmm, [K.xmmp3_vvvv]: xmm, [K.xmm_is4]: xmm, [K.xmm_is5]: xmm,
  [K.ymm_reg]: ymm, [K.ymm_rm]: ymm, [K.ymm_vvvv]: ymm, [K.ymm_is4]: ymm, [K.ymm_is5]: ymm,
  [K.zmm_reg]: zmm, [K.zmm_rm]: zmm, [K.zmm_vvvv]: zmm, [K.zmmp3_vvvv]: zmm,
  [K.ax]: inRegister(registersFrom(Register.AX, 1)), [K.eax]: inRegister(registersFrom(Register.EAX, 1)), [K.rax]: inRegister(registersFrom(Register.RAX, 1)),
  [K.st0]: inRegister(registersFrom(Register.ST0, 1)), [K.sti_opcode]: inRegister(registersFrom(Register.ST0, 8)),
  [K.imm8]: secondImmediate, [K.imm4_m2z]: immediate, [K.seg_rDI]: implied,
};
