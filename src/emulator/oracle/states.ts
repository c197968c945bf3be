/**
 * Random register states for an instruction: words at the edges of widths, and addresses mostly in mapped memory, at
 * its edges.
 */
import { type Instruction, type MemoryOperand } from '../decode/instruction';
import { FLAG_BITS, type GeneralRegister } from '../machine/registers';
import { Layout, SIGNAL_REGISTERS } from './program';
import { type Random } from './random';
import { type ScratchMemory } from './scratchMemory';

const RESERVED_ONE_AND_INTERRUPTS = 0x202n;
/** All but AC, which makes the thread itself check alignment. */
const RANDOM_FLAGS = Object.entries(FLAG_BITS)
  .filter(([name]) => name !== 'AC')
  .reduce((bits, [, number]) => bits | (1n << BigInt(number)), 0n);

const NUMBERS = Object.fromEntries(SIGNAL_REGISTERS.map((name, number) => [name, number])) as Record<
  GeneralRegister | 'rip' | 'eflags',
  number
>;

/** A pointer that no operand shows: where it points relative to a register. */
type Implied = Pick<MemoryOperand, 'base' | 'displacement'>;

const PUSHES: Implied = { base: 'rsp', displacement: -8n };
const POPS: Implied = { base: 'rsp', displacement: 0n };
const IMPLIED: Readonly<Record<string, Implied>> = {
  push: PUSHES,
  call: PUSHES,
  pushf: PUSHES,
  pushfq: PUSHES,
  enter: PUSHES,
  pop: POPS,
  ret: POPS,
  popf: POPS,
  popfq: POPS,
  leave: { base: 'rbp', displacement: 0n },
};

/** Instructions that only compute with an address, or do nothing with it. */
const NO_ACCESS: ReadonlySet<string> = new Set(['lea', 'nop', 'reservednop']);

export class StateSource {
  constructor(
    private readonly random: Random,
    private readonly memory: ScratchMemory,
  ) {}

  /** 18 registers in the order of {@link SIGNAL_REGISTERS}, before an instruction that lies at `address`. */
  next(instruction: Instruction, address: number): BigUint64Array {
    for (;;) {
      const registers = this.#any(instruction, address);
      // The kernel would treat it as the stack of a running handler, and not start at the stack's top.
      const onSignalStack = registers[NUMBERS.rsp]! >= Layout.variables && registers[NUMBERS.rsp]! <= Layout.batch;
      if (!onSignalStack) return registers;
    }
  }

