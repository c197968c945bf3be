/**
 * Views of what the kernel says of signals: siginfo_t (sigaction(2), waitid(2)) and the mask of those that a thread
 * blocks. Reading them returns the view. They allocate nothing.
 */
import { signalBit } from '../linux/signals';

/** Offsets of siginfo_t, in 32-bit words; `pid` and `status` are those of SIGCHLD (asm-generic/siginfo.h). */
const Word = { signal: 0, code: 2, pid: 4, status: 6 } as const;

const WORDS = 32;

export class Siginfo {
  readonly #i32: Int32Array;

  /** `offset`: of the struct in the memory, in bytes; a multiple of 8. */
  constructor(memory: ArrayBuffer, offset: number) {
    this.#i32 = new Int32Array(memory, offset, WORDS);
  }

  get signal(): number {
    return this.#i32[Word.signal]!;
  }

  /** Where it came from. */
  get code(): number {
    return this.#i32[Word.code]!;
  }

  /** No process has sent it: an instruction or a timer has raised it (sigaction(2), "The si_code field"). */
  get isFromKernel(): boolean {
    return this.code > 0;
  }

  /** Of a report of waitid(2): the thread that it is about; 0 where there is none. */
  get pid(): number {
    return this.#i32[Word.pid]!;
  }

  /** Of such a report: a signal or an exit status. */
  get status(): number {
    return this.#i32[Word.status]!;
  }

  /** Before waitid(2), which leaves the struct as it is where there is no report. */
  clear(): void {
    this.#i32[Word.pid] = 0;
  }
}

export class SignalMask {
  readonly #bits: BigUint64Array;
  readonly #u32: Uint32Array;

  constructor(memory: ArrayBuffer, offset: number) {
    this.#bits = new BigUint64Array(memory, offset, 1);
    this.#u32 = new Uint32Array(memory, offset, 1);
  }

  /** Blocks one more signal, up to 32. */
  add(signal: number): void {
    this.#u32[0]! |= signalBit(signal);
  }

  /** Blocks exactly these: a 64-bit mask of the kernel's. */
  replace(bits: bigint): void {
    this.#bits[0] = bits;
  }
}
