/**
 * Places → sites: of each place the best address that the engine can probe, with the probe's program compiled for that
 * very address, because where variables are changes from one instruction to the next.
 */
import { type Address, hex } from '../../base/address';
import { SidestepError } from '../../base/errors';
import { type Inspection, type Place } from '../../contract/messages';
import { type CompiledProbe } from '../../language/compileProbe';
import { type ProbeSpec } from '../../language/probes/spec';
import { compileAt, compileForCounting } from './compileAt';
import { addCounts } from './counts';
import { type Engine } from '../engine/engine';
import { type Module } from '../code/module';
import { type Probe, type Site, type SiteLocation } from './probe';
import { type Process } from '../processes/process';
import { type FoundPlace } from './resolve';
import { type SiteTable } from './siteTable';
import { type SourceMap } from '../code/sourceMap';

/** Bytes of the file that the engine compares with memory: the longest instruction. */
const EXPECTED_BYTES = 15;

/** Where a probe is to be armed, with its program or why it has none there. */
interface WantedSite {
  readonly place: FoundPlace;
  readonly found: ProbeableInspection;
  readonly compiled: CompiledProbe | SidestepError;
}

export interface Armed {
  readonly sites: readonly Site[];
  /** Why the other places have none. */
  readonly errors: readonly SidestepError[];
}

export class Arming {
  readonly #engine: Engine;
  readonly #sites: SiteTable;
  readonly #sourceMap: SourceMap;

  constructor(engine: Engine, sites: SiteTable, sourceMap: SourceMap) {
    this.#engine = engine;
    this.#sites = sites;
    this.#sourceMap = sourceMap;
  }

  /**
   * Arms a probe at each place that can be probed; nowhere if the process calls exec in the meantime. Places where the
   * message or the condition has no meaning only count hits; if it has no meaning at any place, the probe is wrong and
   * is armed nowhere.
   */
  async arm(probe: Probe, process: Process, places: readonly FoundPlace[]): Promise<Armed> {
    const { generation } = process;
    const inspections = await this.#inspect(process, places).catch(asError);
    if (process.generation !== generation) return { sites: [], errors: [calledExec(process)] };
    if (inspections instanceof SidestepError) return { sites: [], errors: [inspections] };
    const taken = new Set(probe.sites.filter((site) => site.process === process).map((site) => site.location.address));
    const errors: SidestepError[] = [];
    const wanted: WantedSite[] = [];
    for (const place of places) {
      const chosen = place.candidates.map((candidate) => inspections.get(candidate)).find(isProbeable);
      if (chosen === undefined) {
        errors.push(notProbeable(inspections.get(place.candidates[0]!)));
      } else if (!taken.has(chosen.address)) {
        taken.add(chosen.address);
        wanted.push({ place, found: chosen, compiled: asValue(() => compileAt(probe.spec, place, chosen.address)) });
      }
    }
    const isMeaningful = probe.places.length > 0 || wanted.some(({ compiled }) => !(compiled instanceof SidestepError));
    if (!isMeaningful) return { sites: [], errors: [...errors, ...wanted.flatMap(mistakeOf)] };
    const sites: Site[] = [];
    for (const outcome of await Promise.allSettled(wanted.map((one) => this.#armAt(probe, process, one)))) {
      if (outcome.status === 'fulfilled') sites.push(outcome.value);
      else errors.push(asError(outcome.reason));
    }
    return { sites, errors };
  }

  async #inspect(process: Process, places: readonly FoundPlace[]): Promise<ReadonlyMap<Address, Inspection>> {
    const wanted = new Map<Address, FoundPlace>();
    for (const place of places) for (const candidate of place.candidates) wanted.set(candidate, place);
    if (wanted.size === 0) return new Map();
    const { inspections } = await this.#engine.request('inspect', {
      pid: process.pid,
      places: [...wanted].map(([address, { module, from }]) => ({
        ...placeAt(module, address),
        ...(from !== undefined && { from }),
      })),
    });
    return new Map(inspections.map((inspection) => [inspection.address, inspection]));
  }

  async #armAt(probe: Probe, process: Process, { place, found, compiled }: WantedSite): Promise<Site> {
    const { address, instruction, execution } = found;
    const { module } = place;
    const generation = process.generation;
    const location = this.#describe(place, address);
    const { spec } = probe;
    const program =
      compiled instanceof SidestepError
        ? compileForCounting(spec, place, address, compiled)
        : { compiled, problem: undefined };
    const site: Site = {
      id: this.#sites.reserve(),
      probe,
      process,
      module,
      location,
      instruction,
      execution,
      problem: program.problem,
      compiled: program.compiled,
      warnings: [...program.compiled.warnings, ...insideOf(found), ...problemOf(spec, program.problem)],
    };
    // Known before it is armed: the first hits come before the answer.
    this.#sites.add(site);
    try {
      await this.#engine.request('arm', {
        site: site.id,
        probe: probe.id,
        pid: process.pid,
        ...placeAt(module, address),
        agent: site.compiled.agent,
        onHit: spec.kind === 'count' || site.problem !== undefined ? 'count' : 'report',
      });
    } catch (error) {
      this.#sites.remove(site);
      throw error;
    }
    const armed = probe.placeOf(site);
    if (process.generation !== generation) {
      this.#sites.remove(site);
      const counts = await this.#engine.request('disarm', { site: site.id });
      armed.counts = addCounts(armed.counts, counts);
      throw calledExec(process);
    }
    return site;
  }

  #describe(place: FoundPlace, address: Address): SiteLocation {
    const info = place.module?.image.describe(place.module.toLink(address));
    const name = place.function ?? info?.function ?? info?.symbol?.name;
    const line = place.line ?? info?.line;
    return {
      address,
      ...(line && { file: this.#sourceMap.toHere(line.file), line: line.line }),
      ...(name !== undefined && { function: name }),
    };
  }
}

