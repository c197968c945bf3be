/**
 * Compares the instructions of binaries with the CPU in batches, as they are found. So memory grows only with the
 * number of distinct instructions, by a few bytes each.
 */
import { assertExists } from '../../base/assert';
import { setImmediate } from 'node:timers/promises';
import { type LinkAddress } from '../../base/address';
import { SidestepError } from '../../base/errors';
import { type Image } from '../../debuginfo/image';
import { OracleKilled } from '../../emulator/oracle/oracle';
import { Random } from '../../emulator/oracle/random';
import { subjectOf } from '../../emulator/oracle/subjects';
import { type Mismatch, type Subject, verify } from '../../emulator/oracle/verify';
import { Processor } from '../../emulator/machine/processor';
import { Classifier } from '../coverage/classifier';
import { codeAt, forEachImage } from '../coverage/images';
import { Sample } from './sample';

export interface CheckOptions {
  /** From how many states each instruction runs. */
  readonly states: number;
  readonly seed: number;
  /** How many instructions at most; undefined: all. */
  readonly limit: number | undefined;
  /** Further directories with separate debug files. */
  readonly debugDirectories?: readonly string[];
}

/** Where an instruction was first found. */
interface Origin {
  readonly file: string;
  readonly address: LinkAddress;
}

export interface Failure extends Origin {
  readonly mismatch: Mismatch;
}

export interface CheckResult {
  readonly seed: number;
  /** Binaries that were read to their end. */
  readonly binaries: number;
  /** Distinct instructions that were compared. */
  readonly instructions: number;
  readonly states: number;
  /** The states from which the instruction ran to its end; from the others it faulted. */
  readonly completed: number;
  readonly mismatches: number;
  /** The first of them. */
  readonly failures: readonly Failure[];
  /** Spent on comparing, in seconds. */
  readonly seconds: number;
  /** Distinct instructions that were not compared: run by the surrogate, run by the thread, or refused. */
  readonly surrogate: number;
  readonly twin: number;
  readonly refused: number;
  /** Those that this CPU lacks, by feature. */
  readonly lacking: ReadonlyMap<string, number>;
  /** What ended the check early; the other fields are as of then. */
  readonly ended: Ended | undefined;
}

export type Ended = { readonly signal: NodeJS.Signals } | { readonly error: unknown };

type Progress = Pick<CheckResult, 'instructions' | 'states' | 'mismatches'>;

/** Hooks for progress and interruption, and what tests replace. */
export interface CheckParts {
  /** Called after each batch. */
  readonly onProgress: (progress: Progress) => void;
  /** The signal that wants it to end; looked at after each batch and each binary. */
  readonly stop: () => NodeJS.Signals | undefined;
  /** How an instruction becomes a subject. */
  readonly prepare: typeof subjectOf;
  readonly processor: Processor;
  readonly statesPerBatch: number;
}

/**
 * Keeps a batch's trials within some 100 MB; larger batches save little, because a batch already runs for about a
 * second.
 */
const STATES_PER_BATCH = 50_000;

/** A wrong rule fails in thousands of states; more examples than these help no reader. */
const KEPT_FAILURES = 100;

/** Checks all instructions at entries and line starts of the binaries. Errors on the way are in the result. */
export async function check(
  names: readonly string[],
  options: CheckOptions,
  parts: Partial<CheckParts> = {},
): Promise<CheckResult> {
  const run = new Check(options, {
    onProgress: () => undefined,
    stop: () => undefined,
    prepare: subjectOf,
    processor: Processor.here(),
    statesPerBatch: STATES_PER_BATCH,
    ...parts,
  });
  let missing: Ended | undefined;
  try {
    try {
      await forEachImage(names, (image) => run.add(image), options.debugDirectories);
    } catch (error) {
      // Of the names, the first that is wrong: what came before it counts.
      if (!(error instanceof SidestepError)) throw error;
      missing = { error };
    }
    await run.finish();
  } catch (error) {
    const stopped = error instanceof Stopped || error instanceof OracleKilled;
    return run.result(stopped ? { signal: error.signal } : { error });
  }
  return run.result(missing);
}

