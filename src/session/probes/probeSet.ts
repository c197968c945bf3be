/** The probes of a session: placed in every process, placed again whenever code is loaded, taken away. */
import { assertExists } from '../../base/assert';
import { SidestepError } from '../../base/errors';
import { Emitter, type Event } from '../../base/lifetime';
import { type Counts, type ProbeId, type SiteCounts, type SiteId } from '../../contract/messages';
import { isTimed } from '../../language/compileProbe';
import { type Visualizers } from '../../language/natvis/ast';
import { checkCondition, checkMessage } from '../../language/template/syntaxCheck';
import { relocating } from '../../language/expression/diagnostics';
import { formatLocation } from '../../language/probes/location';
import { type ProbeSpec } from '../../language/probes/spec';
import { type Armed, SiteArming } from './siteArming';
import { type CallTimes } from './callTimes';
import { addCounts, NO_COUNTS } from './countSums';
import { type Engine } from '../engine/engine';
import { type Module } from '../code/module';
import { isElsewhere, movedText } from './moved';
import { type ArmedPlace, isArmed, Probe, type Site } from './userProbe';
import { type Process } from '../processes/process';
import { type FoundPlace, type Search } from './foundPlace';
import { type PlaceFailure } from './patternTally';
import { explainMissing, findPlaces } from './resolve';
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

/** What places are found and watched with. */
export interface PlacingOptions {
  readonly sourceMap: SourceMap;
  /** How many sites a pattern may have in a process. */
  readonly maxSites: number;
  readonly times: CallTimes;
  readonly visualizers: Visualizers | undefined;
}

export class ProbeSet {
  readonly #engine: Engine;
  readonly #sites: SiteTable;
  readonly #arming: SiteArming;
  readonly #sourceMap: SourceMap;
  readonly #times: CallTimes;
  readonly #probes = new Set<Probe>();
  /** Of processes that have ended or called exec. */
  readonly #ended = new Map<Probe, ProcessCounts[]>();
  /** Sites that are gone here, while the engine still has their counts: until their probe is taken away. */
  readonly #departed = new Map<SiteId, Site>();
  readonly #changed = new Emitter<Probe>();
  readonly #maxSites: number;
  #lastId: ProbeId = 0;

  /**
   * State, sites or reason of a probe are other ones than before. Not fired for what `add` and `remove` themselves do.
   */
  readonly onChanged: Event<Probe> = this.#changed.on;

  constructor(engine: Engine, sites: SiteTable, { sourceMap, maxSites, times, visualizers }: PlacingOptions) {
    this.#maxSites = maxSites;
    this.#engine = engine;
    this.#times = times;
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
    await this.#times.forget(probe);
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
    this.#times.inherit(process, sites);
    const inherited: Site[] = [];
    for (const [id, parents] of sites) {
      const template = this.#sites.get(parents);
      // None: it is the session's own.
      if (template === undefined) continue;
      const site: Site = { ...template, id, process };
      this.#sites.add(site);
      inherited.push(site);
    }
    for (const [probe, own] of groupByProbe(inherited)) probe.sites = [...probe.sites, ...own];
  }

  /** The engine has forgotten these sites, because their process ended or called exec. */
  tally(process: Process, counts: SiteCounts): void {
    const { pid, parent, executable } = process;
    this.#times.forgetProcess(process);
    const sums = new Map<Probe, Counts>();
    const gone: Site[] = [];
    for (const [id, counted] of counts) {
      const site = this.#known(id);
      this.#departed.delete(id);
      if (site === undefined) continue;
      const { probe } = site;
      sums.set(probe, addCounts(sums.get(probe) ?? NO_COUNTS, counted));
      this.#settle(site, counted);
      gone.push(site);
    }
    const { disarmed } = this.#detach(gone);
    for (const [probe, sum] of sums) {
      if (sum.hits === 0) continue;
      const ended = this.#ended.get(probe) ?? [];
      ended.push({ pid, parent, executable, ...sum });
      this.#ended.set(probe, ended);
    }
    for (const probe of disarmed) this.#changed.fire(probe);
  }