type ProbeableInspection = Extract<Inspection, { probeable: true }>;

function isProbeable(inspection: Inspection | undefined): inspection is ProbeableInspection {
  return inspection?.probeable === true;
}

function asError(error: unknown): SidestepError {
  if (error instanceof SidestepError) return error;
  throw error;
}

/** What `work` gives, or the mistake that it throws. */
function asValue<T>(work: () => T): T | SidestepError {
  try {
    return work();
  } catch (error) {
    return asError(error);
  }
}

function mistakeOf({ compiled }: WantedSite): readonly SidestepError[] {
  return compiled instanceof SidestepError ? [compiled] : [];
}

/** The warning says nothing of the address: many copies may have the same reason. */
function problemOf({ text }: ProbeSpec, problem: string | undefined): readonly string[] {
  return problem === undefined
    ? []
    : [`${text}: at some of its places ${problem.replace(' here', '')}; hits there are counted, not reported`];
}

/** What a module's file says about an address, in the form of a request. */
export function placeAt(module: Module | undefined, address: Address): Place {
  if (module === undefined) return { address };
  const at = module.toLink(address);
  const bytes = module.image.textAt(at, EXPECTED_BYTES);
  const sequence = module.image.restartableSequenceAt(at);
  return {
    address,
    ...(bytes && { expected: Buffer.from(bytes).toString('hex') }),
    ...(sequence && { sequence: { start: module.toRun(sequence.start), end: module.toRun(sequence.end) } }),
  };
}

function calledExec({ pid }: Process): SidestepError {
  return new SidestepError('no-code', `process ${pid} called exec while the probe was being set`);
}

function insideOf({ address, inside }: ProbeableInspection): readonly string[] {
  return inside === undefined
    ? []
    : [
        `${hex(address)} lies inside the instruction ${inside.instruction} at ${hex(inside.address)}: a probe there changes that instruction`,
      ];
}

function notProbeable(inspection: Inspection | undefined): SidestepError {
  return inspection === undefined || inspection.probeable
    ? new SidestepError('engine-protocol', 'the engine did not say whether the place can be probed')
    : new SidestepError(inspection.code, inspection.reason);
}
