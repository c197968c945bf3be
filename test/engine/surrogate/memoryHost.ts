/** A thread that exists only on paper: the memory and extended state of an experiment, for the surrogate to work on. */
import { type Arena, Layout } from '../../../src/engine/tracing/arena';
import { libc } from '../../../src/engine/linux/libc';
import { type SurrogateHost } from '../../../src/engine/surrogate/surrogate';
import { State } from '../../../src/emulator/machine/state';
import { NativeLayout } from './native';

/** The XSAVE area lies where the client's commands do otherwise. */
const XSAVE = Layout.input;

export class MemoryHost implements SurrogateHost {
  readonly #memory = new Uint8Array(NativeLayout.dataBytes + NativeLayout.constantsBytes);
  readonly #operand: Uint8Array;
  readonly xsave: Buffer;
  /** Something was changed that the surrogate can't take back. */
  touched = false;

  constructor(
    readonly arena: Arena,
    xsaveBytes: number,
  ) {
    const start = Layout.state + State.operand;
    this.#operand = arena.u8.subarray(start, start + State.operandCapacity);
    this.xsave = Buffer.from(arena.memory.buffer, XSAVE, xsaveBytes);
  }

  /** The `length` bytes at an address, which are mapped. */
  bytes(address: number, length: number): Uint8Array {
    return this.#memory.subarray(address - NativeLayout.data, address - NativeLayout.data + length);
  }

  load(): boolean {
    const bytes = this.#mapped(this.#memory.length);
    if (bytes !== undefined) this.#operand.set(bytes);
    return bytes !== undefined;
  }

  store(): boolean {
    const bytes = this.#mapped(NativeLayout.dataBytes);
    bytes?.set(this.#operand.subarray(0, bytes.length));
    this.touched ||= bytes !== undefined;
    return bytes !== undefined;
  }

  loadExtendedState(vector: number): boolean {
    return libc.process_vm_readv(process.pid, vector, 1, this.#xsaveVector(), 1, 0) === this.xsave.length;
  }

  storeExtendedState(vector: number): boolean {
    this.touched = true;
    return libc.process_vm_readv(process.pid, this.#xsaveVector(), 1, vector, 1, 0) === this.xsave.length;
  }

  processor(): number | undefined {
    return 0;
  }

  #xsaveVector(): number {
    this.arena.setNumber(Layout.localVector, this.arena.address(XSAVE));
    this.arena.setNumber(Layout.localVector + 8, this.xsave.length);
    return this.arena.address(Layout.localVector);
  }

  /** The operand's bytes, if all of them are in the first `limit` bytes. */
  #mapped(limit: number): Uint8Array | undefined {
    const { view } = this.arena;
    const offset = view.getBigUint64(Layout.state + State.operandAddress, true) - BigInt(NativeLayout.data);
    const length = view.getUint32(Layout.state + State.operandLength, true);
    if (offset < 0n || offset + BigInt(length) > BigInt(limit)) return undefined;
    return this.#memory.subarray(Number(offset), Number(offset) + length);
  }
}
