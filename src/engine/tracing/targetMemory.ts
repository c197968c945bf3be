/**
 * The memory of the thread that stopped, as agents and compiled instructions read it: process_vm_readv(2) into the
 * arena.
 */
import { PAGE_BYTES } from '../../base/x86';
import { LedgerHeader, Store } from '../../contract/ledger';
import { State } from '../../emulator/machine/state';
import { type Host } from '../../emulator/emulator';
import { type Arena, Layout, LINE_BYTES } from './arena';
import { Errno } from '../linux/errno';
import { errno, libc } from '../linux/libc';
import { type ProcessMemory } from '../linux/memory';

const HAND = (Layout.ledger + LedgerHeader.hand) >>> 2;
const STORE = (Layout.ledger + LedgerHeader.store) >>> 2;
const EXTENDED_BYTES = (Layout.ledger + LedgerHeader.extendedBytes) >>> 2;
const EXTENDED_STATE = Layout.ledger + LedgerHeader.extendedState;

const ADDRESS = Layout.agentAddress >>> 2;
const LINE = Layout.agentLineAddress >>> 2;
/** No line begins there. */
const NO_LINE = 0xffff_ffff;

/** {@link TargetMemory.readString} without a length. */
export const StringEnd = { unreadable: -1, missing: -2 } as const;

export class TargetMemory implements Host {
  readonly #arena: Arena;
  readonly #operandVector: number;
  readonly #remoteOperand: number;
  readonly #localVector: number;
  readonly #remoteVectors: number;
  #tid = 0;
  #memory: ProcessMemory | undefined;

  constructor(arena: Arena) {
    this.#arena = arena;
    this.#operandVector = arena.address(Layout.operandVector);
    this.#remoteOperand = arena.address(Layout.state + State.operandAddress);
    this.#localVector = arena.address(Layout.localVector);
    this.#remoteVectors = arena.address(Layout.remoteVectors);
    arena.setNumber(Layout.operandVector, arena.address(Layout.state + State.operand));
    arena.setNumber(Layout.operandVector + 8, State.operandCapacity);
  }

  /** The thread that it is about. */
  get tid(): number {
    return this.#tid;
  }

  /** From here on it is about this stopped thread. */
  select(tid: number, memory: ProcessMemory): void {
    this.#tid = tid;
    this.#memory = memory;
    this.#arena.u32[STORE] = Store.none;
    this.#arena.u32[HAND] = tid;
  }

