/**
 * Places → sites: of each place the best address that the engine can probe, with the probe's program compiled for that
 * very address, because where variables are changes from one instruction to the next. The engine examines an address
 * when it arms it, and only then: all places go out in one request at their best addresses, and those that are refused
 * once more at their next ones.
 */
import { setImmediate } from 'node:timers/promises';
import { type Address, hex } from '../../base/address';
import { type ErrorCode, SidestepError } from '../../base/errors';
import { toError, toFailure } from '../../contract/engineFailure';
import { type ArmOutcome, type DisplacedInstruction, type SiteRequest } from '../../contract/messages';
import { type Visualizers } from '../../language/natvis/ast';
import { type CompiledProbe } from '../../language/compileProbe';
import { compileAt, compileForCounting } from './compileAt';
import { addCounts, NO_COUNTS } from './countSums';
import { type Engine } from '../engine/engine';
import { type Probe, type Site, type SiteLocation } from './userProbe';
import { unlessEnded } from '../processes/ended';
import { type Process } from '../processes/process';
import { type FoundPlace } from './foundPlace';
import { type PlaceFailure } from './patternTally';
import { placeAt } from './placeAt';
import { type SiteTable } from './siteTable';
import { type SourceMap } from '../code/sourceMap';

/**
 * How many sites go out in one request: while the engine arms them, the next ones are compiled. Smaller batches overlap
 * better; larger ones cost fewer messages.
 */
const BATCH_SITES = 500;

/** Why an address is refused while another one of the same place may serve. */
const OF_THE_ADDRESS: ReadonlySet<ErrorCode> = new Set(['not-probeable', 'text-differs', 'memory-unreachable']);

/** Where a probe is wanted. */
interface WantedPlaces {
  readonly probe: Probe;
  readonly places: readonly FoundPlace[];
}

/** What became of a probe's places. */
export interface Armed {
  readonly sites: readonly Site[];
  /** What the user should know about the probe at these sites. */
  readonly warnings: readonly string[];
  /** Why the other places have none. */
  readonly failures: readonly PlaceFailure[];
}

/** {@link Armed} as it grows. */
interface Progress {
  readonly probe: Probe;
  readonly visualizers: Visualizers | undefined;
  /** Where the probe stands, or is about to: places can share an address. */
  readonly taken: Set<Address | string>;
  readonly sites: Site[];
  readonly warnings: string[];
  readonly failures: PlaceFailure[];
}

/** A place at one of its addresses, with the probe's program for that one or why it has none there. */
interface Attempt {
  readonly progress: Progress;
  readonly place: FoundPlace;
  /** Index of the address in the place's candidates. */
  readonly candidate: number;
  readonly address: Address;
  readonly compiled: CompiledProbe | SidestepError;
  /** Why the best address was refused, where this is another one. */
  readonly refusal: SidestepError | undefined;
}

/** An attempt that goes to the engine. */
interface Asked {
  readonly attempt: Attempt;
  readonly site: Site;
}

type Answered = readonly [Asked, ArmOutcome];

export class SiteArming {
  readonly #engine: Engine;
  readonly #sites: SiteTable;
  readonly #sourceMap: SourceMap;
  readonly #visualizers: Visualizers | undefined;

  constructor(engine: Engine, sites: SiteTable, sourceMap: SourceMap, visualizers?: Visualizers) {
    this.#engine = engine;
    this.#sites = sites;
    this.#sourceMap = sourceMap;
    this.#visualizers = visualizers;
  }

