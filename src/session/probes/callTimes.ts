/**
 * How long calls take: the times at which functions are entered, kept until they return. An entry and a return are of
 * one call if they are in one copy of the function and have one frame ({@link FrameKey}). The last entry with a
 * return's frame is that of its call, however many calls ended without a return meanwhile (exceptions, longjmp(3)),
 * provided that all entries were seen. Where one was not, because the engine could not send it, all that were seen
 * before it are forgotten: a duration is right or unknown.
 */
import { SidestepError } from '../../base/errors';
import { readInteger } from '../../base/littleEndian';
import { toError } from '../../contract/engineFailure';
import { CaptureStatus } from '../../contract/agent/operations';
import { type Capture, type HitRecord } from '../../contract/hits';
import { type ProbeId, type SiteId, type SiteRequest } from '../../contract/messages';
import { keyCaptures } from '../../language/compileProbe';
import { type Engine } from '../engine/engine';
import { type Module } from '../code/module';
import { type Process } from '../processes/process';
import { type FoundEntry, type Search } from './foundPlace';
import { placeAt } from './placeAt';
import { type SiteTable } from './siteTable';
import { type Probe, type Site } from './userProbe';

/** A user's probe and that of its function's entries have numbers with this distance. */
const ENTRIES_OF: ProbeId = 0x4000_0000;

/**
 * So many calls of one probe in one process are kept; the oldest are forgotten first. Deeper recursion is rare, and
 * costs the outermost calls their durations.
 */
const MAX_CALLS = 1 << 18;

const NO_ENTRY = 'some durations stay unknown: the first instruction of a function runs again without a call';

/** Where a function is entered, in one process. */
interface EntrySite {
  readonly process: Process;
  readonly module: Module;
  readonly copy: string;
}

/** What is known of the calls of one probe's functions. */
interface Calls {
  readonly sites: Map<SiteId, EntrySite>;
  /** The last entry's; every one has the next number. */
  ordinal: number;
  /** By process, then by frame: when it was entered. */
  readonly pending: Map<number, Map<string, number>>;
}

export class CallTimes {
  readonly #engine: Engine;
  readonly #sites: SiteTable;
  /** By the number of the probe of the entries. */
  readonly #calls = new Map<ProbeId, Calls>();

  constructor(engine: Engine, sites: SiteTable) {
    this.#engine = engine;
    this.#sites = sites;
  }

  /** Notes the entries of a probe's functions from now on; gives why some can't be. */
  async watch(probe: Probe, process: Process, { places, entries = [] }: Search): Promise<readonly string[]> {
    const reasons = places.some(({ leaving }) => leaving && !leaving.frame) ? [NO_ENTRY] : [];
    return entries.length === 0 ? reasons : [...reasons, ...(await this.#arm(probe, process, entries))];
  }

  async #arm(probe: Probe, process: Process, entries: readonly FoundEntry[]): Promise<readonly string[]> {
    const { generation, pid } = process;
    const { capabilities } = await this.#engine.ready;
    if (!capabilities.onHit.includes('note')) return [`the ${capabilities.kind} engine can't tell how long calls take`];
    const calls = await this.#callsOf(probe);
    const requests = entries.map(({ module, address, copy, frame }): SiteRequest => {
      const site = this.#sites.reserve();
      calls.sites.set(site, { process, module, copy });
      const agent = { captures: keyCaptures(frame, module.bias) };
      return { ...placeAt(module, address), site, probe: ENTRIES_OF + probe.id, agent, onHit: 'note' };
    });
    try {
      const { outcomes } = await this.#engine.request('arm', { pid, sites: requests });
      if (process.generation !== generation) return [];
      return outcomes.flatMap((outcome) =>
        'failure' in outcome ? [`some durations stay unknown: ${toError(outcome.failure).message}`] : [],
      );
    } catch (error) {
      if (!(error instanceof SidestepError)) throw error;
      return [`durations stay unknown: ${error.message}`];
    }
  }

  async #callsOf({ id }: Probe): Promise<Calls> {
    const known = this.#calls.get(ENTRIES_OF + id);
    if (known) return known;
    const calls: Calls = { sites: new Map(), ordinal: 0, pending: new Map() };
    this.#calls.set(ENTRIES_OF + id, calls);
    await this.#engine.request('declare', { probe: ENTRIES_OF + id });
    return calls;
  }