  /**
   * The operand of an instruction. The state's address and length are the remote iovec; its length is what limits the
   * transfer.
   */
  load(): boolean {
    const length = this.#operandLength;
    const count = libc.process_vm_readv(this.#tid, this.#operandVector, 1, this.#remoteOperand, 1, 0);
    if (count === length) return true;
    if (count >= 0 || errno() !== Errno.EPERM) return false;
    return this.#readThroughFile(Layout.state + State.operand, this.#operandAddress, length) === length;
  }

  /**
   * Writes the operand, where the program itself may write; all of it or nothing. The kernel checks page by page, so if
   * it crosses into another page, the far side is written first, and restored if the near side fails.
   */
  store(): boolean {
    const length = this.#operandLength;
    this.#arena.u32[STORE] = Store.memory;
    const near = PAGE_BYTES - (this.#operandAddress % PAGE_BYTES);
    if (length <= near) {
      return libc.process_vm_writev(this.#tid, this.#operandVector, 1, this.#remoteOperand, 1, 0) === length;
    }
    return this.#storeAcross(this.#operandAddress, near, length - near);
  }

  /** The thread's extended state is about to change; it was what lies at `address`, `length` bytes. */
  noteExtendedStore(address: number, length: number): void {
    this.#arena.setNumber(EXTENDED_STATE, address);
    this.#arena.u32[EXTENDED_BYTES] = length;
    this.#arena.u32[STORE]! |= Store.extended;
  }

  /**
   * Reads `length` bytes (at most a page) from {@link Layout.agentAddress} to an arena offset. Returns how many could
   * be read; the address then is the one after them.
   */
  read(length: number, destination: number): number {
    const arena = this.#arena;
    const address = arena.number(Layout.agentAddress);
    const near = Math.min(length, PAGE_BYTES - (address % PAGE_BYTES));
    this.#describe(Layout.localVector, arena.address(destination), length);
    this.#copyAddress(Layout.agentAddress, Layout.remoteVectors);
    arena.setNumber(Layout.remoteVectors + 8, near);
    this.#describe(Layout.remoteVectors + 16, address + near, length - near);
    let count = libc.process_vm_readv(this.#tid, this.#localVector, 1, this.#remoteVectors, near < length ? 2 : 1, 0);
    if (count < 0) count = errno() === Errno.EPERM ? this.#readThroughFile(destination, address, length) : 0;
    if (count > 0 && count < length) arena.setNumber(Layout.agentAddress, address + count);
    return count;
  }

  /**
   * {@link read} for loops, whose reads often lie beside each other: of a node its link, then its value. A system call
   * costs about as much for one byte as for a line of {@link LINE_BYTES}.
   */
  readNear(length: number, destination: number): number {
    const { u8, u32 } = this.#arena;
    const low = u32[ADDRESS]!;
    const high = u32[ADDRESS + 1]!;
    const offset = low % LINE_BYTES;
    if (offset + length > LINE_BYTES) return this.read(length, destination);
    if (u32[LINE] !== low - offset || u32[LINE + 1] !== high) {
      u32[ADDRESS] = low - offset;
      const isRead = this.read(LINE_BYTES, Layout.agentLine) === LINE_BYTES;
      u32[ADDRESS] = low;
      u32[ADDRESS + 1] = high;
      u32[LINE] = isRead ? low - offset : NO_LINE;
      u32[LINE + 1] = high;
      if (!isRead) return this.read(length, destination);
    }
    for (let at = 0; at < length; at++) u8[destination + at] = u8[Layout.agentLine + offset + at]!;
    return length;
  }

  /** What {@link readNear} has read is old: the thread has run since. */
  forgetLine(): void {
    this.#arena.u32[LINE] = NO_LINE;
  }

  /**
   * Reads characters of `unit` bytes up to and without one that is 0, at most `limit` bytes. Returns how many bytes, or
   * one of {@link StringEnd}.
   */
  readString(limit: number, destination: number, unit: number): number {
    const count = this.read(limit, destination);
    const { u8 } = this.#arena;
    let zeros = 0;
    for (let at = 0; at < count; at++) {
      if (at % unit === 0) zeros = 0;
      if (u8[destination + at] === 0 && ++zeros === unit) return at + 1 - unit;
    }
    return count === limit ? StringEnd.missing : StringEnd.unreadable;
  }

  get #operandAddress(): number {
    return this.#arena.number(Layout.state + State.operandAddress);
  }

  get #operandLength(): number {
    return this.#arena.u32[(Layout.state + State.operandLength) >>> 2]!;
  }

  #storeAcross(address: number, near: number, far: number): boolean {
    const arena = this.#arena;
    const operand = Layout.state + State.operand;
    const previous = Buffer.alloc(far);
    if (this.#memory?.read(address + near, far).copy(previous) !== far) return false;
    if (!this.#write(operand + near, address + near, far)) return false;
    if (this.#write(operand, address, near)) return true;
    arena.u8.set(previous, Layout.agentOperand);
    this.#write(Layout.agentOperand, address + near, far);
    return false;
  }

  #write(source: number, address: number, length: number): boolean {
    this.#describe(Layout.localVector, this.#arena.address(source), length);
    this.#describe(Layout.remoteVectors, address, length);
    return libc.process_vm_writev(this.#tid, this.#localVector, 1, this.#remoteVectors, 1, 0) === length;
  }

  /**
   * A process that has dropped its privileges may close itself to process_vm_readv, but not to the descriptor opened
   * before.
   */
  #readThroughFile(destination: number, address: number, length: number): number {
    return Math.max(0, this.#memory?.readTo(this.#arena.address(destination), address, length) ?? 0);
  }

  #describe(vector: number, base: number, length: number): void {
    this.#arena.setNumber(vector, base);
    this.#arena.setNumber(vector + 8, length);
  }

  /** All 64 bits: an address beyond 2^53 is unreadable anyway, but the message must show it exactly. */
  #copyAddress(from: number, to: number): void {
    const { u32 } = this.#arena;
    u32[to >>> 2] = u32[from >>> 2]!;
    u32[(to >>> 2) + 1] = u32[(from >>> 2) + 1]!;
  }
}
