/**
 * Converts a thread's registers to those that a twin starts from, and those that the twin leaves to the displaced
 * instruction's result. The lifted form of the instruction computes both in the {@link State}, with its operand here
 * instead of in the target's memory. Nothing here allocates.
 */
import { assert, assertExists } from '../../base/assert';
import { type Execute, type Host } from '../machine/machine';
import { FLAG_BITS, type GeneralRegister, STATUS_FLAGS } from '../machine/registers';
import { State, USER_REGISTERS_BYTES, UserRegister } from '../machine/state';
import { type TwinCode } from './forms';
import { type TwinWay } from './plan';

/** No operand of a plan is longer. */
const OPERAND_BYTES = 16;

/** User space ends there; addresses from here on fault, and not all of them are exact as numbers. */
const END_OF_USER_SPACE = 2 ** 47;

const STATUS_MASK = STATUS_FLAGS.reduce((mask, flag) => mask | (1 << FLAG_BITS[flag]), 0);
const ZERO_FLAG = 1 << FLAG_BITS.ZF;

export class TwinState implements Host {
  readonly #host: Host;
  readonly #registers: Uint8Array;
  readonly #words: Uint32Array;
  readonly #operand: Uint8Array;
  /** Index in {@link #words} of the state. */
  readonly #state: number;
  #way: TwinWay | undefined;
  /** The old value of memory is known; it is in {@link #piece}. */
  #known = false;
  /**
   * Linear addresses of the operand and of the block of memory that the twin acts on; the operand's offset in that
   * block.
   */
  #address = 0;
  #start = 0;
  #within = 0;
  /** The block's contents; then its new contents. */
  readonly #piece = new Uint8Array(OPERAND_BYTES);
  readonly #pieceWords = new Uint32Array(this.#piece.buffer);
  /** What it held when a swap was prepared. */
  readonly #expected = new Uint32Array(2);

  /** `host`: the target's memory. */
  constructor(memory: WebAssembly.Memory, stateOffset: number, host: Host) {
    this.#host = host;
    this.#registers = new Uint8Array(memory.buffer, stateOffset + State.registers, USER_REGISTERS_BYTES);
    this.#words = new Uint32Array(memory.buffer);
    this.#operand = new Uint8Array(memory.buffer, stateOffset + State.operand, OPERAND_BYTES);
    this.#state = stateOffset / 4;
  }

