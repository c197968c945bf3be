/**
 * Hits and summary for people:
 *
 * ```
 * 19:44:02.123456  worker 2 (4713)  handler.c:31  #12 METHOD_GET user:3 for client 1
 * ```
 */
import { hex } from '../base/address';
import { printable, printableName } from '../base/printable';
import {
  type ExportedGroup,
  type ExportedHit,
  type ExportedProbe,
  type ExportedSite,
  type ExportedSummary,
} from '../export/jsonLines';
import { signalName } from './signals';

/** The message is already printable; names are made printable here. */
export interface ShownHit extends Pick<ExportedHit, 'timeNs' | 'location' | 'message'> {
  /** Name and number. */
  readonly thread: string;
}

/** SGR parameters (ECMA-48 §8.3.117). */
const SGR = { time: 2, thread: 36, location: 33, heading: 1, count: 32, trouble: 31 } as const;

/** The widest column: one very long name must not push all messages off the screen. */
const WIDEST_COLUMN = 40;

export class TextFormat {
  #threadWidth = 0;
  #locationWidth = 0;
  #second = -1;
  #clock = '';

  constructor(readonly coloured: boolean) {}

  hit(hit: ShownHit): string {
    const thread = printableName(hit.thread);
    const location = printableName(shortLocation(hit.location));
    this.#threadWidth = Math.min(WIDEST_COLUMN, Math.max(this.#threadWidth, thread.length));
    this.#locationWidth = Math.min(WIDEST_COLUMN, Math.max(this.#locationWidth, location.length));
    return [
      this.#paint('time', this.#time(hit.timeNs)),
      this.#paint('thread', thread.padEnd(this.#threadWidth)),
      this.#paint('location', location.padEnd(this.#locationWidth)),
      hit.message,
    ].join('  ');
  }

  /** `elapsedMs`: how long the probes were armed, for rates. */
  summary(summary: ExportedSummary, elapsedMs: number): string {
    const seconds = elapsedMs / 1000;
    const hits = summary.probes.reduce((sum, probe) => sum + probe.hits, 0);
    const probes = `${summary.probes.length} probe${summary.probes.length === 1 ? '' : 's'}`;
    return [
      this.#paint(
        'heading',
        `${probes}, ${thousands(hits)} ${hits === 1 ? 'hit' : 'hits'} in ${seconds.toFixed(seconds < 1 ? 3 : 1)} s`,
      ),
      ...summary.probes.flatMap((probe) => this.#probe(probe, seconds)),
      ...this.#end(summary),
    ].join('\n');
  }

  #probe(probe: ExportedProbe, seconds: number): string[] {
    const counts = [
      this.#paint('count', hitsText(probe.hits)),
      // A rate over a shorter time has no meaning.
      ...(seconds < 0.1 ? [] : [`${thousands(Math.round(probe.hits / seconds))} a second`]),
      `${thousands(probe.matched)} matched`,
      `${thousands(probe.reported)} reported`,
      ...this.#trouble(probe.lost, 'lost'),
      ...this.#trouble(probe.failedConditions, 'with a condition that could not be evaluated'),
      ...this.#trouble(probe.steppedAside, 'stepped aside'),
    ].join(', ');
    return [
      `${String(probe.probe).padStart(3)}  ${printable(probe.text)}`,
      `     ${counts}`,
      ...(probe.failure === undefined ? [] : [`     ${this.#paint('trouble', printable(probe.failure))}`]),
      ...(probe.groups ? this.#groups(probe.groups) : this.#sites(probe)),
    ];
  }

  #sites(probe: ExportedProbe): string[] {
    const sites = probe.sites.map((site) => ({ ...site, instruction: printableName(site.instruction) }));
    const wide = Math.max(0, ...sites.map((site) => site.instruction.length));
    return sites.flatMap((site) => {
      const place = `     ${hex(site.address).padEnd(14)}  ${site.instruction.padEnd(wide)}  ${site.execution}`;
      const trouble = site.problem === undefined ? [] : [`       ${this.#paint('trouble', printable(site.problem))}`];
      return [sites.length > 1 ? `${place.padEnd(wide + 32)}  ${countsOf(site)}` : place, ...trouble];
    });
  }

  /** Only what was hit: there may be thousands. */
  #groups({ by, counted }: NonNullable<ExportedProbe['groups']>): string[] {
    const hit = counted.filter(({ hits }) => hits > 0).map((group) => ({ group, name: groupName(group, counted) }));
    const wide = Math.min(WIDEST_COLUMN, Math.max(0, ...hit.map(({ name }) => name.length)));
    const others = counted.length - hit.length;
    return [
      ...hit.map(({ group, name }) => `     ${name.padEnd(wide)}  ${countsOf(group)}`),
      ...(others === 0 ? [] : [`     ${thousands(others)} of ${thousands(counted.length)} ${by}s without a hit`]),
    ];
  }

  #trouble(count: number | undefined, what: string): string[] {
    return count === undefined || count === 0 ? [] : [this.#paint('trouble', `${thousands(count)} ${what}`)];
  }

  #end({ exit }: ExportedSummary): string[] {
    if (exit === undefined) return [];
    return [
      'code' in exit
        ? `the program ended with status ${exit.code}`
        : `the program was killed by ${signalName(exit.signal)}`,
    ];
  }

  /** Local time of day with microseconds. The part down to seconds is the same for many hits. */
  #time(timeNs: bigint): string {
    const micros = Number(timeNs / 1000n);
    const second = Math.floor(micros / 1e6);
    if (second !== this.#second) {
      this.#second = second;
      this.#clock = new Date(second * 1000).toTimeString().slice(0, 8);
    }
    return `${this.#clock}.${String(micros % 1e6).padStart(6, '0')}`;
  }

  #paint(what: keyof typeof SGR, text: string): string {
    return this.coloured ? `\x1b[${SGR[what]}m${text}\x1b[0m` : text;
  }
}

/** `store.c:46`, or what is known instead. */
function shortLocation({ file, line, function: name, address }: ExportedHit['location']): string {
  if (file !== undefined && line !== undefined) return `${file.slice(file.lastIndexOf('/') + 1)}:${line}`;
  return name ?? hex(address);
}

/** A line, or a function, with its file where another one has its name. */
function groupName(group: ExportedGroup, all: readonly ExportedGroup[]): string {
  const { file, line, function: name } = group;
  const base = file?.slice(file.lastIndexOf('/') + 1) ?? '?';
  if (line !== undefined) return printableName(`${base}:${line}`);
  const isAlone = !all.some((other) => other !== group && other.function === name);
  return printableName(isAlone ? (name ?? base) : `${name ?? ''} (${base})`);
}

/** The counts of one of several places. */
function countsOf({ hits, matched, reported }: Pick<ExportedSite, 'hits' | 'matched' | 'reported'>): string {
  return `${hitsText(hits)}, ${thousands(matched)} matched, ${thousands(reported)} reported`;
}

function hitsText(hits: number): string {
  return `${thousands(hits)} ${hits === 1 ? 'hit' : 'hits'}`;
}

/** 12345 → `12,345`; a locale's formatter takes 14 ms to load. */
function thousands(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ',');
}
