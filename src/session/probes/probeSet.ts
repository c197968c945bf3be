/** The probes of a session: placed in every process, placed again whenever code is loaded, taken away. */
import { assertExists } from '../../base/assert';
import { SidestepError } from '../../base/errors';
import { Emitter, type Event } from '../../base/lifetime';
import { type Counts, type ProbeId, type SiteCounts, type SiteId } from '../../contract/messages';
import { type Visualizers } from '../../language/natvis/ast';
import { checkCondition, checkMessage } from '../../language/template/syntaxCheck';
import { relocating } from '../../language/expression/diagnostics';
import { formatLocation } from '../../language/probes/location';
import { type ProbeSpec } from '../../language/probes/spec';
import { type Armed, SiteArming } from './siteArming';
import { addCounts, NO_COUNTS } from './countSums';
import { type Engine } from '../engine/engine';
import { type Module } from '../code/module';
import { isElsewhere, movedText } from './moved';
import { type ArmedPlace, isArmed, Probe, type Site } from './userProbe';
import { type Process } from '../processes/process';
import { explainMissing, findPlaces, type FoundPlace, type Search } from './resolve';
import { type SiteTable } from './siteTable';
import { type SourceMap } from '../code/sourceMap';
import { newerSources } from './sourceAge';

/** What a probe counted in one process, from one exec to the next. */
export interface ProcessCounts extends Counts {
  readonly pid: number;
  /** The pid of the process that created it, if it was followed. */
  readonly parent: number | undefined;
  readonly executable: string;
}

/**
 * A probe's counts over all its sites, those of each place and each site, and those of each process that has hit it.
 */
export interface ProbeCounts extends Counts {
  /** All places where it was ever armed. */
  readonly places: ReadonlyMap<ArmedPlace, Counts>;
  readonly sites: ReadonlyMap<Site, Counts>;
  readonly processes: readonly ProcessCounts[];
}

export class ProbeSet {
  readonly #engine: Engine;
  readonly #sites: SiteTable;
  readonly #arming: SiteArming;
  readonly #sourceMap: SourceMap;
  readonly #probes = new Set<Probe>();
  /** Of processes that have ended or called exec. */
  readonly #ended = new Map<Probe, ProcessCounts[]>();
  /** Sites that are gone here, while the engine still has their counts: until their probe is taken away. */
  readonly #departed = new Map<SiteId, Site>();
  readonly #changed = new Emitter<Probe>();
  #lastId: ProbeId = 0;

  /**
   * State, sites or reason of a probe are other ones than before. Not fired for what `add` and `remove` themselves do.
   */
  readonly onChanged: Event<Probe> = this.#changed.on;

  constructor(engine: Engine, sites: SiteTable, sourceMap: SourceMap, visualizers?: Visualizers) {
    this.#engine = engine;
    this.#sites = sites;
    this.#sourceMap = sourceMap;
    this.#arming = new SiteArming(engine, sites, sourceMap, visualizers);
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
    for (const process of processes) await this.#place([probe], process, process.modules);
  }

