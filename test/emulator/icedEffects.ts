/** What an instruction reads and writes by its micro-operations, and by iced's tables. */
import { isDeepStrictEqual } from 'node:util';
import {
  Decoder,
  InstructionInfoFactory,
  MemorySizeExt,
  OpAccess,
  type Register,
  RegisterExt,
  RflagsBits,
  type UsedMemory,
  type UsedRegister,
} from 'iced-x86';
import { disassemble } from '../../src/emulator/decode/decode';
import { type Effects, effectsOf } from '../../src/emulator/ir/effects';
import { liftedMnemonics } from '../../src/emulator/families';
import { type Subject } from '../../src/emulator/oracle/verify';
import { FLAGS, GENERAL_REGISTERS } from '../../src/emulator/machine/registers';

const READS: ReadonlySet<OpAccess> = new Set([
  OpAccess.Read,
  OpAccess.CondRead,
  OpAccess.ReadWrite,
  OpAccess.ReadCondWrite,
]);
const WRITES: ReadonlySet<OpAccess> = new Set([
  OpAccess.Write,
  OpAccess.CondWrite,
  OpAccess.ReadWrite,
  OpAccess.ReadCondWrite,
]);

/** In words that can be compared: sorted lists. */
interface Summary {
  readonly registersRead: readonly string[];
  readonly registersWritten: readonly string[];
  readonly flagsRead: readonly string[];
  readonly flagsWritten: readonly string[];
  readonly flagsUndefined: readonly string[];
  readonly loads: readonly number[];
  readonly stores: readonly number[];
}

function ours(effects: Effects): Summary {
  return {
    registersRead: [...effects.registersRead].sort(),
    registersWritten: [...effects.registersWritten].sort(),
    flagsRead: [...effects.flagsRead].sort(),
    flagsWritten: [...effects.flagsWritten].filter((flag) => !effects.flagsUndefined.has(flag)).sort(),
    flagsUndefined: [...effects.flagsUndefined].sort(),
    loads: effects.loads.map(({ bytes }) => bytes).sort(),
    stores: effects.stores.map(({ bytes }) => bytes).sort(),
  };
}

const factory = new InstructionInfoFactory();

function iceds({ bytes, address }: Subject): Summary {
  const decoder = new Decoder(64, bytes, 0);
  decoder.ip = BigInt(address);
  const iced = decoder.decode();
  const info = factory.info(iced);
  const registers = (info.usedRegisters() as UsedRegister[]).map(({ register, access }) => ({
    name: general(register),
    access,
  }));
  const memory = (info.usedMemory() as UsedMemory[]).map((used) => ({
    bytes: MemorySizeExt.size(used.memorySize),
    access: used.access,
  }));
  const named = (accesses: ReadonlySet<OpAccess>) =>
    [...new Set(registers.filter(({ access }) => accesses.has(access)).flatMap(({ name }) => name ?? []))].sort();
  const sizes = (accesses: ReadonlySet<OpAccess>) =>
    memory
      .filter(({ access }) => accesses.has(access))
      .map((used) => used.bytes)
      .sort();
  const summary = {
    registersRead: named(READS),
    registersWritten: named(WRITES),
    flagsRead: flags(iced.rflagsRead),
    flagsWritten: flags(iced.rflagsWritten | iced.rflagsCleared | iced.rflagsSet),
    flagsUndefined: flags(iced.rflagsUndefined),
    loads: sizes(READS),
    stores: sizes(WRITES),
  };
  for (const object of [decoder, iced, info]) object.free();
  return summary;
}

function general(register: Register): string | undefined {
  return RegisterExt.isGPR(register)
    ? GENERAL_REGISTERS[RegisterExt.number(RegisterExt.fullRegister(register))]
    : undefined;
}

function flags(mask: number): string[] {
  return FLAGS.filter((flag) => (mask & RflagsBits[flag]) !== 0).sort();
}

/** Where iced's tables and ours differ on purpose. */
const EXCEPTIONS: readonly {
  readonly mnemonics: readonly string[];
  readonly fields: readonly (keyof Summary)[];
  readonly applies?: (subject: Subject) => boolean;
  readonly why: string;
}[] = [
  {
    mnemonics: ['xor', 'sub'],
    fields: ['registersRead'],
    applies: ({ instruction: { operands } }) => isDeepStrictEqual(operands[0], operands[1]),
    why: 'iced knows the idioms that clear a register',
  },
  {
    mnemonics: ['prefetch', 'prefetchw', 'prefetchnta', 'prefetcht0', 'prefetcht1', 'prefetcht2', 'prefetchwt1'],
    fields: ['registersRead'],
    why: 'an address that nothing is loaded from needs no computing',
  },
  {
    mnemonics: ['rcl', 'rcr'],
    fields: ['flagsRead', 'flagsWritten', 'flagsUndefined'],
    applies: ({ instruction }) => instruction.operands[1]?.kind === 'immediate',
    why: 'iced reduces a constant count modulo 9 before it decides about OF; the manual does not',
  },
  {
    mnemonics: ['enter'],
    fields: ['loads', 'stores'],
    why: 'what iced lists one by one is one block here, and the new top of the stack is touched',
  },
  {
    mnemonics: liftedMnemonics()['strings'] ?? [],
    fields: ['loads', 'stores'],
    applies: ({ instruction }) => instruction.repeat !== undefined,
    why: 'iced does not know how much a repetition accesses; here it is one round',
  },
  {
    mnemonics: ['pushf', 'pushfq', 'popf', 'popfq'],
    fields: ['flagsRead'],
    why: 'RFLAGS is read whole, by POPF to see which bits change',
  },
];

function isExpected(subject: Subject, field: keyof Summary): boolean {
  return EXCEPTIONS.some(
    ({ mnemonics, fields, applies }) =>
      mnemonics.includes(subject.instruction.mnemonic) && fields.includes(field) && (applies?.(subject) ?? true),
  );
}

export interface EffectDifference {
  /** The field and the instruction. */
  readonly what: string;
  readonly actual: readonly (string | number)[];
  readonly expected: readonly (string | number)[];
}

/** Where the micro-operations differ from iced's tables, but for the exceptions. */
export function effectDifferences(subject: Subject): readonly EffectDifference[] {
  const [actual, expected] = [ours(effectsOf(subject.operations)), iceds(subject)];
  return (Object.keys(expected) as (keyof Summary)[])
    .filter((field) => !isExpected(subject, field) && !isDeepStrictEqual(actual[field], expected[field]))
    .map((field) => ({
      what: `${field} of ${disassemble(subject.bytes, BigInt(subject.address))}`,
      actual: actual[field],
      expected: expected[field],
    }));
}
