/**
 * Instructions of real programs as subjects of {@link verify}. The scratch program has little memory, so an absolute or
 * relative address in the instruction is replaced; nothing else changes.
 */
import { constantFields, type ConstantField, decode } from '../decode/decode';
import { lift } from '../families';
import { type Instruction, type MemoryOperand } from '../decode/instruction';
import { refusalOf } from '../decode/refusal';
import { Layout } from './program';
import { type Random } from './random';
import { type Subject } from './verify';

/** Branches go nearby, but not to where the instruction's bytes are copied. */
const NEAREST_TARGET = 16;
const FARTHEST_TARGET = 100;

/** The first instruction of `bytes` at a random address of the scratch program; `undefined` if it is not lifted. */
export function subjectOf(bytes: Uint8Array, random: Random): Subject | undefined {
  const original = decode(bytes, 0n);
  if (original === undefined) return undefined;
  const address = Layout.code + 0x800 + random.below(0x800);
  const moved = move(bytes.slice(0, original.length), original, address, random);
  const instruction = decode(moved, BigInt(address));
  if (instruction === undefined || refusalOf(instruction) !== undefined) return undefined;
  const operations = lift(instruction);
  return operations === undefined ? undefined : { bytes: moved, address, instruction, operations };
}

function move(bytes: Uint8Array, { operands, length }: Instruction, address: number, random: Random): Uint8Array {
  const { displacement, immediate } = constantFields(bytes);
  for (const operand of operands) {
    if (operand.kind === 'target' && immediate !== undefined) {
      const distance = NEAREST_TARGET + random.below(FARTHEST_TARGET - NEAREST_TARGET);
      write(bytes, immediate, random.oneIn(2) ? distance : -distance - length);
    }
    if (operand.kind !== 'memory' || operand.index !== undefined || displacement === undefined) continue;
    const place = Layout.data + 0x200 + random.below(Layout.dataBytes - 0x400);
    const segment = segmentBase(operand);
    if (operand.base === 'rip') write(bytes, displacement, place - segment - address - length);
    else if (operand.base === undefined && !isData(segment + Number(operand.displacement))) {
      write(bytes, displacement, place - segment);
    }
  }
  return bytes;
}

function segmentBase({ segment }: MemoryOperand): number {
  return segment === undefined ? 0 : segment === 'fs' ? Layout.fsBase : Layout.gsBase;
}

function isData(address: number): boolean {
  return address >= Layout.data && address < Layout.constants;
}

function write(bytes: Uint8Array, { offset, size }: ConstantField, value: number): void {
  for (let index = 0; index < size; index++) {
    bytes[offset + index] = Number((BigInt(value) >> BigInt(8 * index)) & 0xffn);
  }
}