  #any(instruction: Instruction, address: number): BigUint64Array {
    const { random } = this;
    const registers = new BigUint64Array(SIGNAL_REGISTERS.length);
    for (let number = 0; number < 16; number++) registers[number] = random.word();
    if (random.oneIn(4)) registers[random.below(16)] = registers[random.below(16)]!;
    // Repetitions that end within the data, or shortly after it.
    if (instruction.repeat !== undefined) {
      const upper = usesNarrowAddresses(instruction) ? random.u64() << 32n : 0n;
      registers[NUMBERS.rcx] = BigInt.asUintN(64, upper | BigInt(random.below(random.oneIn(8) ? 600 : 20)));
    }
    registers[NUMBERS.rip] = BigInt(address);
    registers[NUMBERS.eflags] = RESERVED_ONE_AND_INTERRUPTS | (random.u64() & RANDOM_FLAGS);
    if (!random.oneIn(8)) this.#aim(registers, instruction);
    return registers;
  }

  /** Points the instruction's operands at memory; if two need the same register, the first one gets it. */
  #aim(registers: BigUint64Array, instruction: Instruction): void {
    const pointers: MemoryOperand[] = [];
    const implied = IMPLIED[instruction.mnemonic];
    if (implied !== undefined) pointers.push({ ...PLAIN, ...implied });
    if (!NO_ACCESS.has(instruction.mnemonic)) {
      pointers.push(...instruction.operands.filter((operand) => operand.kind === 'memory'));
    }
    if (this.random.oneIn(2)) pointers.reverse();
    const taken = new Set<GeneralRegister>();
    for (const pointer of pointers) this.#aimOne(registers, instruction, pointer, taken);
  }

  #aimOne(
    registers: BigUint64Array,
    instruction: Instruction,
    pointer: MemoryOperand,
    taken: Set<GeneralRegister>,
  ): void {
    const { random } = this;
    const anywhere = this.#place();
    // It faults if it is not aligned.
    const place = instruction.mnemonic === 'cmpxchg16b' && !random.oneIn(8) ? anywhere & ~15 : anywhere;
    const segmentBase = pointer.segment === undefined ? 0 : pointer.segment === 'fs' ? Layout.fsBase : Layout.gsBase;
    const bitOffset = bitIndexOffset(registers, instruction, pointer);
    const wanted = BigInt(place - segmentBase) - pointer.displacement - bitOffset;
    const { base, index, scale } = pointer;
    const free = (name: typeof base): name is GeneralRegister =>
      name !== undefined && name !== 'rip' && !taken.has(name);
    const value = (name: typeof base): bigint =>
      name === undefined || name === 'rip' ? 0n : registers[NUMBERS[name]]!;
    const set = (name: GeneralRegister, address: bigint): void => {
      // The upper half of a 32-bit address is ignored.
      const upper = pointer.addressSize === 32 ? random.u64() << 32n : 0n;
      registers[NUMBERS[name]] =
        pointer.addressSize === 32 ? upper | BigInt.asUintN(32, address) : BigInt.asUintN(64, address);
    };
    if (free(base) && base === index) set(base, wanted / BigInt(1 + scale));
    else if (free(base)) set(base, wanted - (instruction.mnemonic === 'xlatb' ? 0n : value(index) * BigInt(scale)));
    else if (free(index) && base !== 'rip') set(index, (wanted - value(base)) / BigInt(scale));
    for (const name of [base, index]) if (name !== undefined && name !== 'rip') taken.add(name);
    this.#expect(registers, instruction, place, taken);
  }

  /** A comparison with memory that never holds would test half of CMPXCHG. */
  #expect(
    registers: BigUint64Array,
    { mnemonic }: Instruction,
    place: number,
    taken: ReadonlySet<GeneralRegister>,
  ): void {
    const there = this.memory.peek(place, 16);
    if (there === undefined || taken.has('rax') || !this.random.oneIn(mnemonic.startsWith('cmpxchg') ? 2 : 6)) return;
    const held = new DataView(there.buffer, there.byteOffset, 16);
    registers[NUMBERS.rax] = held.getBigUint64(0, true);
    if (mnemonic === 'cmpxchg8b') registers[NUMBERS.rdx] = BigInt(held.getUint32(4, true));
    if (mnemonic === 'cmpxchg16b') registers[NUMBERS.rdx] = held.getBigUint64(8, true);
  }

  #place(): number {
    const { random } = this;
    const inside = Layout.data + 0x200 + random.below(Layout.dataBytes - 0x400);
    switch (random.below(16)) {
      case 0: // over a page boundary
        return Layout.data + 0x1000 * (1 + random.below(3)) - random.below(10);
      case 1: // before the first mapped byte
        return Layout.data - random.below(12);
      case 2: // over the boundary between writable and not
        return Layout.constants - random.below(12);
      case 3: // not writable
        return Layout.constants + random.below(Layout.constantsBytes);
      case 4: // over the end of what is mapped
        return Layout.constants + Layout.constantsBytes - random.below(12);
      default:
        return inside;
    }
  }
}

const PLAIN: MemoryOperand = {
  kind: 'memory',
  width: 64,
  segment: undefined,
  base: undefined,
  index: undefined,
  scale: 1,
  displacement: 0n,
  addressSize: 64,
};

function usesNarrowAddresses({ operands }: Instruction): boolean {
  return operands.some((operand) => operand.kind === 'memory' && operand.addressSize === 32);
}

/** BT with a register as bit index reaches beyond its operand (Intel SDM vol. 2, BT). */
function bitIndexOffset(registers: BigUint64Array, instruction: Instruction, pointer: MemoryOperand): bigint {
  const index = instruction.operands[1];
  if (!/^bt[src]?$/.test(instruction.mnemonic) || index?.kind !== 'register') return 0n;
  if (index.register === pointer.base || index.register === pointer.index) {
    registers[NUMBERS[index.register]] = 0n;
    return 0n;
  }
  const value = BigInt.asIntN(index.width, registers[NUMBERS[index.register]]!);
  return (value >> BigInt(Math.log2(index.width))) * BigInt(index.width / 8);
}
