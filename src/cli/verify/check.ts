/**
 * Compares the instructions of binaries with the CPU in batches as they are found, so that what is kept grows with the number of
 * distinct instructions alone, and by a few bytes for each.
 */
import { type LinkAddress } from '../../base/address';
import { type Image } from '../../debuginfo/image';
import { Random } from '../../emulator/oracle/random';
import { subjectOf } from '../../emulator/oracle/subjects';
import { type Mismatch, type Subject, verify } from '../../emulator/oracle/verify';
import { Classifier } from '../coverage/classifier';
import { codeAt, forEachImage } from '../coverage/images';
import { Sample } from './sample';

export interface CheckOptions {
  /** From how many states each instruction runs. */
  readonly states: number;
  readonly seed: number;
  /** How many instructions at most; undefined: all. */
  readonly limit: number | undefined;
}

/** Where an instruction was first met. */
interface Origin {
  readonly file: string;
  readonly address: LinkAddress;
}

export interface Failure extends Origin {
  readonly mismatch: Mismatch;
}

export interface CheckResult {
  readonly seed: number;
  readonly binaries: number;
  /** Distinct instructions that were compared. */
  readonly instructions: number;
  readonly states: number;
  /** From so many of the states the instruction ran to its end; from the others it faulted. */
  readonly executed: number;
  readonly mismatches: number;
  /** The first of them. */
  readonly failures: readonly Failure[];
  /** Spent on comparing, in seconds. */
  readonly seconds: number;
  /** Distinct instructions that were not compared: because the CPU itself executes them, or nobody does. */
  readonly surrogate: number;
  readonly refused: number;
}

type Progress = Pick<CheckResult, 'instructions' | 'states' | 'mismatches'>;

/** How an instruction becomes a subject: {@link subjectOf}, or a test's own. */
type Prepare = typeof subjectOf;

/** What keeps a batch's trials within some 100 MB. */
const STATES_PER_BATCH = 50_000;

/** A wrong rule shows in thousands of states; nobody reads more than these. */
const KEPT_FAILURES = 100;

/** Checks all instructions at entries and line starts of the binaries. `onProgress` is called after each batch. */
export function check(
  names: readonly string[],
  options: CheckOptions,
  onProgress: (progress: Progress) => void = () => undefined,
  prepare: Prepare = subjectOf,
): CheckResult {
  const run = new Check(options, onProgress, prepare);
  const binaries = forEachImage(names, (image) => run.add(image));
  return run.finish(binaries);
}

class Check {
  readonly #random: Random;
  readonly #sample: Sample<{ readonly bytes: Uint8Array; readonly origin: Origin }> | undefined;
  readonly #batchSize: number;
  readonly #batch = new Map<Subject, Origin>();
  readonly #failures: Failure[] = [];
  #sums = { instructions: 0, states: 0, executed: 0, mismatches: 0, seconds: 0 };
  #notCompared = { surrogate: 0, refused: 0 };

  constructor(
    private readonly options: CheckOptions,
    private readonly onProgress: (progress: Progress) => void,
    private readonly prepare: Prepare,
  ) {
    this.#random = new Random(options.seed);
    this.#sample = options.limit === undefined ? undefined : new Sample(options.limit, this.#random);
    this.#batchSize = Math.max(1, Math.floor(STATES_PER_BATCH / options.states));
  }

  #origin: Origin | undefined;

  readonly #classifier = new Classifier((bytes, { execution }) => {
    const origin = this.#origin!;
    if (execution !== 'emulated') this.#notCompared[execution]++;
    else if (this.#sample !== undefined) this.#sample.add({ bytes, origin });
    else this.#compare(bytes, origin);
  });

  add(image: Image): void {
    for (const places of [image.functionEntries(), image.lineStarts()]) {
      for (const { address, bytes } of codeAt(image, places)) {
        this.#origin = { file: image.path, address };
        this.#classifier.verdict(bytes);
      }
    }
  }

  finish(binaries: number): CheckResult {
    for (const { bytes, origin } of this.#sample?.items ?? []) this.#compare(bytes, origin);
    this.#flush();
    return { seed: this.options.seed, binaries, ...this.#sums, ...this.#notCompared, failures: this.#failures };
  }

  #compare(bytes: Uint8Array, origin: Origin): void {
    const subject = this.prepare(bytes, this.#random);
    if (subject === undefined) return;
    this.#batch.set(subject, origin);
    if (this.#batch.size === this.#batchSize) this.#flush();
  }

  #flush(): void {
    if (this.#batch.size === 0) return;
    const start = performance.now();
    const { states, executed, mismatches } = verify([...this.#batch.keys()], {
      states: this.options.states,
      seed: this.#random.u32(),
    });
    const sums = this.#sums;
    this.#sums = {
      instructions: sums.instructions + this.#batch.size,
      states: sums.states + states,
      executed: sums.executed + executed,
      mismatches: sums.mismatches + mismatches.length,
      seconds: sums.seconds + (performance.now() - start) / 1000,
    };
    for (const mismatch of mismatches.slice(0, KEPT_FAILURES - this.#failures.length)) {
      this.#failures.push({ ...this.#batch.get(mismatch.subject)!, mismatch });
    }
    this.#batch.clear();
    this.onProgress(this.#sums);
  }
}
