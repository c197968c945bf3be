/**
 * Every form that iced knows of an instruction in 64-bit mode, with random operands: so that none is forgotten, and
 * every register, addressing form and width gets its turn.
 */
import { Code, CodeExt, Mnemonic, OpCodeOperandKind as K, OpKind, Register } from 'iced-x86';
import { decode } from '../../src/emulator/decode/decode';
import { lift } from '../../src/emulator/families';
import { Layout } from '../../src/emulator/oracle/program';
import { type Random } from '../../src/emulator/oracle/random';
import { type Subject } from '../../src/emulator/oracle/verify';
import { refusalOf } from '../../src/emulator/decode/refusal';
import { type Fill, inMemory, inRegister, type Operands, randomBytes, registersFrom } from './formMaker';

const MNEMONIC_NUMBERS = new Map(
  Object.entries(Mnemonic).map(([name, number]) => [name.toLowerCase(), number as Mnemonic]),
);

/**
 * How much the two checks of all forms try: each form several times, with other operands, and from how many states each
 * time.
 */
export const EFFECTS_CHECK = { seed: 7, subjectsPerForm: 12 };
export const CPU_CHECK = { seed: 20240229, subjectsPerForm: 8, states: 25 };

/** Some instructions of every form of these mnemonics. Throws for a mnemonic without forms. */
export function subjectsOf(mnemonics: readonly string[], perForm: number, random: Random): Subject[] {
  return mnemonics.flatMap((mnemonic) => {
    const subjects: Subject[] = [];
    for (const code of codesOf(mnemonic)) {
      for (let count = 0; count < perForm; count++) {
        const subject = randomSubject(code, random);
        if (subject !== undefined) subjects.push(subject);
      }
    }
    if (subjects.length === 0) throw new Error(`${mnemonic} has no form`);
    return subjects;
  });
}

/** Codes of a mnemonic that 64-bit mode has, on processors of all vendors. */
export function codesOf(mnemonic: string): readonly Code[] {
  return CODES_BY_MNEMONIC.get(MNEMONIC_NUMBERS.get(mnemonic)!) ?? [];
}

const CODES_BY_MNEMONIC = codesByMnemonic();

function codesByMnemonic(): ReadonlyMap<Mnemonic, Code[]> {
  const codes = new Map<Mnemonic, Code[]>();
  for (const name of Object.keys(Code)) {
    const code = Code[name as keyof typeof Code];
    if (typeof code !== 'number') continue;
    const info = CodeExt.opCode(code);
    // The KNC forms are those of a coprocessor (Knights Corner).
    if (info.intelDecoder64 && info.isInstruction && !name.includes('KNC'))
      codes.set(info.mnemonic, [...(codes.get(info.mnemonic) ?? []), code]);
    info.free();
  }
  return codes;
}

/**
 * An instruction of this form with random operands, at a random place in the scratch program's code; `undefined` for
 * forms with operands that are not general-purpose, or that are refused.
 */
function randomSubject(code: Code, random: Random): Subject | undefined {
  const placed = randomPlaced(code, random, false);
  if (placed === undefined || refusalOf(placed.instruction) !== undefined) return undefined;
  const operations = lift(placed.instruction);
  return operations && { ...placed, operations };
}

/** The same with LOCK, or with memory where that is as good; `undefined` for forms that have no such variant. */
export function randomAtomic(code: Code, random: Random): Omit<Subject, 'operations'> | undefined {
  const info = CodeExt.opCode(code);
  const lockable = info.canUseLockPrefix;
  info.free();
  if (!lockable) return undefined;
  for (let attempt = 0; attempt < 50; attempt++) {
    const placed = randomPlaced(code, random, true);
    if (placed?.instruction.operands.some(({ kind }) => kind === 'memory')) return placed;
  }
  throw new Error(`${Code[code]} has no form with memory`);
}

function randomPlaced(code: Code, random: Random, locked: boolean): Omit<Subject, 'operations'> | undefined {
  for (let attempt = 0; attempt < 50; attempt++) {
    const address = Layout.code + 0x800 + random.below(0x800);
    const bytes = randomBytes(code, random, BigInt(address), OPERANDS, (iced, info) => {
      iced.hasLockPrefix = locked && iced.op0Kind === OpKind.Memory;
      if (info.canUseRepPrefix && random.oneIn(2)) iced.hasRepPrefix = true;
      if (info.canUseRepnePrefix && !iced.hasRepPrefix && random.oneIn(2)) iced.hasRepnePrefix = true;
    });
    if (bytes === 'impossible') return undefined;
    const instruction = bytes && decode(bytes, BigInt(address));
    if (instruction?.code === Code[code]) return { bytes: bytes!, address, instruction };
  }
  throw new Error(`${Code[code]} can't be encoded`);
}

function fixed(register: Register): Fill {
  return inRegister([register]);
}

function orMemory(register: Fill): Fill {
  return (iced, index, random, address) => (random.oneIn(3) ? register : memory)(iced, index, random, address);
}

function immediate(kind: OpKind, bits: number): Fill {
  return (iced, index, random) => {
    const value = BigInt.asIntN(bits, random.word());
    // ENTER is the one with two constants.
    if (index === 1 && iced.op0Kind === OpKind.Immediate16) {
      iced.setOpKind(index, OpKind.Immediate8_2nd);
      // Its lowest nesting levels are cases of their own.
      iced.immediate8_2nd = random.oneIn(2) ? random.below(3) : Number(BigInt.asUintN(8, value));
    } else {
      iced.setOpKind(index, kind);
      // The size of ENTER's frame: a small one stays on the page.
      iced.setImmediateI64(
        index,
        index === 0 && kind === OpKind.Immediate16 && !random.oneIn(4) ? value & 0xffn : value,
      );
    }
  };
}

