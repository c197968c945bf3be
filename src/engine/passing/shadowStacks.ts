/**
 * Shadow stacks of threads (Documentation/arch/x86/shstk.rst): a call or return that is emulated would not reach them,
 * and the thread's next return would fault, so it makes the call itself. A program turns them on while it starts, when
 * probes may have been set already: the thread is asked at the hit, where processor and kernel have shadow stacks at
 * all.
 */
import { Processor } from '../../emulator/machine/processor';
import { type Ptrace } from '../tracing/ptrace';

/** As /proc/cpuinfo has it where the kernel offers them to programs (Linux 6.6). */
const FEATURE = 'user_shstk';

export class ShadowStacks {
  readonly #ptrace: Ptrace;
  readonly #possible: boolean;

  constructor(ptrace: Ptrace, possible = Processor.here().has(FEATURE)) {
    this.#ptrace = ptrace;
    this.#possible = possible;
  }

  /** Whether a stopped thread has one. */
  has(tid: number): boolean {
    return this.#possible && this.#ptrace.hasShadowStack(tid);
  }
}
