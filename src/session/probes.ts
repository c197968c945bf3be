/** The probes of a session: placed in every process, placed again whenever code is loaded, taken away. */
import { hex } from '../base/address';
import { SidestepError } from '../base/errors';
import { Emitter, type Event } from '../base/lifetime';
import { type Counts, type ProbeId, type SiteCounts, type SiteId } from '../contract/messages';
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

/** What a probe counted in one process, from one exec to the next. */
export interface ProcessCounts extends Counts {
  readonly pid: number;
  /** The pid of the process that created it, if it was followed. */
  readonly parent: number | undefined;
  readonly executable: string;
}

/** A probe's counts over all its sites, each site's, and those of each process that has hit it. */
export interface ProbeCounts extends Counts {
  readonly sites: ReadonlyMap<Site, Counts>;
  readonly processes: readonly ProcessCounts[];
}

export const NO_COUNTS: Counts = { hits: 0, reported: 0, lost: 0, failedConditions: 0, steppedAside: 0 };

export class Probes {
  readonly #engine: Engine;
  readonly #sites: SiteTable;
  readonly #arming: Arming;
  readonly #sourceMap: SourceMap;
  readonly #probes = new Set<Probe>();
  /** Of processes that have ended or called exec. */
  readonly #ended = new Map<Probe, ProcessCounts[]>();
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
    const declared = this.#engine.request('declare', {
      probe: probe.id,
      ...(spec.hits && { hitCondition: spec.hits }),
    });
    await Promise.all([declared, this.#placeEverywhere(probe, processes)]);
    return probe;
  }

  async #placeEverywhere(probe: Probe, processes: Iterable<Process>): Promise<void> {
    for (const process of processes) await this.#place(probe, process, process.modules);
  }

  /** Takes a probe away; its last counts. */
  async remove(probe: Probe): Promise<Counts> {
    if (!this.#probes.delete(probe)) return NO_COUNTS;
    const counts = await this.#engine.request('forget', { probe: probe.id });
    this.#forgetSites(probe);
    this.#ended.delete(probe);
    probe.state = 'removed';
    return counts;
  }

  /** Places all probes in modules that have come into a process. */
  async enter(process: Process, modules: readonly Module[]): Promise<void> {
    const { generation } = process;
    for (const probe of this.#probes) {
      if (process.generation !== generation) return;
      if (isMistaken(probe)) continue;
      const before = { state: probe.state, sites: probe.sites, error: probe.error?.message };
      await this.#place(probe, process, modules);
      if (probe.state !== before.state || probe.sites !== before.sites || probe.error?.message !== before.error)
        this.#changed.fire(probe);
    }
  }

  /** A child was forked with these sites, each with the one of its parent that it stands for. */
  inherit(process: Process, sites: Iterable<readonly [SiteId, SiteId]>): void {
    for (const [id, parents] of sites) {
      const template = this.#sites.get(parents);
      // None: it is the session's own.
      if (template === undefined) continue;
      const site: Site = { ...template, id, process };
      this.#sites.add(site);
      site.probe.sites = [...site.probe.sites, site];
    }
  }

  /** The engine has forgotten these sites, because their process ended or called exec. */
  tally({ pid, parent, executable }: Process, counts: SiteCounts): void {
    const sums = new Map<Probe, Counts>();
    const lost = new Set<Probe>();
    for (const [id, counted] of counts) {
      const site = this.#sites.get(id);
      if (site === undefined) continue;
      const { probe } = site;
      sums.set(probe, add(sums.get(probe) ?? NO_COUNTS, counted));
      if (this.#detach(site)) lost.add(probe);
    }
    for (const [probe, sum] of sums) {
      if (sum.hits === 0) continue;
      const ended = this.#ended.get(probe) ?? [];
      ended.push({ pid, parent, executable, ...sum });
      this.#ended.set(probe, ended);
    }
    for (const probe of lost) this.#changed.fire(probe);
  }

  /** The modules are no longer mapped; their sites went with them, or are taken out where the engine still has them. */
  async leave(process: Process, modules: ReadonlySet<Module>): Promise<void> {
    const gone = [...this.#sites.values()].filter(
      (site) => site.process === process && site.module !== undefined && modules.has(site.module),
    );
    await this.#disarm(gone);
    for (const site of gone) this.#drop(site);
  }

  /** All sites of a process are gone: it runs another program now, in which every location is looked for anew. */
  forget(process: Process): void {
    for (const site of [...this.#sites.values()]) if (site.process === process) this.#drop(site);
    // What a child runs says nothing about the others.
    if (process.parent !== undefined) return;
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
    for (const probe of this.#probes) {
      const processes = new Map<Process, Counts>();
      const sites = new Map<Site, Counts>();
      for (const site of this.#sites.values()) {
        if (site.probe !== probe) continue;
        const counted = bySite.get(site.id) ?? NO_COUNTS;
        sites.set(site, counted);
        processes.set(site.process, add(processes.get(site.process) ?? NO_COUNTS, counted));
      }
      const running = [...processes].map(([{ pid, parent, executable }, sum]) => ({ pid, parent, executable, ...sum }));
      result.set(probe, {
        ...(byProbe.get(probe.id) ?? NO_COUNTS),
        sites,
        processes: [...(this.#ended.get(probe) ?? []), ...running.filter(({ hits }) => hits > 0)],
      });
    }
    return result;
  }

  async #place(probe: Probe, process: Process, modules: readonly Module[]): Promise<void> {
    const { location } = probe.spec;
    const generation = process.generation;
    const placed = probe.sites.flatMap((site) => (site.process === process && site.module ? [site.module] : []));
    const search = findPlaces(location, modules, this.#sourceMap, placed);
    const { sites, errors } = await this.#arming.arm(probe, process, search.places);
    if (!this.#probes.has(probe)) {
      // Removed meanwhile: the engine has forgotten them, or has never armed them.
      this.#forgetSites(probe);
      return;
    }
    if (process.generation !== generation || process.end !== undefined) return;
    if (sites.length > 0) probe.sites = [...probe.sites, ...sites];
    for (const site of sites) probe.places.set(placeKey(site), probe.places.get(placeKey(site)) ?? site);
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
    } else if (failure !== undefined && process.parent === undefined) {
      probe.state = 'failed';
      probe.error = failure;
    } else if (failure !== undefined && failure.code !== 'not-64-bit') {
      probe.error = failure;
    } else if (probe.state === 'pending') {
      probe.error ??= explainMissing(location, process.modules, this.#sourceMap);
    }
  }

  #forgetSites(probe: Probe): void {
    for (const site of [...this.#sites.values()]) if (site.probe === probe) this.#sites.remove(site);
    probe.sites = [];
  }

  async #disarm(sites: readonly Site[]): Promise<void> {
    await Promise.all(sites.map((site) => this.#engine.request('disarm', { site: site.id })));
  }

  #drop(site: Site): void {
    this.#detach(site);
    this.#changed.fire(site.probe);
  }

  /** Forgets a site. True: its probe is armed nowhere any more. */
  #detach(site: Site): boolean {
    const { probe } = site;
    this.#sites.remove(site);
    probe.sites = probe.sites.filter((other) => other !== site);
    if (probe.sites.length > 0 || probe.state !== 'armed') return false;
    probe.state = 'pending';
    return true;
  }
}

function add(a: Counts, b: Counts): Counts {
  return {
    hits: a.hits + b.hits,
    reported: a.reported + b.reported,
    lost: a.lost + b.lost,
    failedConditions: a.failedConditions + b.failedConditions,
    steppedAside: a.steppedAside + b.steppedAside,
  };
}

/** The same for the same place of the same file wherever that is mapped. */
function placeKey({ module, location }: Site): string {
  return module === undefined ? hex(location.address) : `${module.path} ${hex(module.toLink(location.address))}`;
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
