/** Random states for an instruction: registers, XSAVE area and memory, with the operand mostly where memory is. */
import { type MemoryOperand } from '../../../src/emulator/decode/instruction';
import { type Random } from '../../../src/emulator/oracle/random';
import { FLAG_BITS, type GeneralRegister, STATUS_FLAGS } from '../../../src/emulator/machine/registers';
import { State, UserRegister, type UserRegisterName } from '../../../src/emulator/machine/state';
import { operandAddress } from '../../../src/emulator/surrogate/address';
import { StateComponent, Xsave, type XsaveLayout } from '../../../src/engine/surrogate/xsave';
import { type Subject } from './forms';
import { type Experiment, NATIVE_REGISTERS, NativeLayout } from './native';

const RESERVED_ONE_AND_INTERRUPTS = 0x202n;
const STATUS = STATUS_FLAGS.reduce((bits, flag) => bits | (1n << BigInt(FLAG_BITS[flag])), 0n);
const PAGE = 0x1000;
const DATA_END = NativeLayout.constants + NativeLayout.constantsBytes;

const [SSE, AVX, ZMM_HI256] = [StateComponent.sse, StateComponent.avx, StateComponent.zmmHi256].map(
  (component) => 1n << BigInt(component),
) as [bigint, bigint, bigint];

/** PKRU's two bits for key 0, which all memory here has: no access, no writing. */
const KEY_0 = 0b11;

export function numberOf(name: GeneralRegister | 'rip' | 'eflags'): number {
  return NATIVE_REGISTERS.indexOf(name);
}

export class StateSource {
  constructor(
    private readonly random: Random,
    private readonly layout: XsaveLayout,
  ) {}

  next({ bytes, address, plan }: Subject): Experiment {
    const { random } = this;
    const registers = new BigUint64Array(NATIVE_REGISTERS.length);
    for (let number = 0; number < 16; number++) registers[number] = random.word();
    registers[numberOf('rip')] = BigInt(address);
    registers[numberOf('eflags')] = RESERVED_ONE_AND_INTERRUPTS | (random.u64() & STATUS);
    const gsBase = BigInt(random.oneIn(2) ? 0 : NativeLayout.data + random.below(0x100) * 16);
    // XGETBV knows two.
    if (bytes[0] === 0x0f && bytes[1] === 0x01) registers[numberOf('rcx')] = BigInt(random.below(3));
    const place = this.#place(plan.operand?.bytes ?? 1);
    if (plan.operand !== undefined && !random.oneIn(16)) this.#aim(registers, gsBase, plan.operand.memory, place);
    // Around where the operand lies, whether that could be chosen or not: what is stored elsewhere would stay for the
    // next state.
    const linear = plan.operand && linearAddress(plan.operand.memory, plan.length, registers, gsBase);
    const lies = linear !== undefined && linear < BigInt(DATA_END) ? Number(linear) : place;
    const start = Math.min(Math.max(lies - 200, NativeLayout.data), DATA_END - NativeLayout.windowBytes);
    const window = { address: start, bytes: this.#operandBytes(NativeLayout.windowBytes) };
    return { registers, gsBase, code: bytes, window, xsave: this.#xsave() };
  }

  #place(bytes: number): number {
    const { random } = this;
    const inside = NativeLayout.data + 0x200 + random.below(0x3c0) * 16;
    switch (random.below(16)) {
      case 0:
      case 1:
      case 2: // over a page boundary
        return NativeLayout.data + PAGE * (1 + random.below(3)) - random.below(bytes);
      case 3: // before the first mapped byte
        return NativeLayout.data - random.below(bytes);
      case 4: // over the boundary between writable and not
        return NativeLayout.constants - random.below(bytes);
      case 5: // not writable
        return NativeLayout.constants + 64 * random.below(32);
      case 6: // over the end of what is mapped
        return DATA_END - random.below(bytes);
      case 7: // aligned to nothing
      case 8:
        return inside + random.below(64);
      default:
        return inside & ~63;
    }
  }

  #aim(registers: BigUint64Array, gsBase: bigint, operand: MemoryOperand, place: number): void {
    const { base, index, displacement, segment, addressSize } = operand;
    const scale = BigInt(operand.scale);
    const wanted = BigInt(place) - displacement - (segment === 'gs' ? gsBase : 0n);
    const set = (name: GeneralRegister, value: bigint) => {
      const upper = addressSize === 32 ? this.random.u64() << 32n : 0n;
      registers[numberOf(name)] = BigInt.asUintN(64, upper | BigInt.asUintN(addressSize, value));
    };
    if (base !== undefined && base !== 'rip') {
      if (base === index) set(base, wanted / (1n + scale));
      else set(base, wanted - (index === undefined ? 0n : registers[numberOf(index)]! * scale));
    } else if (index !== undefined) {
      set(index, wanted / scale);
    }
  }