  /**
   * Arms probes at each of their places that can be probed; nowhere if the process calls exec meanwhile. Where message
   * or condition have no meaning at some of a probe's places only, hits are counted there; where they have none at all,
   * the probe is wrong and armed nowhere. Gives what became of each probe.
   */
  async arm(process: Process, wanted: readonly WantedPlaces[]): Promise<ReadonlyMap<Probe, Armed>> {
    const all = wanted.map(({ probe, places }) => ({ progress: begin(probe, process, this.#visualizers), places }));
    let attempts: Iterable<Attempt> = meaningfulOfAll(all);
    for (;;) {
      const answers = await this.#askInBatches(process, attempts);
      if (answers.length === 0) break;
      attempts = answers.flatMap(([{ attempt, site }, outcome]) => settle(attempt, site, outcome));
    }
    return new Map(all.map(({ progress }) => [progress.probe, progress]));
  }

  /** Stops in between when the process calls exec or ends. */
  async #askInBatches(process: Process, attempts: Iterable<Attempt>): Promise<readonly Answered[]> {
    const { generation } = process;
    const answers: Promise<readonly Answered[]>[] = [];
    let batch: Attempt[] = [];
    for (const attempt of attempts) {
      batch.push(attempt);
      if (batch.length < BATCH_SITES) continue;
      const asked = this.#ask(process, batch);
      // Its failure may come before all are awaited.
      asked.catch(() => undefined);
      answers.push(asked);
      batch = [];
      // The request goes out, and hits come in.
      await setImmediate();
      if (process.generation !== generation || process.end !== undefined) break;
    }
    if (batch.length > 0) answers.push(this.#ask(process, batch));
    return (await Promise.all(answers)).flat();
  }

  async #ask(process: Process, attempts: readonly Attempt[]): Promise<readonly Answered[]> {
    const { generation, pid } = process;
    const asked = attempts.map((attempt) => ({ attempt, site: this.#siteFor(process, attempt) }));
    // Known before they are armed: the first hits come before the answer.
    for (const { site } of asked) this.#sites.add(site);
    const outcomes = await this.#request(pid, asked.map(requestFor));
    const answers = asked.map((one, index) => [one, outcomes[index] ?? UNANSWERED] as const);
    const armed: Site[] = [];
    for (const [{ site }, outcome] of answers) {
      if ('failure' in outcome) this.#sites.remove(site);
      else {
        site.place.displaced = outcome;
        armed.push(site);
      }
    }
    if (process.generation === generation) return answers;
    await this.#takeBack(armed);
    return asked.map((one) => [one, { failure: toFailure(calledExec(process)) }]);
  }

  async #request(pid: number, sites: readonly SiteRequest[]): Promise<readonly ArmOutcome[]> {
    try {
      return (await this.#engine.request('arm', { pid, sites })).outcomes;
    } catch (error) {
      if (!(error instanceof SidestepError)) throw error;
      const failure = toFailure(error);
      return sites.map(() => ({ failure }));
    }
  }

  async #takeBack(sites: readonly Site[]): Promise<void> {
    for (const site of sites) this.#sites.remove(site);
    const answer = await unlessEnded(this.#engine.request('disarm', { sites: sites.map(({ id }) => id) }));
    const counted = new Map(answer?.sites);
    for (const site of sites) {
      site.place.counts = addCounts(site.place.counts, counted.get(site.id) ?? NO_COUNTS);
    }
  }

  #siteFor(process: Process, { progress: { probe }, place, address, compiled }: Attempt): Site {
    const program =
      compiled instanceof SidestepError
        ? compileForCounting(probe.spec, place, address, compiled)
        : { compiled, problem: undefined };
    const { module } = place;
    const location = this.#describe(place, address);
    return {
      id: this.#sites.reserve(),
      probe,
      process,
      ...(place.copy !== undefined && { copy: place.copy }),
      module,
      location,
      place: probe.placeOf({ module, location, problem: program.problem }),
      ...program,
    };
  }

  #describe(place: FoundPlace, address: Address): SiteLocation {
    const isKnown = place.function !== undefined && place.line !== undefined;
    const info = isKnown ? undefined : place.module?.image.describe(place.module.toLink(address));
    const name = place.function ?? info?.function ?? info?.symbol?.name;
    const line = place.line ?? info?.line;
    return {
      address,
      ...(line && { file: this.#sourceMap.toHere(line.file), line: line.line }),
      ...(name !== undefined && { function: name }),
    };
  }
}

const UNANSWERED: ArmOutcome = {
  failure: { code: 'engine-protocol', message: 'the engine did not say what became of the place' },
};

function begin(probe: Probe, process: Process, visualizers: Visualizers | undefined): Progress {
  const there = probe.sites.filter((site) => site.process === process);
  return {
    probe,
    visualizers,
    taken: new Set(there.map(({ location }) => positionOf(probe, location.address, location))),
    sites: [],
    warnings: [],
    failures: [],
  };
}

/** One site of a probe; of a pattern, one for each line or function that begins at the address. */
function positionOf(
  { spec, isPattern }: Probe,
  address: Address,
  meant: { readonly line?: number; readonly function?: string },
): Address | string {
  if (!isPattern) return address;
  return `${address} ${(spec.location.kind === 'lines' ? meant.line : meant.function) ?? ''}`;
}

function* meaningfulOfAll(
  all: readonly { readonly progress: Progress; readonly places: readonly FoundPlace[] }[],
): IterableIterator<Attempt> {
  for (const { progress, places } of all) yield* meaningful(progress, places);
}

/** The places at their best addresses; none, but what is wrong, where the probe means nothing at any of them. */
function* meaningful(progress: Progress, places: readonly FoundPlace[]): IterableIterator<Attempt> {
  let isMeaningful = progress.probe.places.length > 0;
  const mistaken: Attempt[] = [];
  for (const place of places) {
    for (const attempt of attemptAt(progress, place)) {
      isMeaningful ||= !(attempt.compiled instanceof SidestepError);
      if (!isMeaningful) mistaken.push(attempt);
      else {
        yield* mistaken.splice(0);
        yield attempt;
      }
    }
  }
  for (const { place, compiled } of mistaken) {
    if (compiled instanceof SidestepError) progress.failures.push({ place, error: compiled });
  }
}

/** None if the probe stands there already. */
function attemptAt(progress: Progress, place: FoundPlace, candidate = 0, refusal?: SidestepError): readonly Attempt[] {
  const address = place.candidates[candidate];
  if (address === undefined) return [];
  const position = positionAt(progress, place, address);
  if (progress.taken.has(position)) return [];
  progress.taken.add(position);
  const compiled = asValue(() => compileAt(progress.probe.spec, place, address, progress.visualizers));
  return [{ progress, place, candidate, address, compiled, refusal }];
}

function positionAt({ probe }: Progress, { line, function: name }: FoundPlace, address: Address): Address | string {
  return positionOf(probe, address, {
    ...(line && { line: line.line }),
    ...(name !== undefined && { function: name }),
  });
}

/** Notes what became of an attempt; where its address is refused and the place has another one, that is next. */
function settle(attempt: Attempt, site: Site, outcome: ArmOutcome): readonly Attempt[] {
  const { progress, place, address, candidate } = attempt;
  if (!('failure' in outcome)) {
    progress.sites.push(site);
    progress.warnings.push(...warningsAt(site, outcome));
    return [];
  }
  const error = toError(outcome.failure);
  const refusal = attempt.refusal ?? error;
  progress.taken.delete(positionAt(progress, place, address));
  if (OF_THE_ADDRESS.has(error.code) && candidate + 1 < place.candidates.length)
    return attemptAt(progress, place, candidate + 1, refusal);
  progress.failures.push({ place, error: refusal });
  return [];
}

function requestFor({ attempt: { place, address }, site }: Asked): SiteRequest {
  const { probe } = site;
  return {
    site: site.id,
    probe: probe.id,
    ...placeAt(place.module, address),
    ...(place.from !== undefined && { from: place.from }),
    agent: site.compiled.agent,
    onHit: probe.spec.kind === 'count' || site.problem !== undefined ? 'count' : 'report',
  };
}

/** What `work` gives, or the mistake that it throws. */
function asValue<T>(work: () => T): T | SidestepError {
  try {
    return work();
  } catch (error) {
    if (error instanceof SidestepError) return error;
    throw error;
  }
}

function warningsAt({ probe, compiled, problem, location }: Site, { inside }: DisplacedInstruction): readonly string[] {
  const warnings = [...compiled.warnings];
  if (inside !== undefined) {
    warnings.push(
      `${hex(location.address)} lies inside the instruction ${inside.instruction} at ${hex(inside.address)}: ` +
        'a probe there changes that instruction',
    );
  }
  // It says nothing of the address: many copies may have the same reason.
  if (problem !== undefined) {
    const reason = problem.replace(' here', '');
    warnings.push(`${probe.spec.text}: at some of its places ${reason}; hits there are counted, not reported`);
  }
  return warnings;
}

function calledExec({ pid }: Process): SidestepError {
  return new SidestepError('no-code', `process ${pid} called exec while the probe was being set`);
}