/** Near the code, but after the bytes of the instruction: elsewhere there is nothing to execute. */
const branch: Fill = (iced, index, random, address) => {
  iced.setOpKind(index, OpKind.NearBranch64);
  const distance = BigInt(20 + random.below(60));
  iced.nearBranch64 = address + (random.oneIn(2) ? distance : -distance - 15n);
};

const SEGMENTS = [Register.None, Register.None, Register.None, Register.FS, Register.GS, Register.ES, Register.CS];

const SEGMENT_BASES: ReadonlyMap<Register, number> = new Map([
  [Register.FS, Layout.fsBase],
  [Register.GS, Layout.gsBase],
]);

function inData(random: Random): number {
  return Layout.data + 0x200 + random.below(Layout.dataBytes - 0x400);
}

const memory = inMemory({
  segments: SEGMENTS,
  somewhere: (random, segment) => BigInt(inData(random) - (SEGMENT_BASES.get(segment) ?? 0)),
  displacement: (random, bytes) => {
    if (bytes === 1) return BigInt(random.below(256) - 128);
    const wide = BigInt(random.u32() | 0);
    return random.oneIn(2) ? wide % 4096n : wide;
  },
});

/** An absolute address of 64 bits in the instruction itself. */
const memoryOffset: Fill = (iced, index, random) => {
  iced.setOpKind(index, OpKind.Memory);
  iced.memoryDisplacement = BigInt(inData(random));
  iced.memoryDisplSize = random.oneIn(2) ? 4 : 8;
};

const translationTable: Fill = (iced, index, random) => {
  iced.setOpKind(index, OpKind.Memory);
  iced.memoryBase = random.oneIn(4) ? Register.EBX : Register.RBX;
  iced.memoryIndex = Register.AL;
  iced.segmentPrefix = random.pick(SEGMENTS);
};

function stringOperand(narrow: OpKind, wide: OpKind): Fill {
  return (iced, index, random) => {
    // Both operands of one instruction have the same address size.
    const other = index === 1 ? iced.op0Kind : undefined;
    const choice = other === undefined ? random.oneIn(4) : NARROW_STRING_KINDS.has(other);
    iced.setOpKind(index, choice ? narrow : wide);
    if (narrow === OpKind.MemorySegESI) iced.segmentPrefix = random.pick(SEGMENTS);
  };
}

const NARROW_STRING_KINDS: ReadonlySet<OpKind> = new Set([OpKind.MemorySegESI, OpKind.MemoryESEDI]);

const r8 = inRegister(registersFrom(Register.AL, 20));
const r16 = inRegister(registersFrom(Register.AX, 16));
const r32 = inRegister(registersFrom(Register.EAX, 16));
const r64 = inRegister(registersFrom(Register.RAX, 16));

// prettier-ignore
const OPERANDS: Operands = {
  [K.mem]: memory, [K.mem_offs]: memoryOffset,
  [K.r8_or_mem]: orMemory(r8), [K.r16_or_mem]: orMemory(r16), [K.r32_or_mem]: orMemory(r32),
  [K.r64_or_mem]: orMemory(r64),
  [K.r8_reg]: r8, [K.r8_opcode]: r8, [K.r16_reg]: r16, [K.r16_rm]: r16, [K.r16_opcode]: r16, [K.r32_reg]: r32, [K.r32_rm]: r32,
  [K.r32_opcode]: r32, [K.r32_vvvv]: r32, [K.r64_reg]: r64, [K.r64_rm]: r64, [K.r64_opcode]: r64, [K.r64_vvvv]: r64,
  [K.al]: fixed(Register.AL), [K.cl]: fixed(Register.CL), [K.ax]: fixed(Register.AX), [K.dx]: fixed(Register.DX),
  [K.eax]: fixed(Register.EAX), [K.rax]: fixed(Register.RAX),
  [K.seg_reg]: inRegister(registersFrom(Register.ES, 6)), [K.fs]: fixed(Register.FS), [K.gs]: fixed(Register.GS),
  [K.imm8]: immediate(OpKind.Immediate8, 8), [K.imm16]: immediate(OpKind.Immediate16, 16), [K.imm32]: immediate(OpKind.Immediate32, 32),
  [K.imm64]: immediate(OpKind.Immediate64, 64), [K.imm8sex16]: immediate(OpKind.Immediate8to16, 8),
  [K.imm8sex32]: immediate(OpKind.Immediate8to32, 8), [K.imm8sex64]: immediate(OpKind.Immediate8to64, 8),
  [K.imm32sex64]: immediate(OpKind.Immediate32to64, 32),
  [K.imm8_const_1]: (iced, index) => { iced.setOpKind(index, OpKind.Immediate8); iced.immediate8 = 1; },
  [K.br64_1]: branch, [K.br64_4]: branch,
  [K.seg_rSI]: stringOperand(OpKind.MemorySegESI, OpKind.MemorySegRSI), [K.es_rDI]: stringOperand(OpKind.MemoryESEDI, OpKind.MemoryESRDI),
  [K.seg_rBX_al]: translationTable,
};