class Stopped extends Error {
  constructor(readonly signal: NodeJS.Signals) {
    super();
  }
}

class Check {
  readonly #random: Random;
  readonly #sample: Sample<{ readonly bytes: Uint8Array; readonly origin: Origin }> | undefined;
  readonly #batchSize: number;
  readonly #batch = new Map<Subject, Origin>();
  readonly #failures: Failure[] = [];
  #sums = { binaries: 0, instructions: 0, states: 0, completed: 0, mismatches: 0, seconds: 0 };
  #notCompared = { surrogate: 0, twin: 0, refused: 0 };
  readonly #lacking = new Map<string, number>();

  constructor(
    private readonly options: CheckOptions,
    private readonly parts: CheckParts,
  ) {
    this.#random = new Random(options.seed);
    this.#sample = options.limit === undefined ? undefined : new Sample(options.limit, this.#random);
    this.#batchSize = Math.max(1, Math.floor(parts.statesPerBatch / options.states));
  }

  #origin: Origin | undefined;

  readonly #classifier = new Classifier((bytes, { execution, mnemonic }) => {
    const origin = assertExists(this.#origin, 'origin');
    if (execution !== 'emulated') {
      this.#notCompared[execution]++;
      return;
    }
    const feature = this.parts.processor.missingFor(mnemonic);
    if (feature !== undefined) this.#lacking.set(feature, (this.#lacking.get(feature) ?? 0) + 1);
    else if (this.#sample !== undefined) this.#sample.add({ bytes, origin });
    else this.#prepare(bytes, origin);
  });

  async add(image: Image): Promise<void> {
    for (const places of [image.functionEntries(), image.lineStarts()]) {
      for (const { address, bytes } of codeAt(image, places)) {
        this.#origin = { file: image.path, address };
        this.#classifier.verdict(bytes);
        if (this.#batch.size === this.#batchSize) await this.#compare();
      }
    }
    this.#sums.binaries++;
    await this.#pause();
  }

  async finish(): Promise<void> {
    for (const { bytes, origin } of this.#sample?.items ?? []) {
      this.#prepare(bytes, origin);
      if (this.#batch.size === this.#batchSize) await this.#compare();
    }
    await this.#compare();
  }

  result(ended: Ended | undefined): CheckResult {
    const { seed } = this.options;
    return { seed, ...this.#sums, ...this.#notCompared, lacking: this.#lacking, failures: this.#failures, ended };
  }

  #prepare(bytes: Uint8Array, origin: Origin): void {
    const subject = this.parts.prepare(bytes, this.#random);
    if (subject !== undefined) this.#batch.set(subject, origin);
  }

  async #compare(): Promise<void> {
    if (this.#batch.size === 0) return;
    const start = performance.now();
    const { states, executed, mismatches } = verify([...this.#batch.keys()], {
      states: this.options.states,
      seed: this.#random.u32(),
    });
    const sums = this.#sums;
    this.#sums = {
      ...sums,
      instructions: sums.instructions + this.#batch.size,
      states: sums.states + states,
      completed: sums.completed + executed,
      mismatches: sums.mismatches + mismatches.length,
      seconds: sums.seconds + (performance.now() - start) / 1000,
    };
    for (const mismatch of mismatches.slice(0, KEPT_FAILURES - this.#failures.length)) {
      this.#failures.push({ ...assertExists(this.#batch.get(mismatch.subject), 'subject of the batch'), mismatch });
    }
    this.#batch.clear();
    this.parts.onProgress(this.#sums);
    await this.#pause();
  }

  /** Signals reach this process's handlers only between two turns of the event loop. */
  async #pause(): Promise<void> {
    await setImmediate();
    const signal = this.parts.stop();
    if (signal !== undefined) throw new Stopped(signal);
  }
}
