/** Sites come and go: from a client's wish to a breakpoint, and back. No thread is stopped for it. */
import { type Address, address as toAddress, hex } from '../../base/address';
import { SidestepError } from '../../base/errors';
import {
  type Counts,
  type DisplacedInstruction,
  type Mapping,
  type ProbeId,
  type Requests,
  type SiteId,
  type SiteRequest,
} from '../../contract/messages';
import { type AgentCompiler } from '../agent/compile';
import { whyGone } from '../text/audit';
import { type Breakpoints } from '../text/breakpoints';
import { Breakpoint } from '../tracees/tracees';
import { INT3 } from '../../base/x86';
import { readMappings } from '../linux/proc';
import { straddling } from '../../emulator/decode/boundaries';
import { MAX_INSTRUCTION_BYTES } from '../../emulator/emulator';
import { type Events } from '../client/events';
import { examine, type PlacementParts } from './placement';
import { type ProbeTable } from '../tracees/probeTable';
import { Site } from '../tracees/tracees';
import { type Probe } from '../tracees/probe';
import { noCounts } from '../tracees/counts';
import { examineSigtrap } from '../threads/sigtrap';
import { type Twins } from '../passing/twins';
import { type Surrogate } from '../surrogate/surrogate';
import { type Steps } from './steps';
import { type Process } from '../tracees/tracees';

/**
 * The engine does not decode from a start that is farther away: no compiler emits such large functions, and decoding
 * them would delay the answer.
 */
const FAR_BYTES = 1 << 20;

export interface ArmingParts extends PlacementParts {
  readonly breakpoints: Breakpoints;
  readonly probes: ProbeTable;
  readonly agents: AgentCompiler;
  readonly events: Events;
  readonly surrogate: Surrogate;
  readonly twins: Twins;
}

export class Arming {
  readonly #parts: ArmingParts;
  /** Read once for requests that come together. */
  readonly #mappings = new Map<Process, readonly Mapping[]>();
  #disarmals = 0;

  constructor(parts: ArmingParts) {
    this.#parts = parts;
  }

  /** Memory maps read before can be outdated from now on. */
  forgetMappings(): void {
    this.#mappings.clear();
  }

  /**
   * Examines the place, once, and arms it. Throws `not-64-bit`, `not-probeable`, `text-differs`, `memory-unreachable`,
   * `launch-failed`, `engine-protocol`.
   */
  arm(process: Process, probe: Probe, wanted: SiteRequest): DisplacedInstruction {
    const { breakpoints, probes, agents, events, surrogate, twins } = this.#parts;
    const { site: id, address, from, onHit } = wanted;
    if (probes.sites.has(id)) throw new SidestepError('engine-protocol', `site ${id} is already armed`);
    const placement = examine(this.#parts, process, this.#mappingsOf(process), wanted);
    if (!placement.possible) {
      const { code, reason, kind } = placement;
      throw new SidestepError(code, reason, {
        place: { pid: process.pid },
        ...(kind !== undefined && { reason: kind }),
      });
    }
    // Now rather than at the first hit, which would wait for it.
    if (placement.displaced.execution === 'surrogate') surrogate.start();
    const agent = agents.prepare(wanted.agent);
    examineSigtrap(process, events);
    twins.leave(process.space, Number(address));
    const breakpoint =
      this.#breakpointFor(process, Number(address), placement.text) ??
      new Breakpoint(Number(address), placement.text, placement.displaced, placement.origin);
    const site = new Site(id, probe, process, breakpoint, agent, onHit);
    breakpoints.add(process.space, site);
    probes.add(site);
    const { instruction, execution } = placement.displaced;
    const inside = from === undefined ? undefined : this.#straddling(process, from, address);
    return { instruction, execution, ...(inside && { inside }) };
  }

  /** The last counts of a site, which is forgotten. */
  disarm(id: SiteId): Counts {
    const { probes } = this.#parts;
    const site = probes.sites.get(id);
    if (site === undefined) return noCounts();
    this.#takeOut(site);
    probes.remove(site);
    return site.counts;
  }

  /**
   * The last counts of a probe and of its sites, which are forgotten with it, site by site. A child that is forked in
   * between inherits those that are left, which are forgotten last.
   */
  *forget(id: ProbeId): Steps<Requests['forget']['result']> {
    const { probes } = this.#parts;
    const counts: (readonly [SiteId, Counts])[] = [];
    for (const site of probes.sitesOf(id)) {
      counts.push([site.id, this.disarm(site.id)]);
      yield;
    }
    return { ...(probes.take(id)?.counts ?? noCounts()), sites: counts };
  }

  /** Puts back every byte in a process; its sites keep their counts. */
  disarmProcess(process: Process): void {
    this.forgetMappings();
    for (const site of process.sites) this.#takeOut(site);
  }

  disarmAll(): void {
    this.forgetMappings();
    this.#disarmals++;
    for (const site of this.#parts.probes.sites.values()) this.#takeOut(site);
  }

  /** How often {@link disarmAll} was called: sites that are armed in several steps must not outlast it. */
  get disarmals(): number {
    return this.#disarmals;
  }

  /** Takes a site out, which keeps its counts. */
  withdraw(id: SiteId): void {
    const site = this.#parts.probes.sites.get(id);
    if (site !== undefined) this.#takeOut(site);
  }

  /** Gives up every site whose memory no longer holds what was armed, and reports the reason. */
  *audit(): Steps<void> {
    const { breakpoints, probes } = this.#parts;
    for (const site of probes.sites.values()) {
      yield;
      const { process, space, breakpoint } = site;
      if (!breakpoint.armed || process.space !== space || breakpoints.stands(space, breakpoint)) continue;
      const mappings = this.#mappingsOf(process);
      // Its process is ending, or runs another program by now: that is reported separately.
      if (mappings.length === 0 || space.memory.ended) continue;
      breakpoints.abandon(breakpoint, whyGone(space.memory, breakpoint, mappings));
      breakpoints.restoreMoved(site, mappings);
    }
  }

  /**
   * Whether a process without sites contains no INT3 of the engine any more; retries those that could not be removed.
   */
  isClean({ space }: Process): boolean {
    return this.#parts.breakpoints.restoreLeftovers(space);
  }

  /** The breakpoint that is or was at the address, if memory still is what it was made for. */
  #breakpointFor(process: Process, address: number, text: Uint8Array): Breakpoint | undefined {
    const { space } = process;
    const known = space.breakpoints.get(address);
    if (known === undefined) return undefined;
    const stands = !known.armed || known.asides > 0 || space.memory.read(address, 1)[0] === INT3;
    if (stands && Buffer.compare(known.text, text) === 0) return known;
    this.#parts.breakpoints.abandon(known, `the code at ${hex(address)} was replaced`);
    known.removeRecord();
    return undefined;
  }

  #takeOut(site: Site): void {
    this.#parts.breakpoints.remove(site.space, site, () => this.#mappingsOf(site.process));
  }

  #straddling(process: Process, from: Address, at: Address): DisplacedInstruction['inside'] {
    const distance = Number(at - from);
    if (distance <= 0 || distance > FAR_BYTES) return undefined;
    const text = this.#parts.breakpoints.originalText(process.space, Number(from), distance + MAX_INSTRUCTION_BYTES);
    const found = straddling(text, from, at);
    return found && { address: toAddress(found.address), instruction: found.instruction };
  }

  #mappingsOf(process: Process): readonly Mapping[] {
    let mappings = this.#mappings.get(process);
    if (mappings === undefined) {
      mappings = process.ask(readMappings) ?? [];
      this.#mappings.set(process, mappings);
    }
    return mappings;
  }
}
