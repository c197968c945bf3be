/** Where a value is when a function returns it in registers: first bytes first, each part in the next that is free. */
import { type Location } from '../../debuginfo/model/model';

/** DWARF's numbers (System V ABI x86-64, figure 3.36). */
const RAX = 0;
const RDX = 1;
const XMM0 = 17;

/** The registers of a calling convention, in the order in which it takes them. */
export interface Convention {
  readonly integers: readonly number[];
  readonly floats: readonly number[];
}

/** System V ABI x86-64, §3.2.3, "Returning of Values". */
export const SYSTEM_V: Convention = { integers: [RAX, RDX], floats: [XMM0, XMM0 + 1] };

/** The Go internal ABI specification, amd64: RAX, RBX, RCX, RDI, RSI, R8 to R11; X0 to X14. */
export const GO: Convention = {
  integers: [RAX, 3, 2, 5, 4, 8, 9, 10, 11],
  floats: Array.from({ length: 15 }, (_, index) => XMM0 + index),
};

/** In memory, where RAX says. */
export const IN_MEMORY: Location = { kind: 'memory', address: [{ op: 'register', register: RAX }] };

/** Hands out the registers of a convention, one after the other. */
export class Registers {
  readonly #integers: number[];
  readonly #floats: number[];

  constructor({ integers, floats }: Convention) {
    this.#integers = [...integers];
    this.#floats = [...floats];
  }

  /** The next register of the kind; undefined where there is none left. */
  next(kind: 'integer' | 'float'): Location | undefined {
    const register = (kind === 'integer' ? this.#integers : this.#floats).shift();
    return register === undefined ? undefined : { kind: 'register', register };
  }
}

export interface Piece {
  readonly location: Location;
  readonly byteSize: number;
}

/** Several pieces as one place; `size`: of the whole. */
export function placeOfPieces(pieces: readonly Piece[], size: number): Location {
  const [only, ...others] = pieces;
  return only && others.length === 0 && only.byteSize === size ? only.location : { kind: 'pieces', pieces };
}

export function unavailable(reason: string): Location {
  return { kind: 'unavailable', reason };
}
