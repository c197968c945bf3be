/** A probe as front ends show it, and the sites where it is armed. */
import { type Address, hex } from '../../base/address';
import { type SidestepError } from '../../base/errors';
import { type Counts, type DisplacedInstruction, type ProbeId, type SiteId } from '../../contract/messages';
import { type CompiledProbe } from '../../language/compileProbe';
import { isPattern } from '../../language/probes/location';
import { type ProbeSpec } from '../../language/probes/spec';
import { NO_COUNTS } from './countSums';
import { PatternTally } from './patternTally';
import { type Module } from '../code/module';
import { type Process } from '../processes/process';

/** Where a hit happened, for people: the same for every hit of a site. */
export interface SiteLocation {
  readonly file?: string;
  readonly line?: number;
  readonly function?: string;
  readonly address: Address;
}

/** What is the same wherever one place of a file is probed. */
export interface PlaceDescription {
  readonly location: SiteLocation;
  /**
   * Why no hit is reported from there: the message or the condition has no meaning there. Hits are counted all the
   * same.
   */
  readonly problem: string | undefined;
}

/** A place of a file, or an address that belongs to none, where a probe is being armed, in however many processes. */
export interface KnownPlace extends PlaceDescription {
  /** Undefined until the engine has armed it. */
  displaced: DisplacedInstruction | undefined;
  /** Of its sites that the engine has forgotten. */
  counts: Counts;
}

/** A place where a probe was ever armed. */
export interface ArmedPlace extends KnownPlace {
  displaced: DisplacedInstruction;
}

/** One address in one process where a probe is armed. */
export interface Site extends PlaceDescription {
  readonly id: SiteId;
  readonly probe: Probe;
  readonly process: Process;
  /** Undefined for code that belongs to no file. */
  readonly module: Module | undefined;
  readonly compiled: CompiledProbe;
  /** Where a function returns: which of its copies does. */
  readonly copy?: string;
  /** Of the probe; the same in every process. */
  readonly place: KnownPlace;
}

/**
 * `armed`: at one site at least. `pending`: no code that is loaded now has its location; it is looked for again in
 * everything that is loaded later. `failed`: it can't be armed as it is written. `removed`: it was taken away.
 */
export type ProbeState = 'armed' | 'pending' | 'failed' | 'removed';

export class Probe {
  state: ProbeState = 'pending';
  /** Why it is not armed, or not everywhere; with {@link state} `failed` there is always one. */
  error: SidestepError | undefined;
  /** Where it is armed now. */
  sites: readonly Site[] = [];
  readonly #places = new Map<string, KnownPlace>();
  /**
   * The line it stands at, when it was placed by line: that of the first code at or below the line that was asked for.
   */
  line: number | undefined;
  #warnings: ReadonlySet<string> = new Set();
  /** What became of the places, if its location is a pattern. */
  readonly tally: PatternTally | undefined;

  constructor(
    readonly id: ProbeId,
    readonly spec: ProbeSpec,
  ) {
    this.tally = isPattern(spec.location) ? new PatternTally(spec.text) : undefined;
  }

  /** What the user should know about it though it is armed. */
  get warnings(): readonly string[] {
    return [...this.#warnings, ...(this.tally?.warnings ?? [])];
  }

  addWarnings(texts: readonly string[]): void {
    this.#warnings = new Set([...this.#warnings, ...texts]);
  }

  /** Whether its location means many places. */
  get isPattern(): boolean {
    return this.tally !== undefined;
  }

  /** Where it was ever armed, each place of a file once in however many processes. */
  get places(): readonly ArmedPlace[] {
    return [...this.#places.values()].filter(isArmed);
  }

  /** The place of one of its sites, which is known from now on. */
  placeOf({ module, location, problem }: Pick<Site, 'module' | 'location' | 'problem'>): KnownPlace {
    const { address, line, function: name } = location;
    const at = module === undefined ? hex(address) : `${module.path} ${hex(module.toLink(address))}`;
    // Several lines, and several functions, may begin at one address.
    const key = this.isPattern ? `${at} ${line ?? ''} ${name ?? ''}` : at;
    let place = this.#places.get(key);
    if (place === undefined) {
      place = { location, displaced: undefined, problem, counts: NO_COUNTS };
      this.#places.set(key, place);
    }
    return place;
  }

  /** Why it is not armed: a sentence without a full stop. */
  get reason(): string | undefined {
    return this.error?.message;
  }
}

export function isArmed(place: KnownPlace): place is ArmedPlace {
  return place.displaced !== undefined;
}