  /**
   * The state holds the thread's registers as INT3 left them, `saved` a copy. Replaces them by those that the twin
   * starts from, except RIP. False, with the registers unchanged: the thread must run its own instruction.
   */
  enter(execute: Execute, way: TwinWay, { base, displacement, source }: TwinCode, saved: Uint8Array): boolean {
    this.#way = way;
    this.#known = false;
    this.#piece.fill(0);
    const failed = execute() !== 0;
    this.#registers.set(saved);
    if (failed || this.#start >= END_OF_USER_SPACE) return false;
    if (way.given === 'memory') {
      this.#setWords('rax', this.#expected[0]!, this.#expected[1]!);
    }
    if (source !== undefined) {
      if (way.source === 'bitNumber') this.#setWords(source, this.#bitNumber(way.given === 'ones'), 0);
      else this.#setWords(source, this.#pieceWords[0]!, this.#pieceWords[1]!);
    }
    const pointer = this.#start - displacement;
    this.#setWords(base, pointer, Math.floor(pointer / 0x1_0000_0000));
    return true;
  }

  /**
   * The state holds what the twin left. Replaces it by the thread's registers after the displaced instruction. False,
   * with the thread's registers before it: memory had changed in between, and nothing was done.
   */
  leave(execute: Execute, way: TwinWay, { source }: TwinCode, saved: Uint8Array): boolean {
    const flags = this.#flags;
    this.#way = way;
    const missed = way.given === 'memory' && (flags & ZERO_FLAG) === 0;
    if (!missed) this.#learn(way, source);
    this.#registers.set(saved);
    if (missed) return false;
    assert(execute() === 0, 'an instruction went through before its twin and not behind it');
    if (way.answer === 'flags') this.#flags = (this.#flags & ~STATUS_MASK) | (flags & STATUS_MASK);
    return true;
  }

  /** As {@link Host}: the lifted form reads its operand. */
  load(): boolean {
    const way = assertExists(this.#way, 'way');
    const length = this.#words[this.#state + State.operandLength / 4]!;
    this.#address =
      this.#words[this.#state + State.operandAddress / 4]! +
      this.#words[this.#state + State.operandAddress / 4 + 1]! * 0x1_0000_0000;
    if (!this.#place(way, length)) return false;
    if (this.#known || way.given === 'memory') {
      if (!this.#known && !this.#read()) return false;
      for (let at = 0; at < length; at++) this.#operand[at] = this.#piece[this.#within + at]!;
    } else if (way.given === 'accumulator') {
      for (let at = 0; at < length; at++) this.#operand[at] = this.#registers[UserRegister.rax + at]!;
    } else {
      this.#operand.fill(way.given === 'ones' ? 0xff : 0, 0, length);
    }
    return true;
  }

  /** As {@link Host}: the lifted form stores its result. */
  store(): boolean {
    const length = this.#words[this.#state + State.operandLength / 4]!;
    for (let at = 0; at < length; at++) this.#piece[this.#within + at] = this.#operand[at]!;
    return true;
  }

  /** Reads the block from the target. */
  #read(): boolean {
    const bytes = assertExists(this.#way, 'way').form.width / 8;
    this.#setOperand(this.#start, bytes);
    if (!this.#host.load()) return false;
    for (let at = 0; at < bytes; at++) this.#piece[at] = this.#operand[at]!;
    this.#expected[0] = this.#pieceWords[0]!;
    this.#expected[1] = this.#pieceWords[1]!;
    return true;
  }

  /** Derives the old value of memory from what the twin left. */
  #learn({ answer, form }: TwinWay, source: GeneralRegister | undefined): void {
    this.#known = answer === 'source' || answer === 'accumulator' || answer === 'pair';
    if (answer === 'source') this.#copyRegister(assertExists(source, 'source register'), 0, 8);
    else if (answer === 'accumulator') this.#copyRegister('rax', 0, 8);
    else if (answer === 'pair') {
      this.#copyRegister('rax', 0, form.width / 16);
      this.#copyRegister('rdx', form.width / 16, form.width / 16);
    }
  }

  #copyRegister(register: GeneralRegister, to: number, bytes: number): void {
    const from = UserRegister[register];
    for (let at = 0; at < bytes; at++) this.#piece[to + at] = this.#registers[from + at]!;
  }

  /** The number of the block's only bit that is 1, or 0 among ones. */
  #bitNumber(inverted: boolean): number {
    const low = inverted ? ~this.#pieceWords[0]! : this.#pieceWords[0]!;
    const high = inverted ? ~this.#pieceWords[1]! : this.#pieceWords[1]!;
    return low !== 0 ? 31 - Math.clz32(low & -low) : 63 - Math.clz32(high & -high);
  }

  get #flags(): number {
    return this.#words[this.#state + (State.registers + UserRegister.eflags) / 4]!;
  }

  set #flags(value: number) {
    this.#words[this.#state + (State.registers + UserRegister.eflags) / 4] = value;
  }

  #setWords(register: GeneralRegister, low: number, high: number): void {
    const at = this.#state + (State.registers + UserRegister[register]) / 4;
    this.#words[at] = low;
    this.#words[at + 1] = high;
  }

  #setOperand(address: number, length: number): void {
    const at = this.#state + State.operandAddress / 4;
    this.#words[at] = address;
    this.#words[at + 1] = address / 0x1_0000_0000;
    this.#words[this.#state + State.operandLength / 4] = length;
  }

  /**
   * The address of the twin's operand, which contains the instruction's: the same address, or an aligned block around
   * it.
   */
  #place({ form }: TwinWay, length: number): boolean {
    const bytes = form.width / 8;
    this.#start = bytes === length ? this.#address : this.#address - (this.#address % bytes);
    this.#within = this.#address - this.#start;
    return this.#within + length <= bytes;
  }
}