  /** Takes a probe away; its last counts. Those of its places are in {@link Probe.places} then. */
  async remove(probe: Probe): Promise<Counts> {
    if (!this.#probes.delete(probe)) return NO_COUNTS;
    const { sites, ...counts } = await this.#engine.request('forget', { probe: probe.id });
    for (const [id, counted] of sites) this.#settle(this.#known(id), counted);
    this.#forgetSites(probe);
    this.#ended.delete(probe);
    probe.state = 'removed';
    return counts;
  }

  /** Places all probes in modules that have come into a process. */
  async enter(process: Process, modules: readonly Module[]): Promise<void> {
    const before = [...this.#probes]
      .filter((probe) => !isMistaken(probe))
      .map((probe) => ({ probe, state: probe.state, sites: probe.sites, error: probe.error?.message }));
    await this.#place(
      before.map(({ probe }) => probe),
      process,
      modules,
    );
    for (const { probe, state, sites, error } of before) {
      if (!this.#probes.has(probe)) continue;
      if (probe.state !== state || probe.sites !== sites || probe.error?.message !== error) this.#changed.fire(probe);
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
      const site = this.#known(id);
      this.#departed.delete(id);
      if (site === undefined) continue;
      const { probe } = site;
      sums.set(probe, addCounts(sums.get(probe) ?? NO_COUNTS, counted));
      this.#settle(site, counted);
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

  /** The modules are no longer mapped; their sites went with them, or are removed if the engine still has them. */
  async leave(process: Process, modules: ReadonlySet<Module>): Promise<void> {
    const gone = [...this.#sites.values()].filter(
      (site) => site.process === process && site.module !== undefined && modules.has(site.module),
    );
    if (gone.length === 0) return;
    const { sites } = await this.#engine.request('disarm', { sites: gone.map(({ id }) => id) });
    const counted = new Map(sites);
    for (const site of gone) {
      this.#settle(site, counted.get(site.id) ?? NO_COUNTS);
      this.#detach(site);
      this.#changed.fire(site.probe);
    }
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
    const inEngine = answer.sites.flatMap(([id, counted]) => {
      const site = this.#known(id);
      return site === undefined ? [] : [{ site, counted }];
    });
    const result = new Map<Probe, ProbeCounts & { readonly sites: Map<Site, Counts> }>();
    for (const probe of this.#probes) {
      const processes = new Map<Process, Counts>();
      const sites = new Map<Site, Counts>();
      for (const site of this.#sites.values()) {
        if (site.probe !== probe) continue;
        const counted = bySite.get(site.id) ?? NO_COUNTS;
        sites.set(site, counted);
        processes.set(site.process, addCounts(processes.get(site.process) ?? NO_COUNTS, counted));
      }
      const running = [...processes].map(([{ pid, parent, executable }, sum]) => ({ pid, parent, executable, ...sum }));
      const places = new Map(probe.places.map((place) => [place, place.counts]));
      for (const { site, counted } of inEngine) {
        if (site.probe !== probe) continue;
        const place = probe.placeOf(site);
        if (!isArmed(place)) continue;
        places.set(place, addCounts(places.get(place) ?? NO_COUNTS, counted));
      }
      result.set(probe, {
        ...(byProbe.get(probe.id) ?? NO_COUNTS),
        places,
        sites,
        processes: [...(this.#ended.get(probe) ?? []), ...running.filter(({ hits }) => hits > 0)],
      });
    }
    return result;
  }

  /** Looks for the probes in modules of a process, and arms them wherever they are found, all at once. */
  async #place(probes: readonly Probe[], process: Process, modules: readonly Module[]): Promise<void> {
    const { generation } = process;
    const found = probes.map((probe) => {
      const placed = probe.sites.flatMap((site) => (site.process === process && site.module ? [site.module] : []));
      return { probe, search: findPlaces(probe.spec.location, modules, this.#sourceMap, placed) };
    });
    const armed = await this.#arming.arm(
      process,
      found.map(({ probe, search: { places } }) => ({ probe, places })),
    );
    for (const { probe, search } of found) {
      // Removed meanwhile: the engine has forgotten its sites, or has never armed them.
      if (!this.#probes.has(probe)) this.#forgetSites(probe);
      else if (process.generation === generation && process.end === undefined)
        this.#take(probe, process, search, assertExists(armed.get(probe), 'what became of a probe'));
    }
  }

  #take(probe: Probe, process: Process, search: Search, { sites, warnings, errors }: Armed): void {
    const { location } = probe.spec;
    if (sites.length > 0) probe.sites = [...probe.sites, ...sites];
    probe.line ??= search.line;
    probe.warnings = distinct([
      ...probe.warnings,
      ...warnings,
      ...refusalsOf(probe, errors),
      ...moveOf(probe, sites),
      ...newerSources(search.places, this.#sourceMap),
      ...incompleteDebugInfo(search.places),
      ...search.places.flatMap(({ doubt }) => (doubt === undefined ? [] : [`${formatLocation(location)}: ${doubt}`])),
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
    for (const [id, site] of this.#departed) if (site.probe === probe) this.#departed.delete(id);
    probe.sites = [];
  }

  /** A site that is gone without last counts: the engine keeps them. */
  #drop(site: Site): void {
    this.#departed.set(site.id, site);
    this.#detach(site);
    this.#changed.fire(site.probe);
  }

  #known(id: SiteId): Site | undefined {
    return this.#sites.get(id) ?? this.#departed.get(id);
  }

  /** The engine has forgotten a site: its last counts stay with its place. */
  #settle(site: Site | undefined, counted: Counts): void {
    if (site === undefined) return;
    const place = site.probe.placeOf(site);
    place.counts = addCounts(place.counts, counted);
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

/**
 * What is wrong with a probe wherever it is placed; its place's section is `message` or `condition`, as {@link
 * compileProbe} says it.
 */
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

/** If a probe is armed at some of its places only, the user must hear about the others. */
function refusalsOf({ spec, sites }: Probe, errors: readonly SidestepError[]): readonly string[] {
  if (sites.length === 0) return [];
  return errors
    .filter(({ code }) => code === 'not-probeable' || code === 'text-differs')
    .map(({ message }) => `${spec.text}: one of its places can't be probed, so hits there are not counted: ${message}`);
}

/** A line without code means the next one that has some: where that is another function's, the user hardly meant it. */
function moveOf({ spec, line }: Probe, sites: readonly Site[]): readonly string[] {
  const wanted = spec.location.kind === 'line' ? spec.location.line : undefined;
  if (wanted === undefined || line === undefined || line === wanted || sites.length === 0) return [];
  const isInAnother = sites.every(({ module, location: { address } }) =>
    isElsewhere(wanted, module?.image.describe(module.toLink(address)).declarationLine, line),
  );
  const name = sites[0]?.location.function;
  return isInAnother && name !== undefined ? [movedText(spec.text, line, name)] : [];
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
