/**
 * DWARF expressions (DWARF 5 §2.5, §7.7.1) taken apart into operations with their operands. What they mean is
 * `symbols`' matter.
 */
import { ByteReader } from '../../base/byteReader';
import { OP } from './constants';
import { readOffset } from './initialLength';
import { type Unit } from './unit';

export interface Operation {
  /** DW_OP_*; the numbered families (lit, reg, breg) as `lit0`, `reg0`, `breg0` with the number as first operand. */
  readonly opcode: number;
  /** Operands in order; blocks are in `block`. Those of bra and skip: the number of the operation that they lead to. */
  readonly operands: readonly bigint[];
  readonly block: Uint8Array | undefined;
}

type Operand =
  | 'u8'
  | 's8'
  | 'u16'
  | 's16'
  | 'u32'
  | 's32'
  | 'u64'
  | 's64'
  | 'uleb'
  | 'sleb'
  | 'offset'
  | 'refAddr'
  | 'block'
  | 'block8';

const OPERANDS = new Map<number, readonly Operand[]>([
  [OP.addr, ['u64']],
  [OP.const1u, ['u8']],
  [OP.const1s, ['s8']],
  [OP.const2u, ['u16']],
  [OP.const2s, ['s16']],
  [OP.const4u, ['u32']],
  [OP.const4s, ['s32']],
  [OP.const8u, ['u64']],
  [OP.const8s, ['s64']],
  [OP.constu, ['uleb']],
  [OP.consts, ['sleb']],
  [OP.pick, ['u8']],
  [OP.plus_uconst, ['uleb']],
  [OP.bra, ['s16']],
  [OP.skip, ['s16']],
  [OP.breg0, ['sleb']],
  [OP.regx, ['uleb']],
  [OP.fbreg, ['sleb']],
  [OP.bregx, ['uleb', 'sleb']],
  [OP.piece, ['uleb']],
  [OP.deref_size, ['u8']],
  [OP.xderef_size, ['u8']],
  [OP.call2, ['u16']],
  [OP.call4, ['u32']],
  [OP.call_ref, ['refAddr']],
  [OP.bit_piece, ['uleb', 'uleb']],
  [OP.implicit_value, ['block']],
  [OP.implicit_pointer, ['refAddr', 'sleb']],
  [OP.addrx, ['uleb']],
  [OP.constx, ['uleb']],
  [OP.entry_value, ['block']],
  [OP.const_type, ['uleb', 'block8']],
  [OP.regval_type, ['uleb', 'uleb']],
  [OP.deref_type, ['u8', 'uleb']],
  [OP.xderef_type, ['u8', 'uleb']],
  [OP.convert, ['uleb']],
  [OP.reinterpret, ['uleb']],
  [OP.GNU_implicit_pointer, ['refAddr', 'sleb']],
  [OP.GNU_entry_value, ['block']],
  [OP.GNU_const_type, ['uleb', 'block8']],
  [OP.GNU_regval_type, ['uleb', 'uleb']],
  [OP.GNU_deref_type, ['u8', 'uleb']],
  [OP.GNU_convert, ['uleb']],
  [OP.GNU_reinterpret, ['uleb']],
  [OP.GNU_parameter_ref, ['u32']],
  [OP.GNU_addr_index, ['uleb']],
  [OP.GNU_const_index, ['uleb']],
  [OP.GNU_variable_value, ['offset']],
]);

/** GNU operations that DWARF 5 took over under another number. */
const STANDARD = new Map<number, number>([
  [OP.GNU_push_tls_address, OP.form_tls_address],
  [OP.GNU_implicit_pointer, OP.implicit_pointer],
  [OP.GNU_entry_value, OP.entry_value],
  [OP.GNU_const_type, OP.const_type],
  [OP.GNU_regval_type, OP.regval_type],
  [OP.GNU_deref_type, OP.deref_type],
  [OP.GNU_convert, OP.convert],
  [OP.GNU_reinterpret, OP.reinterpret],
  [OP.GNU_addr_index, OP.addrx],
  [OP.GNU_const_index, OP.constx],
]);

const FAMILIES = [
  { first: OP.lit0, last: OP.lit31 },
  { first: OP.reg0, last: OP.reg31 },
  { first: OP.breg0, last: OP.breg31 },
];

const JUMPS: ReadonlySet<number> = new Set([OP.bra, OP.skip]);

/** Operations of one expression; compilers write a few dozen. */
const MAX_OPERATIONS = 10_000;

/** The operations of `expression`, GNU ones under their standard numbers. `unit` gives the width of offsets. */
export function readOperations(expression: Uint8Array, unit: Unit | undefined): Operation[] {
  const reader = new ByteReader(expression, {
    section: 'an expression',
    ...(unit && { file: unit.file.path }),
  });
  const operations: Operation[] = [];
  /** Where each operation starts, and the jumps, by the number of their operation. */
  const starts: number[] = [];
  const jumps = new Map<number, number>();
  while (!reader.atEnd) {
    if (operations.length === MAX_OPERATIONS) throw reader.malformed('it has too many operations');
    starts.push(reader.offset);
    const code = reader.u8();
    const family = FAMILIES.find(({ first, last }) => code >= first && code <= last);
    const opcode = family ? family.first : code;
    const operands: bigint[] = family ? [BigInt(code - family.first)] : [];
    let block: Uint8Array | undefined;
    for (const operand of OPERANDS.get(opcode) ?? []) {
      if (operand === 'block') block = reader.bytes(reader.uleb());
      else if (operand === 'block8') block = reader.bytes(reader.u8());
      else operands.push(readOperand(reader, operand, unit));
    }
    if (JUMPS.has(opcode)) jumps.set(operations.length, reader.offset + Number(operands[0]));
    operations.push({ opcode: STANDARD.get(opcode) ?? opcode, operands, block });
  }
  if (jumps.size === 0) return operations;
  const numbers = new Map([...starts, reader.end].map((start, number) => [start, number]));
  return operations.map((operation, number) => {
    const target = jumps.get(number);
    if (target === undefined) return operation;
    const led = numbers.get(target);
    if (led === undefined) throw reader.malformed('a branch leads to no operation', starts[number]);
    return { ...operation, operands: [BigInt(led)] };
  });
}

function readOperand(
  reader: ByteReader,
  operand: Exclude<Operand, 'block' | 'block8'>,
  unit: Unit | undefined,
): bigint {
  switch (operand) {
    case 'u8':
      return BigInt(reader.u8());
    case 's8':
      return BigInt(reader.i8());
    case 'u16':
      return BigInt(reader.u16());
    case 's16':
      return BigInt(reader.i16());
    case 'u32':
      return BigInt(reader.u32());
    case 's32':
      return BigInt(reader.i32());
    case 'u64':
      return reader.u64();
    case 's64':
      return reader.i64();
    case 'uleb':
      return reader.uleb64();
    case 'sleb':
      return reader.sleb64();
    case 'offset':
      return BigInt(readOffset(reader, unit?.header.offsetSize ?? 4));
    case 'refAddr':
      return unit && unit.header.version <= 2 ? reader.u64() : BigInt(readOffset(reader, unit?.header.offsetSize ?? 4));
  }
}
