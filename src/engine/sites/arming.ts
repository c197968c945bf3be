/** Sites come and go: from a client's wish to a breakpoint, and back. No thread is stopped for it. */
import { hex, type Address } from '../../base/address';
import { SidestepError } from '../../base/errors';
import {
  type Counts,
  type Execution,
  type Inspection,
  type Mapping,
  type Requests,
  type SiteId,
} from '../../contract/messages';
import { type AgentCompiler } from '../agent/compile';
import { Breakpoint, type Breakpoints, INT3 } from './breakpoints';
import { readMappings } from '../linux/proc';
import { type Notices } from '../pipe/notices';
import { examine, type PlacementParts } from './placement';
import { noCounts, type Probe, type ProbeTable, Site } from './probes';
import { examineSigtrap } from '../hit/sigtrap';
import { type Surrogate } from '../surrogate/surrogate';
import { type Process } from '../tasks/tasks';

export interface ArmingParts extends PlacementParts {
  readonly breakpoints: Breakpoints;
  readonly probes: ProbeTable;
  readonly agents: AgentCompiler;
  readonly notices: Notices;
  readonly surrogate: Surrogate;
}

export class Arming {
  readonly #parts: ArmingParts;
  /** Read once for requests that come together. */
  readonly #mappings = new Map<Process, readonly Mapping[]>();

  constructor(parts: ArmingParts) {
    this.#parts = parts;
  }

  /** Memory maps read before can be outdated from now on. */
  forgetMappings(): void {
    this.#mappings.clear();
  }

  inspect(process: Process, address: Address, expected: string | undefined): Inspection {
    const placement = examine(this.#parts, process, this.#mappingsOf(process), address, expected);
    if (placement.possible) {
      const { instruction, length, execution } = placement.displaced;
      return { address, probeable: true, instruction, length, execution };
    }
    const { code, reason, instruction } = placement;
    return { address, probeable: false, code, reason, ...(instruction !== undefined && { instruction }) };
  }

  /** Throws `not-probeable`, `text-differs`, `memory-unreachable`, `launch-failed`, `engine-protocol`. */
  arm(
    process: Process,
    probe: Probe,
    wanted: Requests['arm']['arguments'],
  ): { instruction: string; execution: Execution } {
    const { breakpoints, probes, agents, notices, surrogate } = this.#parts;
    const { site: id, address, expected, onHit } = wanted;
    if (probes.sites.has(id)) throw new SidestepError('engine-protocol', `site ${id} is armed already`);
    const placement = examine(this.#parts, process, this.#mappingsOf(process), address, expected);
    if (!placement.possible) throw new SidestepError(placement.code, placement.reason, { place: { pid: process.pid } });
    // Now rather than at the first hit, which would wait for it.
    if (placement.displaced.execution === 'surrogate') surrogate.start();
    const agent = agents.compile(wanted.agent);
    examineSigtrap(process, notices);
    const breakpoint =
      this.#breakpointFor(process, Number(address), placement.text) ??
      new Breakpoint(Number(address), placement.text, placement.displaced);
    const site = new Site(id, probe, process, breakpoint, agent, onHit);
    breakpoints.add(process.space, site);
    probes.sites.set(id, site);
    const { instruction, execution } = placement.displaced;
    return { instruction, execution };
  }

  /** The last counts of a site, which is forgotten. */
  disarm(id: SiteId): Counts {
    const { breakpoints, probes } = this.#parts;
    const site = probes.sites.get(id);
    if (site === undefined) return noCounts();
    breakpoints.remove(site.space, site);
    probes.sites.delete(id);
    return site.counts;
  }

  /** Puts back every byte in a process; its sites keep their counts. */
  disarmProcess(process: Process): void {
    for (const site of this.#parts.probes.sites.values()) {
      if (site.process === process) this.#parts.breakpoints.remove(site.space, site);
    }
  }

  disarmAll(): void {
    for (const site of this.#parts.probes.sites.values()) this.#parts.breakpoints.remove(site.space, site);
  }

  /** The breakpoint that is or was at the address, if memory still is what it was made for. */
  #breakpointFor(process: Process, address: number, text: Uint8Array): Breakpoint | undefined {
    const { space } = process;
    const known = space.breakpoints.get(address);
    if (known === undefined) return undefined;
    const stands = !known.armed || known.asides > 0 || space.memory.read(address, 1)[0] === INT3;
    if (stands && Buffer.compare(known.text, text) === 0) return known;
    for (const site of known.sites.splice(0)) {
      this.#parts.notices.say({
        event: 'siteGone',
        site: site.id,
        reason: `the code at ${hex(address)} was replaced`,
      });
    }
    return undefined;
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