  /** A record that the engine sent. False: it is of no entry. */
  takeEntry({ probe, site, pid, ordinal, elapsedNs, captures }: HitRecord): boolean {
    if (probe < ENTRIES_OF) return false;
    const calls = this.#calls.get(probe);
    if (!calls) return true;
    if (ordinal !== calls.ordinal + 1) calls.pending.clear();
    calls.ordinal = ordinal;
    const copy = calls.sites.get(site)?.copy;
    const key = copy === undefined ? undefined : keyOf(copy, captures);
    if (key === undefined) {
      // A call that can't be told from others.
      calls.pending.delete(pid);
      return true;
    }
    const pending = calls.pending.get(pid) ?? new Map<string, number>();
    calls.pending.set(pid, pending);
    pending.delete(key);
    pending.set(key, elapsedNs);
    if (pending.size > MAX_CALLS) for (const oldest of pending.keys()) if (pending.delete(oldest)) break;
    return true;
  }

  /** How long the call took that returns with this record, in ns; undefined where its entry was not seen. */
  takeReturn(
    { probe, copy, compiled: { frameAt } }: Site,
    { pid, elapsedNs, captures }: HitRecord,
  ): number | undefined {
    if (frameAt === undefined || copy === undefined) return undefined;
    const pending = this.#calls.get(ENTRIES_OF + probe.id)?.pending.get(pid);
    const key = keyOf(copy, captures.slice(frameAt));
    const entered = key === undefined ? undefined : pending?.get(key);
    if (key !== undefined) pending?.delete(key);
    return entered === undefined ? undefined : elapsedNs - entered;
  }

  async forget({ id }: Probe): Promise<void> {
    if (this.#calls.delete(ENTRIES_OF + id)) await this.#engine.request('forget', { probe: ENTRIES_OF + id });
  }

  /** A child was forked with these sites, each with the one of its parent that it stands for. */
  inherit(process: Process, sites: Iterable<readonly [SiteId, SiteId]>): void {
    for (const [id, parents] of sites) {
      for (const calls of this.#calls.values()) {
        const template = calls.sites.get(parents);
        if (template) calls.sites.set(id, { ...template, process });
      }
    }
  }

  /** The modules are no longer mapped. */
  async leave(process: Process, modules: ReadonlySet<Module>): Promise<void> {
    const gone: SiteId[] = [];
    for (const { sites } of this.#calls.values()) {
      for (const [id, site] of sites) if (site.process === process && modules.has(site.module)) gone.push(id);
    }
    if (gone.length > 0) await this.#engine.request('disarm', { sites: gone });
    for (const id of gone) this.lose(id);
  }

  /** All sites of a process are gone, and so is what it ran. */
  forgetProcess(process: Process): void {
    for (const { sites, pending } of this.#calls.values()) {
      for (const [id, site] of sites) if (site.process === process) sites.delete(id);
      pending.delete(process.pid);
    }
  }

  /** The engine has lost a site: entries there are not seen any more. */
  lose(id: SiteId): void {
    for (const { sites, pending } of this.#calls.values()) {
      const site = sites.get(id);
      if (site && sites.delete(id)) pending.delete(site.process.pid);
    }
  }
}

function keyOf(copy: string, captures: readonly Capture[]): string | undefined {
  let key = copy;
  for (const { status, bytes } of captures) {
    if (status !== CaptureStatus.complete || bytes.length < 8) return undefined;
    key += ` ${readInteger(bytes, 0, 8, false).toString(16)}`;
  }
  return captures.length > 0 ? key : undefined;
}