  #xsave(): Uint8Array {
    const { random } = this;
    const area = Buffer.alloc(this.layout.bytes);
    const strict = random.oneIn(6);
    // Rounding and precision at random; exceptions masked but for one state in six.
    area.writeUInt16LE(0x40 | (random.below(16) << 8) | (strict ? random.below(64) : 0x3f), Xsave.controlWord);
    area.writeUInt32LE((random.u32() & 0xe07f) | ((strict ? random.below(64) : 0x3f) << 7), Xsave.mxcsr);
    area.writeUInt16LE(random.u32() & 0x7f7f & (strict ? 0xffff : 0xffc0), Xsave.statusWord);
    area[Xsave.tags] = random.pick([0xff, 0xff, 0x00, random.below(256)]);
    area.writeUInt16LE(random.below(2048), Xsave.opcode);
    area.writeBigUInt64LE(random.u64() >> 17n, Xsave.instructionPointer);
    area.writeBigUInt64LE(random.u64() >> 17n, Xsave.dataPointer);
    for (let number = 0; number < 8; number++) area.set(this.#extendedReal(), Xsave.st + 16 * number);
    area.set(this.#operandBytes(256), Xsave.xmm);
    let inUse = 3n;
    for (const { number, offset, bytes } of this.layout.components) {
      area.set(this.#operandBytes(bytes), offset);
      if (number === StateComponent.pkru) area[offset]! &= ~KEY_0;
      inUse |= 1n << BigInt(number);
    }
    // Sometimes a component is not in use, and its registers have their initial values. MXCSR counts as a part of SSE's
    // for the kernel.
    if (random.oneIn(6)) inUse &= random.u64() | SSE;
    // No instruction writes the upper half of a ZMM register without the upper half of its YMM register being in use.
    if ((inUse & ZMM_HI256) !== 0n) inUse |= AVX;
    area.writeBigUInt64LE(inUse, Xsave.inUse);
    return area;
  }

  /** 16 bytes for a register of 80 bits. */
  #extendedReal(): Buffer {
    const { random } = this;
    const bytes = Buffer.alloc(16);
    const kind = random.below(10);
    const sign = random.below(2) << 15;
    bytes.writeBigUInt64LE(kind === 0 ? random.word() : kind === 1 ? 0n : random.word() | (1n << 63n));
    if (kind === 2) bytes.writeBigUInt64LE((1n << 63n) | (random.u64() & (random.oneIn(2) ? 0n : (1n << 63n) - 1n)));
    const exponent =
      kind === 1 ? 0 : kind === 2 ? 0x7fff : kind === 3 ? random.below(0x8000) : 0x3fff - 20 + random.below(60);
    bytes.writeUInt16LE(sign | exponent, 8);
    return bytes;
  }

  /** Floats of both sizes, and words. `length`: a multiple of 8. */
  #operandBytes(length: number): Buffer {
    const { random } = this;
    const bytes = Buffer.alloc(length);
    for (let at = 0; at < length; at += 8) {
      switch (random.below(4)) {
        case 0:
          bytes.writeBigUInt64LE(random.word(), at);
          break;
        case 1:
          bytes.writeDoubleLE(this.#float(), at);
          break;
        default:
          bytes.writeFloatLE(this.#float(), at);
          bytes.writeFloatLE(this.#float(), at + 4);
      }
    }
    return bytes;
  }

  #float(): number {
    const { random } = this;
    if (random.oneIn(6)) return random.pick(SPECIAL_FLOATS);
    const value = (random.u32() / 0x1_0000_0000 - 0.5) * 2 ** (random.below(40) - 8);
    return random.oneIn(3) ? Math.round(value) : value;
  }
}

function linearAddress(operand: MemoryOperand, length: number, registers: BigUint64Array, gsBase: bigint): bigint {
  const state = new DataView(new ArrayBuffer(State.bytes));
  const set = (name: UserRegisterName, value: bigint) =>
    state.setBigUint64(State.registers + UserRegister[name], value, true);
  for (const [index, name] of NATIVE_REGISTERS.entries()) set(name, registers[index]!);
  set('rip', registers[numberOf('rip')]! + 1n);
  set('gs_base', gsBase);
  return operandAddress(operand, length, state).linear;
}

const SPECIAL_FLOATS = [
  0,
  -0,
  1,
  -1,
  Infinity,
  -Infinity,
  NaN,
  2 ** 31,
  2 ** 63,
  -(2 ** 63),
  1e-40,
  1e-310,
  3e38,
  1.7e308,
  0.5,
];
