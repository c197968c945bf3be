/**
 * A hit stream as JSON lines (https://jsonlines.org): one object per line, `hit` lines in the order in which they
 * happened (a `warning` may stand between them), then one `summary`. The format is an interface for scripts: fields are
 * added, never renamed. What does not fit a JSON number is a string: times as decimal nanoseconds, addresses as `0x…`.
 */
import { type Address, hex } from '../base/address';
import { type Counts, type Execution, type ProcessEnd } from '../contract/messages';

export interface ExportedHit {
  /** Number of the probe, from 1, in the order in which the user wrote them. */
  readonly probe: number;
  readonly pid: number;
  readonly tid: number;
  /** CLOCK_REALTIME, in ns. */
  readonly timeNs: bigint;
  readonly location: {
    readonly file?: string | undefined;
    readonly line?: number | undefined;
    readonly function?: string | undefined;
    readonly address: Address;
  };
  readonly message: string;
}

/** Of the counts, `failedConditions` and `steppedAside` are only in the output if not 0. */
export interface ExportedProbe extends Counts {
  readonly probe: number;
  /** As the user wrote it. */
  readonly text: string;
  /** Why it was armed nowhere. */
  readonly failure?: string | undefined;
  /**
   * One for each address of a file, with counts over all processes. In JSON, a single site has no counts of its own:
   * they are the probe's.
   */
  readonly sites: readonly ExportedSite[];
  /** Of a pattern: counts by function, or by line. */
  readonly groups?: { readonly by: 'function' | 'line'; readonly counted: readonly ExportedGroup[] } | undefined;
  /** Of a pattern: how many places can't be probed, by reason. */
  readonly refused?: ReadonlyMap<string, number> | undefined;
}

export interface ExportedGroup extends Counts {
  readonly function?: string | undefined;
  readonly file?: string | undefined;
  readonly line?: number | undefined;
}

export interface ExportedSite extends Counts {
  readonly address: Address;
  readonly instruction: string;
  readonly execution: Execution;
  /** Why nothing is reported from there. */
  readonly problem?: string | undefined;
}

export interface ExportedSummary {
  readonly probes: readonly ExportedProbe[];
  /** How the program ended; undefined if it keeps running. */
  readonly exit?: ProcessEnd | undefined;
}

export class HitLines {
  /**
   * Locations as JSON. All hits of a site share one location object, so its text is made once: at tens of thousands of
   * hits a second, JSON.stringify would show in a profile.
   */
  readonly #locations = new WeakMap<ExportedHit['location'], string>();

  /** `{"type":"hit",…}`, without a line end. */
  line({ probe, pid, tid, timeNs, location, message }: ExportedHit): string {
    const thread = `"probe":${probe},"pid":${pid},"tid":${tid},"timeNs":"${timeNs.toString()}"`;
    return `{"type":"hit",${thread},"location":${this.#locationJson(location)},"message":${JSON.stringify(message)}}`;
  }

  #locationJson(location: ExportedHit['location']): string {
    let json = this.#locations.get(location);
    if (json === undefined) {
      const { file, line, address } = location;
      json = JSON.stringify({ file, line, function: location.function, address: hex(address) });
      this.#locations.set(location, json);
    }
    return json;
  }
}

/** `{"type":"summary",…}`, without a line end. */
export function summaryLine(summary: ExportedSummary): string {
  return JSON.stringify({
    type: 'summary',
    probes: summary.probes.map((probe) => ({
      probe: probe.probe,
      text: probe.text,
      ...countsJson(probe),
      failure: probe.failure,
      sites: probe.sites.map((site) => ({
        address: hex(site.address),
        instruction: site.instruction,
        execution: site.execution,
        ...(probe.sites.length > 1 && countsJson(site)),
        problem: site.problem,
      })),
      ...(probe.groups && { [GROUPS[probe.groups.by]]: probe.groups.counted.map(groupJson) }),
      refused: probe.refused && probe.refused.size > 0 ? Object.fromEntries(probe.refused) : undefined,
    })),
    exit: summary.exit,
  });
}

/** The keys of the groups of a pattern. */
const GROUPS = { function: 'functions', line: 'lines' } as const;

function groupJson({ function: name, file, line, ...counts }: ExportedGroup): object {
  return { function: name, file, line, ...countsJson(counts) };
}

function countsJson({ hits, matched, reported, lost, failedConditions, steppedAside }: Counts): object {
  return {
    hits,
    matched,
    reported,
    lost,
    failedConditions: failedConditions || undefined,
    steppedAside: steppedAside || undefined,
  };
}

/** `{"type":"warning",…}`: something the user should know, without a line end. */
export function warningLine(message: string): string {
  return JSON.stringify({ type: 'warning', message });
}
