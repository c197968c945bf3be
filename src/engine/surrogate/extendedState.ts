/**
 * Which part of a thread's XSAVE area takes part in an execution. To the scratch process go the components that
 * instructions which it executes act on, and from it come the bytes that these define. All else stays the thread's: its
 * protection keys, which would keep the scratch process from its own operand; its tiles, for which that has no
 * permission (arch_prctl(2), ARCH_REQ_XCOMP_PERM); components that nobody here knows; and what no component defines.
 */
import { AreaLayout } from './area';
import { definedExtents, type Extent, MXCSR, StateComponent, Xsave, type XsaveLayout } from './xsave';

const { x87, sse, avx, opmask, zmmHi256, hi16Zmm } = StateComponent;
const TRANSFERRED = [x87, sse, avx, opmask, zmmHi256, hi16Zmm] as const;
const MASK = TRANSFERRED.reduce<number>((mask, number) => mask | (1 << number), 0);

/** Bytes that an instruction may change while a component is in use; `component`: its bit in XSTATE_BV, 0: always. */
interface Changeable extends Extent {
  readonly component: number;
}

export class ExtendedState {
  readonly #u8: Uint8Array;
  readonly #view: DataView;
  readonly #before: Uint8Array;
  readonly #after: Uint8Array;
  /** In the order of their offsets. */
  readonly #changeable: readonly Changeable[];
  /** XSTATE_BV as the thread has it, in two halves. */
  #low = 0;
  #high = 0;

  /** `u8` and `view`: of the {@link Area}. */
  constructor(u8: Uint8Array, view: DataView, layout: XsaveLayout) {
    this.#u8 = u8;
    this.#view = view;
    const state = (start: number): Uint8Array => u8.subarray(start, start + layout.bytes);
    this.#before = state(AreaLayout.before);
    this.#after = state(AreaLayout.after);
    this.#changeable = [
      { component: 0, ...MXCSR },
      { component: 0, offset: Xsave.inUse, bytes: 8 },
      ...TRANSFERRED.flatMap((number) =>
        definedExtents(layout, number).map((extent) => ({ component: 1 << number, ...extent })),
      ),
    ].sort((a, b) => a.offset - b.offset);
  }

  /**
   * In the area's `before`, which is the thread's, says that what stays is not in use: so it goes to the scratch
   * process.
   */
  withhold(): void {
    this.#low = this.#inUse(AreaLayout.before);
    this.#high = this.#view.getUint32(AreaLayout.before + Xsave.inUse + 4, true);
    this.#setInUse(AreaLayout.before, this.#low & MASK, 0);
  }

  /** Undoes {@link withhold}, and makes of `after`, which came from the scratch process, what the thread is to have. */
  merge(): void {
    const now = this.#inUse(AreaLayout.after) & MASK;
    this.#setInUse(AreaLayout.before, this.#low, this.#high);
    this.#setInUse(AreaLayout.after, now | this.withheld, this.#high);
    let at = 0;
    for (const { component, offset, bytes } of this.#changeable) {
      // One that was not in use, and is not, has no bytes.
      if (component !== 0 && ((this.#low | now) & component) === 0) continue;
      this.#keep(at, offset);
      at = offset + bytes;
    }
    this.#keep(at, this.#after.length);
  }

  /** Whether the instruction has changed anything; after {@link merge}. */
  get changed(): boolean {
    return Buffer.compare(this.#before, this.#after) !== 0;
  }

  /** Bits of XSTATE_BV: what is in use of that which stays. */
  get withheld(): number {
    return this.#low & ~MASK;
  }

  /** Of XSTATE_BV, or what XGETBV reads of it with ECX = 1: the bits of what goes to the scratch process. */
  transferredOf(inUse: number): number {
    return inUse & MASK;
  }

  #keep(from: number, to: number): void {
    this.#u8.copyWithin(AreaLayout.after + from, AreaLayout.before + from, AreaLayout.before + to);
  }

  #inUse(state: number): number {
    return this.#view.getUint32(state + Xsave.inUse, true);
  }

  #setInUse(state: number, low: number, high: number): void {
    this.#view.setUint32(state + Xsave.inUse, low, true);
    this.#view.setUint32(state + Xsave.inUse + 4, high, true);
  }
}
