/** The memory of the scratch program, as the emulator sees it when it runs the same experiment. */
import { PAGE_BYTES } from '../../base/x86';
import { type Host } from '../machine/machine';
import { State } from '../machine/state';
import { type Window } from './oracle';
import { Layout } from './program';
import { type Random } from './random';

/** Bytes around an access that are compared too, so that a store of a wrong width shows. */
const MARGIN = 8;

interface Range {
  start: number;
  end: number;
}

export class ScratchMemory implements Host {
  /** The contents of the data and the constants, without the experiments' stores. */
  readonly #initial = new Uint8Array(Layout.dataBytes + Layout.constantsBytes);
  readonly #current: Uint8Array;
  readonly #state: Uint8Array;
  readonly #operand: DataView;
  #touched: Range[] = [];
  #strayed = false;

  constructor(random: Random, memory: WebAssembly.Memory, stateOffset: number) {
    const words = new BigUint64Array(this.#initial.buffer);
    for (let index = 0; index < words.length; index++) words[index] = random.word();
    this.#current = this.#initial.slice();
    this.#state = new Uint8Array(memory.buffer, stateOffset, State.bytes);
    this.#operand = new DataView(memory.buffer, stateOffset, State.bytes);
  }

  get data(): Uint8Array {
    return this.#initial.subarray(0, Layout.dataBytes);
  }

  get constants(): Uint8Array {
    return this.#initial.subarray(Layout.dataBytes);
  }

  /** The bytes at an address; `undefined` unless all of them are mapped. */
  peek(address: number, length: number): Uint8Array | undefined {
    const start = address - Layout.data;
    return start >= 0 && start + length <= this.#current.length
      ? this.#current.subarray(start, start + length)
      : undefined;
  }

  load(): boolean {
    const { address, length } = this.#access();
    const bytes = this.peek(address, length);
    if (bytes !== undefined) this.#state.set(bytes, State.operand);
    return bytes !== undefined;
  }

  store(): boolean {
    const { address, length } = this.#access();
    const bytes = address + length > Layout.constants ? undefined : this.peek(address, length);
    bytes?.set(this.#state.subarray(State.operand, State.operand + length));
    return bytes !== undefined;
  }

  /**
   * What was accessed since the last call, before and after; then restores memory. `undefined` if the scratch program's
   * own memory was accessed: such a state can't be an experiment.
   */
  takeWindows(): { before: readonly Window[]; after: readonly Window[] } | undefined {
    const before: Window[] = [];
    const after: Window[] = [];
    for (const { start, end } of merged(this.#touched)) {
      const [from, to] = [start - Layout.data, end - Layout.data];
      before.push({ address: start, bytes: this.#initial.slice(from, to) });
      after.push({ address: start, bytes: this.#current.slice(from, to) });
      this.#current.set(this.#initial.subarray(from, to), from);
    }
    this.#touched = [];
    const strayed = this.#strayed;
    this.#strayed = false;
    return strayed ? undefined : { before, after };
  }

  /** The operand's range; it is watched from now on, mapped or not. */
  #access(): { address: number; length: number } {
    const address = Number(this.#operand.getBigUint64(State.operandAddress, true));
    const length = Number(this.#operand.getBigUint64(State.operandLength, true));
    const start = Math.max(address - MARGIN, Layout.data);
    const end = Math.min(address + length + MARGIN, Layout.constants);
    if (start < end) this.#touched.push({ start, end });
    this.#strayed ||= OWN_MAPPINGS.some((own) => address < own.end && address + length > own.start);
    return { address, length };
  }
}

/** A jump there would execute the scratch program itself. */
export function isProgramText(address: bigint): boolean {
  return address >= Layout.program && address < Layout.program + PAGE_BYTES;
}

const OWN_MAPPINGS: readonly Readonly<Range>[] = [
  { start: Layout.program, end: Layout.program + PAGE_BYTES },
  { start: Layout.code, end: Layout.code + Layout.codeBytes },
  { start: Layout.variables, end: Layout.batch + Layout.batchCapacity },
];

/** Overlapping ranges become one. */
function merged(ranges: readonly Range[]): Range[] {
  const result: Range[] = [];
  for (const range of [...ranges].sort((left, right) => left.start - right.start)) {
    const last = result.at(-1);
    if (last !== undefined && range.start <= last.end) last.end = Math.max(last.end, range.end);
    else result.push({ ...range });
  }
  return result;
}
