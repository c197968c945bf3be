/** The probes of a session: placed in every process, placed again whenever code is loaded, taken away. */
import { SidestepError } from '../base/errors';
import { Emitter, type Event } from '../base/lifetime';
import { type Counts, type ProbeId, type SiteId } from '../contract/messages';
import { checkCondition, checkMessage } from '../language/check';
import { relocating } from '../language/diagnostics';
import { type ProbeSpec } from '../language/probes/spec';
import { Arming } from './arming';
import { type Engine } from './engine';
import { type Module } from './module';
import { Probe, type Site } from './probe';
import { type Process } from './process';
import { explainMissing, findPlaces, type FoundPlace } from './resolve';
import { type SiteTable } from './siteTable';
import { type SourceMap } from './sourceMap';
import { newerSources } from './sourceAge';

/** A probe's counts over all its sites, and each site's. */
export interface ProbeCounts extends Counts {
  readonly sites: ReadonlyMap<Site, Counts>;
}

export const NO_COUNTS: Counts = { hits: 0, reported: 0, lost: 0, failedConditions: 0, steppedAside: 0 };

export class Probes {
  readonly #engine: Engine;
  readonly #sites: SiteTable;
  readonly #arming: Arming;
  readonly #sourceMap: SourceMap;
  readonly #probes = new Set<Probe>();
  readonly #changed = new Emitter<Probe>();
  #lastId: ProbeId = 0;

  /** State, sites or reason of a probe are other ones than before. Not fired for what `add` and `remove` themselves do. */
  readonly onChanged: Event<Probe> = this.#changed.on;

  constructor(engine: Engine, sites: SiteTable, sourceMap: SourceMap) {
    this.#engine = engine;
    this.#sites = sites;
    this.#sourceMap = sourceMap;
    this.#arming = new Arming(engine, sites, sourceMap);
  }

  /** Places a new probe in all processes. */
  async add(spec: ProbeSpec, processes: Iterable<Process>): Promise<Probe> {
    const probe = new Probe(++this.#lastId, spec);
    this.#probes.add(probe);
    const mistake = findMistake(spec);
    if (mistake) {
      probe.state = 'failed';
      probe.error = mistake;
      return probe;
    }
    await this.#engine.request('declare', { probe: probe.id, ...(spec.hits && { hitCondition: spec.hits }) });
    for (const process of processes) await this.#place(probe, process, process.modules);
    return probe;
  }

  /** Takes a probe away; its last counts. */
  async remove(probe: Probe): Promise<Counts> {
    if (!this.#probes.delete(probe)) return NO_COUNTS;
    await this.#disarm(probe.sites);
    const { probes } = await this.#engine.request('counts', {});
    for (const site of [...this.#sites.values()]) if (site.probe === probe) this.#sites.remove(site);
    probe.sites = [];
    probe.state = 'removed';
    return probes.find(([id]) => id === probe.id)?.[1] ?? NO_COUNTS;
  }

  /** Places all probes in modules that have come into a process. */
  async enter(process: Process, modules: readonly Module[]): Promise<void> {
    for (const probe of this.#probes) {
      if (isMistaken(probe)) continue;
      const before = { state: probe.state, sites: probe.sites, error: probe.error?.message };
      await this.#place(probe, process, modules);
      if (probe.state !== before.state || probe.sites !== before.sites || probe.error?.message !== before.error)
        this.#changed.fire(probe);
    }
  }

  /** The modules are no longer mapped; their sites went with them, or are taken out where the engine still has them. */
  async leave(modules: ReadonlySet<Module>): Promise<void> {
    const gone = [...this.#sites.values()].filter((site) => site.module !== undefined && modules.has(site.module));
    await this.#disarm(gone);
    for (const site of gone) this.#drop(site);
  }

  /** All sites of a process are gone: it runs another program now, in which every location is looked for anew. */
  forget(process: Process): void {
    for (const site of [...this.#sites.values()]) if (site.process === process) this.#drop(site);
    for (const probe of this.#probes) {
      if (probe.sites.length > 0 || isMistaken(probe)) continue;
      probe.state = 'pending';
      probe.error = undefined;
      probe.line = undefined;
    }
  }

  /** The engine has lost a site. */
  lose(id: SiteId, reason: string): void {
    const site = this.#sites.get(id);
    if (!site) return;
    site.probe.error ??= new SidestepError('not-probeable', reason);
    this.#drop(site);
  }

  async counts(): Promise<ReadonlyMap<Probe, ProbeCounts>> {
    const answer = await this.#engine.request('counts', {});
    const byProbe = new Map(answer.probes);
    const bySite = new Map(answer.sites);
    const result = new Map<Probe, ProbeCounts & { readonly sites: Map<Site, Counts> }>();
    for (const probe of this.#probes) result.set(probe, { ...(byProbe.get(probe.id) ?? NO_COUNTS), sites: new Map() });
    for (const site of this.#sites.values()) result.get(site.probe)?.sites.set(site, bySite.get(site.id) ?? NO_COUNTS);
    return result;
  }

  async #place(probe: Probe, process: Process, modules: readonly Module[]): Promise<void> {
    const { location } = probe.spec;
    const generation = process.generation;
    const search = findPlaces(location, modules, this.#sourceMap);
    const { sites, errors } = await this.#arming.arm(probe, process, search.places);
    if (process.generation !== generation || process.end !== undefined) return;
    if (sites.length > 0) probe.sites = [...probe.sites, ...sites];
    probe.line ??= search.line;
    probe.warnings = distinct([
      ...probe.warnings,
      ...sites.flatMap((site) => site.warnings),
      ...newerSources(search.places, this.#sourceMap),
      ...incompleteDebugInfo(search.places),
    ]);
    const failure = errors[0] ?? search.errors[0];
    if (probe.sites.length > 0) {
      probe.state = 'armed';
      probe.error = failure;
    } else if (failure !== undefined) {
      probe.state = 'failed';
      probe.error = failure;
    } else if (probe.state === 'pending') {
      probe.error ??= explainMissing(location, process.modules, this.#sourceMap);
    }
  }

  async #disarm(sites: readonly Site[]): Promise<void> {
    await Promise.all(sites.map((site) => this.#engine.request('disarm', { site: site.id })));
  }

  #drop(site: Site): void {
    const { probe } = site;
    this.#sites.remove(site);
    probe.sites = probe.sites.filter((other) => other !== site);
    if (probe.sites.length === 0 && probe.state === 'armed') probe.state = 'pending';
    this.#changed.fire(probe);
  }
}

/** What is wrong with a probe wherever it is placed; its place's section is `message` or `condition`, as {@link compileProbe} says it. */
function findMistake({ message, condition }: ProbeSpec): SidestepError | undefined {
  try {
    if (message !== undefined)
      relocating(
        (range) => ({ range, section: 'message' }),
        () => checkMessage(message),
      );
    if (condition !== undefined)
      relocating(
        (range) => ({ range, section: 'condition' }),
        () => checkCondition(condition),
      );
    return undefined;
  } catch (error) {
    if (error instanceof SidestepError) return error;
    throw error;
  }
}

/** What the modules of `places` lack of their debug information. */
function incompleteDebugInfo(places: readonly FoundPlace[]): readonly string[] {
  return [...new Set(places.map(({ module }) => module))].flatMap((module) => module?.image.notices() ?? []);
}

function isMistaken(probe: Probe): boolean {
  return probe.state === 'failed' && probe.error?.code === 'syntax';
}

function distinct(texts: readonly string[]): readonly string[] {
  return [...new Set(texts)];
}
