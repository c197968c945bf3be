/**
 * The common part of `run` and `attach`: probes go in, hits come out as lines, something ends it (the time, the number
 * of hits, a reader that went away), the probes are removed, and a summary shows the counts.
 */
import { join } from 'node:path';
import { SidestepError } from '../base/errors';
import { type Disposable, DisposableStore } from '../base/lifetime';
import { type ProcessEnd } from '../contract/messages';
import { readFlow } from '../emulator/lazyFlow';
import { type ExportedProbe } from '../export/jsonLines';
import { type ProbeLocation } from '../language/probes/spec';
import { rangeInLine } from '../language/probes/parse';
import { type EngineOptions, startEngine } from '../session/engine/startEngine';
import { countGroups } from '../session/probes/countGroups';
import { type Probe } from '../session/probes/userProbe';
import { canBecomeAnother } from '../session/loading/laterCode';
import { type Process } from '../session/processes/process';
import { debuginfodSettings } from '../debuginfo/elf/debuginfod';
import { loadFormatters } from '../session/formatters/loadFormatters';
import { Session } from '../session/session';
import { type TracingOptions } from './arguments';
import { ErrorInText } from './errorText';
import { Output } from './output';
import { type GivenProbe, readProbes } from './readProbes';

export class Tracing implements Disposable {
  readonly session: Session;
  readonly #options: TracingOptions;
  readonly #given: readonly GivenProbe[];
  readonly #probes = new Map<Probe, GivenProbe>();
  readonly #warned = new Set<string>();
  readonly #store = new DisposableStore();
  readonly #output: Output;
  /** performance.now() when the probes took effect, and when they were removed. */
  #startedAt = 0;
  #stoppedAt: number | undefined;
  #settled = false;
  /** Whether the process can start other programs, which are not traced. Undefined: not determined yet. */
  #hasOthers: boolean | undefined;
  #finish!: () => void;
  #fail!: (error: unknown) => void;

  /** Resolves when the probes have done their work; rejects if the engine has ended or a probe is wrong. */
  readonly over = new Promise<void>((resolve, reject) => {
    this.#finish = resolve;
    this.#fail = reject;
  });