  /** The modules are no longer mapped; their sites went with them, or are removed if the engine still has them. */
  async leave(process: Process, modules: ReadonlySet<Module>): Promise<void> {
    await this.#times.leave(process, modules);
    const gone = [...this.#sites.values()].filter(
      (site) => site.process === process && site.module !== undefined && modules.has(site.module),
    );
    if (gone.length === 0) return;
    const { sites } = await this.#engine.request('disarm', { sites: gone.map(({ id }) => id) });
    const counted = new Map(sites);
    for (const site of gone) this.#settle(site, counted.get(site.id) ?? NO_COUNTS);
    for (const probe of this.#detach(gone).all) this.#changed.fire(probe);
  }

  /** All sites of a process are gone: it runs another program now, in which every location is looked for anew. */
  forget(process: Process): void {
    this.#times.forgetProcess(process);
    this.#drop([...this.#sites.values()].filter((site) => site.process === process));
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
    this.#times.lose(id);
    const site = this.#sites.get(id);
    if (!site) return;
    site.probe.error ??= new SidestepError('not-probeable', reason);
    this.#drop([site]);
  }

  async counts(): Promise<ReadonlyMap<Probe, ProbeCounts>> {
    const answer = await this.#engine.request('counts', {});
    const byProbe = new Map(answer.probes);
    const bySite = new Map(answer.sites);
    const inEngine = answer.sites.flatMap(([id, counted]) => {
      const site = this.#known(id);
      return site === undefined ? [] : [{ site, counted }];
    });
    const known = groupByProbe(this.#sites.values());
    const counting = new Map<Probe, typeof inEngine>();
    for (const one of inEngine) {
      const group = counting.get(one.site.probe);
      if (group) group.push(one);
      else counting.set(one.site.probe, [one]);
    }
    const result = new Map<Probe, ProbeCounts & { readonly sites: Map<Site, Counts> }>();
    for (const probe of this.#probes) {
      const processes = new Map<Process, Counts>();
      const sites = new Map<Site, Counts>();
      for (const site of known.get(probe) ?? []) {
        const counted = bySite.get(site.id) ?? NO_COUNTS;
        sites.set(site, counted);
        processes.set(site.process, addCounts(processes.get(site.process) ?? NO_COUNTS, counted));
      }
      const running = [...processes].map(([{ pid, parent, executable }, sum]) => ({ pid, parent, executable, ...sum }));
      const places = new Map(probe.places.map((place) => [place, place.counts]));
      for (const { site, counted } of counting.get(probe) ?? []) {
        const { place } = site;
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
      const there = probe.sites.filter((site) => site.process === process);
      const placed = [...new Set(there.flatMap(({ module }) => module ?? []))];
      const most = this.#maxSites - there.length;
      return { probe, search: findPlaces(probe.spec.location, modules, this.#sourceMap, placed, most) };
    });
    const untimed = new Map<Probe, readonly string[]>();
    for (const { probe, search } of found) {
      // Before the returns: a call that is seen to return was then seen to begin, if it began with the probe in place.
      if (isTimed(probe.spec)) untimed.set(probe, await this.#times.watch(probe, process, search));
    }
    const armed = await this.#arming.arm(
      process,
      found.map(({ probe, search: { places } }) => ({ probe, places })),
    );
    for (const { probe, search } of found) {
      // Removed meanwhile: the engine has forgotten its sites, or has never armed them.
      if (!this.#probes.has(probe)) this.#forgetSites(probe);
      else if (process.generation === generation && process.end === undefined)
        this.#take(probe, process, search, {
          ...assertExists(armed.get(probe), 'what became of a probe'),
          untimed: untimed.get(probe) ?? [],
        });
    }
  }

  #take(
    probe: Probe,
    process: Process,
    search: Search,
    { sites, warnings, failures, untimed }: Armed & { readonly untimed: readonly string[] },
  ): void {
    const { location, text } = probe.spec;
    if (sites.length > 0) probe.sites = [...probe.sites, ...sites];
    probe.line ??= search.line;
    const doubts = [
      ...search.places.flatMap(({ doubt }) => doubt ?? []),
      ...(search.places.length > 0 ? (search.doubts ?? []) : []),
      ...untimed,
    ].map((doubt) => `${formatLocation(location)}: ${doubt}`);
    const lacking = incompleteDebugInfo(search.places);
    probe.addWarnings([
      ...moveOf(probe, sites),
      ...newerSources(search.places, this.#sourceMap),
      ...lacking,
      ...excessOf(probe, search),
    ]);
    const refused = failures.filter(({ error }) => isOfThePlace(error));
    if (probe.tally) probe.tally.add(search, refused, [...warnings, ...doubts]);
    else probe.addWarnings([...warnings, ...refusalsOf(probe, refused), ...doubts]);
    const [first = search.errors[0] ?? search.refused?.[0]] = failures.map(({ error }) => error);
    const refusals = refused.length > 0 ? probe.tally?.refusals : undefined;
    const failure = refusals === undefined ? first : new SidestepError('not-probeable', `${text}: ${refusals}`);
    if (probe.sites.length > 0) {
      probe.state = 'armed';
      probe.error = failure;
    } else if (failure !== undefined && process.parent === undefined) {
      probe.state = 'failed';
      probe.error = withCause(failure, lacking);
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

  /** Sites that are gone without last counts: the engine keeps them. */
  #drop(sites: readonly Site[]): void {
    for (const site of sites) this.#departed.set(site.id, site);
    for (const probe of this.#detach(sites).all) this.#changed.fire(probe);
  }

  #known(id: SiteId): Site | undefined {
    return this.#sites.get(id) ?? this.#departed.get(id);
  }

  /** The engine has forgotten a site: its last counts stay with its place. */
  #settle(site: Site | undefined, counted: Counts): void {
    if (site === undefined) return;
    site.place.counts = addCounts(site.place.counts, counted);
  }

  /** Forgets sites: the probes that they were of, and those that are armed nowhere any more. */
  #detach(sites: readonly Site[]): { readonly all: readonly Probe[]; readonly disarmed: readonly Probe[] } {
    const gone = new Set(sites);
    const all = [...groupByProbe(sites).keys()];
    const disarmed: Probe[] = [];
    for (const site of sites) this.#sites.remove(site);
    for (const probe of all) {
      probe.sites = probe.sites.filter((site) => !gone.has(site));
      if (probe.sites.length > 0 || probe.state !== 'armed') continue;
      probe.state = 'pending';
      disarmed.push(probe);
    }
    return { all, disarmed };
  }
}

function groupByProbe(sites: Iterable<Site>): ReadonlyMap<Probe, readonly Site[]> {
  const groups = new Map<Probe, Site[]>();
  for (const site of sites) {
    const group = groups.get(site.probe);
    if (group) group.push(site);
    else groups.set(site.probe, [site]);
  }
  return groups;
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

/** Whether what is wrong is wrong with one place, and not with the probe or its process. */
function isOfThePlace({ code }: SidestepError): boolean {
  return code === 'not-probeable' || code === 'text-differs';
}

/** If a probe is armed at some of its places only, the user must hear about the others. */
function refusalsOf({ spec, sites }: Probe, failures: readonly PlaceFailure[]): readonly string[] {
  if (sites.length === 0) return [];
  return failures
    .filter(({ error: { code } }) => code === 'not-probeable' || code === 'text-differs')
    .map(
      ({ error: { message } }) =>
        `${spec.text}: one of its places can't be probed, so hits there are not counted: ${message}`,
    );
}

/** Of a library that came later: the others are armed. */
function excessOf({ spec, sites }: Probe, { errors }: Search): readonly string[] {
  const excess = errors.find(({ code }) => code === 'too-many');
  return sites.length === 0 || excess === undefined ? [] : [`${spec.text}: not armed in a library: ${excess.message}`];
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

/** A name or type that is not there may be in what debug information lacks. */
function withCause(error: SidestepError, lacking: readonly string[]): SidestepError {
  if (lacking.length === 0 || (error.code !== 'unknown-name' && error.code !== 'type')) return error;
  const { advice } = error.details;
  const whole = [...(advice === undefined ? [] : [advice]), ...lacking].join(' ');
  return new SidestepError(error.code, error.message, { ...error.details, advice: whole });
}

function isMistaken(probe: Probe): boolean {
  return probe.state === 'failed' && (probe.error?.code === 'syntax' || probe.error?.code === 'too-many');
}
