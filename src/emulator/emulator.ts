/**
 * The emulator as the engine and the command line see it: instruction bytes in, a function that does what they do out.
 */
import { Batch } from './compile/batch';
import { decode, disassemble } from './decode/decode';
import { effectsOf, userRegistersWritten } from './ir/effects';
import { lift } from './families';
import { type MicroOperations } from './ir/ir';
import { type Execute, type Host } from './machine/machine';
import { Processor } from './machine/processor';
import { type RefusalCode, refusalOf, REFUSALS } from './decode/refusal';
import { type UserRegisterName } from './machine/state';
import { planOf, type SurrogatePlan } from './surrogate/plan';
import { type TwinPlan, twinPlanOf } from './twin/plan';
import { TwinState } from './twin/twinState';
import { FALSE } from './ir/values';

export { MAX_INSTRUCTION_BYTES } from './machine/instructionLength';
export { type Execute, type Host } from './machine/machine';
export { type RefusalCode } from './decode/refusal';
export { type SurrogatePlan } from './surrogate/plan';
export { type TwinPlan } from './twin/plan';

/** Executes a plan, as {@link Execute} executes an instruction. */
export type ExecutePlan = (plan: SurrogatePlan) => 0 | 1;

interface Refused {
  readonly execution: 'refused';
  readonly code: RefusalCode;
  /** A clause for people. */
  readonly reason: string;
}

/** Only the thread can execute it, if the program's text holds a twin of it. */
interface ForTwin {
  readonly execution: 'twin';
  readonly twin: TwinPlan;
  /** Why it needs one. */
  readonly code: RefusalCode;
  readonly reason: string;
}

/** How an instruction would be executed. */
export type Classification = {
  /** Empty for bytes that are no instruction. */
  readonly mnemonic: string;
  /** In bytes. */
  readonly length: number;
} & (
  | { readonly execution: 'emulated'; readonly operations: MicroOperations }
  | { readonly execution: 'surrogate'; readonly plan: SurrogatePlan }
  | ForTwin
  | Refused
);

/** What executes an instruction. */
interface Executable {
  /**
   * Does what the instruction does. On entry the state holds the thread's registers as INT3 left them (RIP one byte
   * after the site); after 0 they are as after the instruction. After 1 the thread must run the instruction itself,
   * from the registers in the state, with RIP set to the site: nothing was done, or only some rounds of a repeated
   * MOVS, STOS or LODS.
   */
  readonly execute: Execute;
  /** The fields of user_regs_struct that 0 may have changed. */
  readonly writes: readonly UserRegisterName[];
  /** A call or return, which also concerns the shadow stack of a thread that has one. */
  readonly changesShadowStack: boolean;
}

export type Prepared = {
  /** In Intel syntax, with absolute addresses. */
  readonly instruction: string;
  /** In bytes. */
  readonly length: number;
} & (
  | ({ readonly execution: 'emulated' } & Executable)
  /** The CPU executes it, on a copy of the thread's state. */
  | ({ readonly execution: 'surrogate' } & Executable)
  /** By the thread. `execute` only says so; `lifted` is for {@link Emulator.twins}. */
  | (ForTwin & Executable & { readonly lifted: Execute })
  | Refused
);

/** The refusals of instructions that must be a single step. */
const NEEDS_THREAD: ReadonlySet<RefusalCode> = new Set(['lock', 'atomic-exchange']);

/** Says how the first instruction of `bytes` would be executed, without compiling it. */
export function classify(bytes: Uint8Array, address: bigint): Classification {
  const instruction = decode(bytes, address);
  if (instruction === undefined) return { mnemonic: '', length: 0, ...refused('undecodable') };
  const { mnemonic, length } = instruction;
  const refusal = refusalOf(instruction);
  if (refusal !== undefined) {
    const twin = NEEDS_THREAD.has(refusal) ? twinPlanOf(instruction) : undefined;
    if (twin === undefined) return { mnemonic, length, ...refused(refusal) };
    return { mnemonic, length, execution: 'twin', twin, code: refusal, reason: REFUSALS[refusal] };
  }
  const operations = lift(instruction);
  if (operations !== undefined) return { mnemonic, length, execution: 'emulated', operations };
  const plan = planOf(instruction, bytes);
  if (plan !== undefined) return { mnemonic, length, execution: 'surrogate', plan };
  return { mnemonic, length, ...refused('not-lifted') };
}