  /**
   * Reads probes and opens the output, then starts an engine. Throws if any of that fails; nothing has happened then.
   */
  constructor(options: TracingOptions, engine: Omit<EngineOptions, 'script' | 'elevation'>) {
    // A failure may come before anybody waits for it.
    this.over.catch(() => undefined);
    this.#options = options;
    this.#given = readProbes(options.probes);
    this.#output = this.#store.add(
      Output.open({
        ...options,
        onBroken: (error) => {
          if (error) this.#fail(error);
          else this.#finish();
        },
      }),
    );
    const script = join(__dirname, 'engine.js');
    const { visualizers, warnings } = loadFormatters(options.natvisFiles, join(__dirname, 'formatters'));
    this.session = this.#store.add(
      new Session(startEngine({ ...engine, script, elevation: options.elevation }), {
        ...options,
        debuginfod: options.debuginfod ? debuginfodSettings() : undefined,
        readFlow,
        visualizers,
      }),
    );
    this.#listen();
    this.#warn(...warnings);
  }

  /** Where probes are wanted. */
  get locations(): readonly ProbeLocation[] {
    return this.#given.map(({ spec }) => spec.location);
  }

  /** Places the probes, in a held or running process. Throws the first error of a probe. */
  async addProbes(): Promise<void> {
    // Before the first probe is set: in a running process it may be hit at once.
    if (this.#options.maxHits !== undefined) await this.session.limitReports(this.#options.maxHits);
    for (const given of this.#given) {
      const probe = await this.session.addProbe(given.spec);
      this.#probes.set(probe, given);
      if (probe.state === 'failed') throw explain(probe, given);
    }
  }

  /** How the process ends. Rejects if the engine ends first. */
  exitOf(process: Process): Promise<ProcessEnd> {
    const exited = new Promise<ProcessEnd>((resolve, reject) => {
      if (process.end !== undefined) resolve(process.end);
      this.#store.add(
        this.session.onExit((exit) => {
          if (exit.process === process) resolve(exit.end);
        }),
      );
      this.#store.add(this.session.onEngineGone(({ reason }) => reject(engineGone(reason))));
    });
    // A failure may come before anybody waits for it.
    exited.catch(() => undefined);
    return exited;
  }

  /** Resolves when no process is left: the given one and, with --follow children, its descendants. */
  allEnded(): Promise<void> {
    return new Promise((resolve) => {
      const check = (): void => {
        if (this.session.processes.size === 0) resolve();
      };
      this.#store.add(this.session.onExit(check));
      check();
    });
  }

  /**
   * For a launched program, before it is released: settles the probes once its libraries are loaded, while it still
   * waits. If its probes can't be placed, the program ends before any of its code has run.
   */
  settleWhenLoaded(process: Process): void {
    if (process.modules.length === 1) {
      // It has no dynamic linker: no code will be loaded later.
      this.settle(process);
      return;
    }
    const loaded = this.#store.add(
      this.session.onPlaced(() => {
        loaded.dispose();
        try {
          this.settle(process);
        } catch (error) {
          void this.session.terminate();
          this.#fail(error);
        }
      }),
    );
  }

  /**
   * All start-up code is loaded, and the clock starts. A probe without a place either waits for a plugin or is wrong;
   * throws if it is wrong.
   */
  settle(process: Process): void {
    this.#settled = true;
    this.#startClock();
    for (const [probe, given] of this.#probes) {
      this.#warn(...probe.warnings);
      // A process that has ended in the meantime may have had its probes.
      if (probe.state === 'armed' || process.end !== undefined) continue;
      const isHopeless = probe.state === 'failed' || process.program?.problem !== undefined;
      const canBecomeAnother = this.#canBecomeAnother(process);
      if (isHopeless || !(canBecomeAnother || this.session.mayLoadCode)) throw explain(probe, given);
      const reason = probe.reason ?? 'it has no place';
      const or = canBecomeAnother ? ', or for another program in this process (exec)' : '';
      this.#warn(`${given.spec.text}: ${reason}; it waits for code that is loaded later${or}`);
    }
  }

  /** Programs that it starts are not followed then, and may contain the location. */
  #canBecomeAnother(process: Process): boolean {
    this.#hasOthers ??= this.#options.follow === 'none' && canBecomeAnother(process);
    return this.#hasOthers;
  }

  /** Prints each warning once, for any number of probes. */
  #warn(...warnings: readonly string[]): void {
    for (const warning of warnings) {
      if (this.#warned.has(warning)) continue;
      this.#warned.add(warning);
      this.#output.warning(warning);
    }
  }

  /** Removes the probes and returns their counts. */
  async takeProbesAway(): Promise<ExportedProbe[]> {
    this.#stoppedAt ??= performance.now();
    const taken: ExportedProbe[] = [];
    for (const [probe, { spec }] of this.#probes) {
      const counts = await this.session.removeProbe(probe);
      const { places } = probe;
      taken.push({
        probe: probe.id,
        text: spec.text,
        failure: places.length > 0 ? undefined : probe.reason,
        ...counts,
        sites: places.map(({ location, displaced: { instruction, execution }, problem, counts: there }) => ({
          address: location.address,
          instruction,
          execution,
          problem,
          ...there,
        })),
        ...patternOf(probe),
      });
    }
    return taken;
  }

  /** Writes the summary. Throws for a probe that never found a place. */
  summarise(probes: readonly ExportedProbe[], exit: ProcessEnd | undefined): void {
    this.#output.summary({ probes, exit }, (this.#stoppedAt ?? performance.now()) - this.#startedAt);
    const misplaced = probes.find((probe) => probe.failure !== undefined);
    const advice = this.#hasOthers
      ? 'It may be in a program that this one starts: --follow children probes those too.'
      : undefined;
    for (const [probe, given] of this.#probes) if (probe.id === misplaced?.probe) throw explain(probe, given, advice);
  }

  /** Ends `item` with the tracing. */
  add(item: Disposable): void {
    this.#store.add(item);
  }

  dispose(): void {
    this.#store.dispose();
  }

  /** The clock starts now: for rates, and for --duration. */
  #startClock(): void {
    this.#startedAt = performance.now();
    const { durationMs } = this.#options;
    if (durationMs === undefined) return;
    const timer = setTimeout(() => this.#finish(), durationMs);
    this.#store.add({ dispose: () => clearTimeout(timer) });
  }

  #listen(): void {
    const { session } = this;
    this.#store.add(session.onHit((hit) => this.#output.hit(hit)));
    this.#store.add(session.onLimitReached(() => this.#finish()));
    this.#store.add(session.onWarning(({ message }) => this.#warn(message)));
    this.#store.add(
      session.onProbeChanged((probe) => {
        if (!this.#settled) return;
        this.#warn(...probe.warnings);
        if (probe.state === 'failed') this.#warn(`${probe.spec.text}: ${probe.reason ?? 'it could not be placed'}`);
      }),
    );
    this.#store.add(session.onEngineGone(({ reason }) => this.#fail(engineGone(reason))));
  }
}

/** What a pattern's places counted, and why others have no site. */
function patternOf(probe: Probe): Pick<ExportedProbe, 'groups' | 'refused'> {
  const counted = countGroups(
    probe,
    probe.places.map((place) => [place, place.counts]),
  );
  if (counted === undefined) return {};
  const by = probe.spec.location.kind === 'lines' ? 'line' : 'function';
  return { groups: { by, counted }, refused: probe.tally?.reasons };
}

function engineGone(reason: string): SidestepError {
  return new SidestepError('engine-gone', `the engine is gone: ${reason}`);
}

/** A probe's error, with its position in the line if it has one. */
function explain(probe: Probe, { spec, line, where }: GivenProbe, advice?: string): Error {
  const error = probe.error ?? new SidestepError('no-code', `${spec.text} found no place`);
  const { range, section, ...place } = error.place ?? {};
  const found = range && rangeInLine(line, section, range);
  const meant = error.advice?.startsWith('Did you mean') ? `${error.advice} ` : '';
  const details = {
    ...error.details,
    ...(advice !== undefined && { advice: meant + advice }),
    place: { ...place, ...(found && { range: found }) },
  };
  return new ErrorInText(new SidestepError(error.code, error.message, details), line, where);
}
