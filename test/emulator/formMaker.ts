/**
 * Makes instructions of a form with random operands, by iced's encoder: what the forms of lifted instructions and those
 * for the surrogate have in common. Which operands, and where memory is, they say themselves.
 */
import {
  type Code,
  CodeExt,
  Encoder,
  Instruction as IcedInstruction,
  type OpCodeInfo,
  type OpCodeOperandKind,
  OpKind,
  Register,
} from 'iced-x86';
import { type Random } from '../../src/emulator/oracle/random';

/** Gives an operand of the instruction a value. `address`: where the instruction will lie. */
export type Fill = (iced: IcedInstruction, index: number, random: Random, address: bigint) => void;

export type Operands = Partial<Record<OpCodeOperandKind, Fill>>;

const encoder = new Encoder(64);

/**
 * `finish`: chooses prefixes and the like when the operands are there. `impossible` for forms with an operand that
 * `operands` has nothing for, undefined for a combination that has no encoding, such as AH with REX.
 */
export function randomBytes(
  code: Code,
  random: Random,
  address: bigint,
  operands: Operands,
  finish: (iced: IcedInstruction, info: OpCodeInfo) => void,
): Uint8Array | 'impossible' | undefined {
  const info = CodeExt.opCode(code);
  const iced = new IcedInstruction();
  try {
    iced.code = code;
    for (let index = 0; index < info.opCount; index++) {
      const fill = operands[info.opKind(index)];
      if (fill === undefined) return 'impossible';
      fill(iced, index, random, address);
    }
    finish(iced, info);
    encoder.encode(iced, address);
    return encoder.takeBuffer();
  } catch {
    encoder.takeBuffer();
    return undefined;
  } finally {
    iced.free();
    info.free();
  }
}

const REGISTERS = Object.values(Register).filter((value) => typeof value === 'number');

/** `count` registers in iced's order, which within one kind is that of their numbers. */
export function registersFrom(first: Register, count: number): readonly Register[] {
  const start = REGISTERS.indexOf(first);
  return REGISTERS.slice(start, start + count);
}

export function inRegister(choices: readonly Register[]): Fill {
  return (iced, index, random) => {
    iced.setOpKind(index, OpKind.Register);
    iced.setOpRegister(index, random.pick(choices));
  };
}

/** Where memory operands may be. */
export interface Surroundings {
  readonly segments: readonly Register[];
  /** An address in the segment where there is memory. */
  readonly somewhere: (random: Random, segment: Register) => bigint;
  /** What stands after registers, as a signed number of `bytes` bytes: 1, 4 or 8, of which only 4 count. */
  readonly displacement: (random: Random, bytes: number) => bigint;
}

const BASES_32 = registersFrom(Register.EAX, 16);
const BASES_64 = registersFrom(Register.RAX, 16);
const NO_INDEX: ReadonlySet<Register> = new Set([Register.ESP, Register.RSP]);

/** Every addressing form: relative to RIP, absolute, with base, index or both; with 32-bit addresses too. */
export function inMemory({ segments, somewhere, displacement }: Surroundings): Fill {
  return (iced, index, random) => {
    iced.setOpKind(index, OpKind.Memory);
    iced.segmentPrefix = random.pick(segments);
    const narrow = random.oneIn(5);
    const [bases, ip] = narrow ? [BASES_32, Register.EIP] : [BASES_64, Register.RIP];
    const [wide, width] = narrow ? [4, 32] : [8, 64];
    const form = random.below(12);
    if (form < 2) {
      if (form === 0) iced.memoryBase = ip;
      iced.memoryDisplacement = BigInt.asUintN(width, somewhere(random, iced.segmentPrefix));
      iced.memoryDisplSize = wide;
      return;
    }
    if (form > 2) iced.memoryBase = random.pick(bases);
    if (form < 7) {
      iced.memoryIndex = random.pick(bases.filter((register) => !NO_INDEX.has(register)));
      iced.memoryIndexScale = random.pick([1, 2, 4, 8]);
    }
    const size = iced.memoryBase === Register.None ? wide : random.pick([0, 1, wide]);
    iced.memoryDisplSize = size;
    if (size > 0) iced.memoryDisplacement = BigInt.asUintN(width, displacement(random, size));
  };
}