/** Always steps aside: the thread executes the instruction, whatever it is to its processor. */
const BY_THE_THREAD: MicroOperations = [{ kind: 'guard', condition: FALSE }];

/** Prepares instructions for one state. Equal bytes share one compiled function: RIP is part of the state. */
export class Emulator {
  /** For instructions that the thread executes by a twin. */
  readonly twins: TwinState;
  readonly #batch: Batch;
  readonly #twinBatch: Batch;
  readonly #executePlan: ExecutePlan;
  readonly #executables = new Map<string, Executable>();
  readonly #twinned = new Map<string, Extract<Prepared, { execution: 'twin' }>>();

  /** `stateOffset`: where in the memory the {@link State} lies, in bytes, a multiple of 8. */
  constructor(
    memory: WebAssembly.Memory,
    stateOffset: number,
    host: Host,
    executePlan: ExecutePlan,
    private readonly processor = Processor.here(),
  ) {
    this.twins = new TwinState(memory, stateOffset, host);
    this.#batch = new Batch({ memory, stateOffset, host });
    this.#twinBatch = new Batch({ memory, stateOffset, host: this.twins });
    this.#executePlan = executePlan;
  }

  /** `bytes`: at least the whole instruction, without any INT3. `address`: where it lies. */
  prepare(bytes: Uint8Array, address: bigint): Prepared {
    const classification = classify(bytes, address);
    const { length } = classification;
    const instruction = disassemble(bytes, address);
    if (classification.execution === 'refused') {
      const { execution, code, reason } = classification;
      return { instruction, length, execution, code, reason };
    }
    const key = Buffer.from(bytes.buffer, bytes.byteOffset, length).toString('latin1');
    if (classification.execution === 'twin') {
      const prepared = this.#twinned.get(key) ?? this.#prepareTwin(classification);
      this.#twinned.set(key, prepared);
      return { ...prepared, instruction };
    }
    let executable = this.#executables.get(key);
    if (executable === undefined) {
      executable = this.#executable(classification);
      this.#executables.set(key, executable);
    }
    return { instruction, length, execution: classification.execution, ...executable };
  }

  /** Compiles what was prepared since the last call; otherwise this happens when one of these is first executed. */
  compile(): void {
    this.#batch.compile();
    this.#twinBatch.compile();
  }

  #prepareTwin({
    twin,
    length,
    code,
    reason,
  }: ForTwin & { readonly length: number }): Extract<Prepared, { execution: 'twin' }> {
    const lifted = this.#twinBatch.add({ operations: twin.operations, length });
    const execute = (): 1 => 1;
    const writes: readonly UserRegisterName[] = [];
    return {
      instruction: '',
      length,
      execution: 'twin',
      twin,
      lifted,
      execute,
      writes,
      changesShadowStack: false,
      code,
      reason,
    };
  }

  #executable(classification: Exclude<Classification, Refused | ForTwin>): Executable {
    if (classification.execution === 'surrogate') {
      const { plan } = classification;
      const execute = (): 0 | 1 => this.#executePlan(plan);
      return { execute, writes: plan.writes, changesShadowStack: false };
    }
    const { mnemonic, length } = classification;
    const lacking = this.processor.missingFor(mnemonic) !== undefined;
    const operations = lacking ? BY_THE_THREAD : classification.operations;
    const execute = this.#batch.add({ operations, length });
    const writes = userRegistersWritten(effectsOf(operations), length);
    return { execute, writes, changesShadowStack: mnemonic === 'call' || mnemonic === 'ret' };
  }
}

function refused(code: RefusalCode): Refused {
  return { execution: 'refused', code, reason: REFUSALS[code] };
}
