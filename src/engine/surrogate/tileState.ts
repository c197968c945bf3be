/**
 * The tiles of AMX in the XSAVE area. No instruction that the scratch process executes works on them, and it has no permission to have
 * any (arch_prctl(2), ARCH_REQ_XCOMP_PERM): the kernel refuses it a state in which they are in use. So they stay here meanwhile.
 */
import { AreaLayout } from './area';

/** State components TILECFG and TILEDATA (Intel SDM vol. 1 §13.5.15, §13.5.16). */
export const TILE_COMPONENTS = [17, 18] as const;

/** XSTATE_BV: which components are in use (Intel SDM vol. 1 §13.4.2). */
const COMPONENTS_IN_USE = 512;

/** A component within the XSAVE area, in bytes. */
export interface Extent {
  readonly offset: number;
  readonly bytes: number;
}

const MASK = TILE_COMPONENTS.reduce((mask, component) => mask | (1 << component), 0);

export class TileState {
  readonly #u8: Uint8Array;
  readonly #view: DataView;
  /** Bits of XSTATE_BV: those in use, which the scratch process was not told of. */
  #hidden = 0;

  /** `u8` and `view`: of the {@link Area}. */
  constructor(u8: Uint8Array, view: DataView) {
    this.#u8 = u8;
    this.#view = view;
  }

  /** In the state that goes to the scratch process, says that they are not in use. */
  hide(): void {
    const inUse = this.#inUse(AreaLayout.before);
    this.#hidden = inUse & MASK;
    this.#setInUse(AreaLayout.before, inUse & ~MASK);
  }

  /** Undoes {@link hide}; the state that came back has them, too. `extents`: where they lie. */
  reveal(extents: readonly Extent[]): void {
    if (this.#hidden === 0) return;
    for (const state of [AreaLayout.before, AreaLayout.after]) {
      this.#setInUse(state, this.#inUse(state) | this.#hidden);
    }
    for (const { offset, bytes } of extents) {
      const start = AreaLayout.before + offset;
      this.#u8.copyWithin(AreaLayout.after + offset, start, start + bytes);
    }
  }

  /** What XGETBV would find in use besides what it has found (Intel SDM vol. 2, XGETBV with ECX = 1). */
  get hidden(): number {
    return this.#hidden;
  }

  #inUse(state: number): number {
    return this.#view.getUint32(state + COMPONENTS_IN_USE, true);
  }

  #setInUse(state: number, bits: number): void {
    this.#view.setUint32(state + COMPONENTS_IN_USE, bits, true);
  }
}
