/**
 * The instructions that can be another's twin: atomic ones whose operand is where a register points, in any encoding.
 */
import { decode } from '../decode/decode';
import { type Instruction } from '../decode/instruction';
import { type GeneralRegister } from '../machine/registers';

/** A form to look for in a program's text. */
export interface TwinForm {
  readonly mnemonic: string;
  /** Of the operand in memory, in bits. */
  readonly width: 8 | 16 | 32 | 64 | 128;
}

/** An instruction of a {@link TwinForm}. */
export interface TwinCode {
  /** In bytes. */
  readonly length: number;
  /** Its operand lies at this register plus the displacement, and nothing else. */
  readonly base: GeneralRegister;
  readonly displacement: number;
  /** `undefined` if the source is not an operand (cmpxchg8b). */
  readonly source: GeneralRegister | undefined;
}

/** One name for equal forms. */
export function formName({ mnemonic, width }: TwinForm): string {
  return `${mnemonic} ${width}`;
}

/** Registers that these instructions use in addition to their operands. */
const IMPLICIT: Readonly<Record<string, readonly GeneralRegister[]>> = {
  cmpxchg: ['rax'],
  cmpxchg8b: ['rax', 'rbx', 'rcx', 'rdx'],
  cmpxchg16b: ['rax', 'rbx', 'rcx', 'rdx'],
};

/** The first instruction of `bytes` as a twin; `undefined` if it can't be one. */
export function twinCodeOf(bytes: Uint8Array): { readonly form: TwinForm; readonly code: TwinCode } | undefined {
  const instruction = decode(bytes, 0n);
  if (instruction === undefined || instruction.repeat !== undefined) return undefined;
  const { mnemonic, lock, length, operands } = instruction;
  const memory = operands[0]?.kind === 'memory' ? operands[0] : undefined;
  if (memory === undefined || !isTwinWidth(memory.width) || !(lock || mnemonic === 'xchg')) return undefined;
  const { base, displacement, addressSize } = memory;
  if (base === undefined || base === 'rip' || base === 'rsp' || addressSize !== 64) return undefined;
  if (memory.index !== undefined || memory.segment !== undefined) return undefined;
  const source = sourceOf(instruction, memory.width);
  if (source === 'unfit') return undefined;
  const implicit = IMPLICIT[mnemonic] ?? [];
  if (base === source || implicit.includes(base) || (source !== undefined && implicit.includes(source))) {
    return undefined;
  }
  return {
    form: { mnemonic, width: memory.width },
    code: { length, base, displacement: Number(displacement), source },
  };
}

function sourceOf({ operands }: Instruction, width: number): GeneralRegister | undefined | 'unfit' {
  if (operands.length === 1) return undefined;
  const source = operands[1];
  const fits = source?.kind === 'register' && source.width === width && !source.high && source.register !== 'rsp';
  return fits && operands.length === 2 ? source.register : 'unfit';
}

function isTwinWidth(width: number): width is TwinForm['width'] {
  return width === 8 || width === 16 || width === 32 || width === 64 || width === 128;
}
