/** A probe as front ends show it, and the sites where it is armed. */
import { type Address } from '../base/address';
import { type SidestepError } from '../base/errors';
import { type Execution, type ProbeId, type SiteId } from '../contract/messages';
import { type CompiledProbe } from '../language/compileProbe';
import { type ProbeSpec } from '../language/probes/spec';
import { type Module } from './module';
import { type Process } from './process';

/** Where a hit happened, for people: the same for every hit of a site. */
export interface SiteLocation {
  readonly file?: string;
  readonly line?: number;
  readonly function?: string;
  readonly address: Address;
}

/** One address in one process where a probe is armed. */
export interface Site {
  readonly id: SiteId;
  readonly probe: Probe;
  readonly process: Process;
  /** Undefined for code that belongs to no file. */
  readonly module: Module | undefined;
  readonly location: SiteLocation;
  /** The displaced instruction. */
  readonly instruction: string;
  readonly execution: Execution;
  readonly compiled: CompiledProbe;
  /** What the user should know about the probe at this place. */
  readonly warnings: readonly string[];
}

/**
 * `armed`: at one site at least. `pending`: no code that is loaded now has its location; it is looked for again in everything that is
 * loaded later. `failed`: it can't be armed as it is written. `removed`: it was taken away.
 */
export type ProbeState = 'armed' | 'pending' | 'failed' | 'removed';

export class Probe {
  state: ProbeState = 'pending';
  /** Why it is not armed, or not everywhere; with {@link state} `failed` there is always one. */
  error: SidestepError | undefined;
  /** Where it is armed now. */
  sites: readonly Site[] = [];
  /** Where it was ever armed, each place of a file once in however many processes. */
  readonly places = new Map<string, Pick<Site, 'location' | 'instruction' | 'execution'>>();
  /** The line it stands at, when it was placed by line: that of the first code at or below the line that was asked for. */
  line: number | undefined;
  /** What the user should know about it though it is armed. */
  warnings: readonly string[] = [];

  constructor(
    readonly id: ProbeId,
    readonly spec: ProbeSpec,
  ) {}

  /** Why it is not armed: a sentence without a full stop. */
  get reason(): string | undefined {
    return this.error?.message;
  }
}
