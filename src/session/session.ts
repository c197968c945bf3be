/**
 * A session: what every front end shows and does. It starts or attaches to processes, keeps their probes placed as code
 * comes and goes, and turns what the engine sends into hits. One engine, one session.
 */
import { basename, resolve } from 'node:path';
import { type ReadFlow } from '../base/controlFlow';
import { messageOf, SidestepError } from '../base/errors';
import { type Disposable, DisposableStore, Emitter, type Event } from '../base/lifetime';
import { type Counts, type Follow, type Requests } from '../contract/messages';
import { type Visualizers } from '../language/natvis/ast';
import { type ProbeLocation, type ProbeSpec } from '../language/probes/spec';
import { DynamicLinker } from './loading/dynamicLinker';
import { unlessEnded } from './processes/ended';
import { type Engine } from './engine/engine';
import { type Hit, HitStream } from './probes/hitStream';
import { ImageCache, type OpenImage } from './code/images';
import { findSources, listSources } from './code/sources';
import { canLoadCode } from './loading/laterCode';
import { LoadedCode, type ModuleChange } from './loading/loadedCode';
import { type Module } from './code/module';
import { type Probe } from './probes/userProbe';
import { CallTimes } from './probes/callTimes';
import { type ProbeCounts, ProbeSet } from './probes/probeSet';
import { type Process } from './processes/process';
import { type ProcessChange, ProcessSet, type ProcessExit, type ThreadChange } from './processes/processSet';
import { leakCheckWarning, withoutLeakCheck } from './loading/leakCheck';
import { type DebuginfodSettings } from '../debuginfo/elf/debuginfod';
import { foresee } from './probes/resolve';
import { Sequence } from './processes/sequence';
import { SiteTable } from './probes/siteTable';
import { SourceMap } from './code/sourceMap';
import { type HeldThread, HeldThreads } from './stops/heldThreads';
import { ProgramStarts } from './stops/programStarts';

export interface SessionOptions {
  /** Where separate debug files are looked for beside the usual directories. */
  readonly debugDirectories?: readonly string[];
  /** Where debuginfod's cache and servers are; undefined: they are not used. */
  readonly debuginfod?: DebuginfodSettings | undefined;
  /** Path prefixes, as built → as they are here. */
  readonly sourceMap?: Readonly<Record<string, string>>;
  readonly openImage?: OpenImage;
  /** Decodes code, so that copies of a line, loops and indirect functions are told apart. */
  readonly readFlow?: ReadFlow;
  /** Which children of the processes that are launched or attached to are traced, too; `none` by default. */
  readonly follow?: Follow;
  /** Formatters for values of certain types. */
  readonly visualizers?: Visualizers;
  /** How many sites a pattern may have in a process; 20,000 by default. */
  readonly maxSites?: number;
}

/**
 * A pattern that means more places is probably not what its author meant. The number is above the functions of any one
 * library that people probe as a whole, and takes a few seconds to arm.
 */
export const MAX_SITES = 20_000;

export type LaunchOptions = Omit<Requests['launch']['arguments'], 'follow'>;

/** A process, such as a shell in a terminal, that execs the program on request. */
export interface WaitingProcess {
  readonly pid: number;
  letGo(): Promise<void>;
}

export interface Warning {
  readonly message: string;
  readonly pid?: number;
  readonly tid?: number;
}

const SIGKILL = 9;

/**
 * How often to check whether the program still holds what was armed: no event reports that it changed its own code. An
 * audit reads every site's text, so a shorter interval costs time; a longer one reports a lost probe later.
 */
const AUDIT_MS = 2000;

export class Session implements Disposable {
  readonly #engine: Engine;
  readonly #follow: Follow;
  readonly #sites = new SiteTable();
  readonly #sequence = new Sequence();
  readonly #store = new DisposableStore();
  readonly #sourceMap: SourceMap;
  readonly #maxSites: number;
  readonly #images: ImageCache;
  readonly #processes: ProcessSet;
  readonly #starts: ProgramStarts;
  readonly #probes: ProbeSet;
  readonly #code: LoadedCode;
  readonly #hits: HitStream;
  readonly #warnings = new Emitter<Warning>();
  readonly #limits = new Emitter<undefined>();
  readonly #placed = new Emitter<Process>();
  #auditing = false;

  readonly onHit: Event<Hit>;
  readonly onProbeChanged: Event<Probe>;
  readonly onProcess: Event<ProcessChange>;
  readonly onThread: Event<ThreadChange>;
  readonly onModule: Event<ModuleChange>;
  /**
   * Libraries came or went and the probes are placed in what is there now; the thread that loaded them waits until the
   * listeners return.
   */
  readonly onPlaced: Event<Process> = this.#placed.on;
  readonly onExit: Event<ProcessExit>;
  /** The reports that {@link limitReports} allowed have been made; no probe is armed any more. */
  readonly onLimitReached: Event<undefined> = this.#limits.on;
  readonly onWarning: Event<Warning> = this.#warnings.on;
  /** What is being read that may take a while. */
  readonly onProgress: Event<string>;
  readonly onEngineGone: Event<{ readonly reason: string }>;

  constructor(engine: Engine, options: SessionOptions = {}) {
    this.#engine = engine;
    this.#follow = options.follow ?? 'none';
    this.#sourceMap = new SourceMap(options.sourceMap);
    this.#images = this.#store.add(new ImageCache(options));
    this.#images.onWarning((message) => this.#warnings.fire({ message }));
    this.#processes = this.#store.add(new ProcessSet(engine));
    this.#maxSites = options.maxSites ?? MAX_SITES;
    const times = new CallTimes(engine, this.#sites);
    this.#probes = new ProbeSet(engine, this.#sites, {
      sourceMap: this.#sourceMap,
      maxSites: this.#maxSites,
      times,
      visualizers: options.visualizers,
    });
    this.#starts = this.#store.add(
      new ProgramStarts({
        engine,
        processes: this.#processes,
        prepare: (process) => this.#enter(process),
        inBackground: (process, task) => this.#inBackground(process, task),
      }),
    );
    const held = this.#store.add(
      new HeldThreads(engine, this.#processes, {
        atEntry: (thread) => this.#starts.take(thread),
        unowned: (thread) => this.#inBackground(thread.process, () => thread.release()),
      }),
    );
    this.#code = new LoadedCode({ engine, images: this.#images, probes: this.#probes, sites: this.#sites, held });
    this.#hits = this.#store.add(new HitStream(engine, this.#sites, times));

    this.onHit = this.#hits.onHit;
    this.onProbeChanged = this.#probes.onChanged;
    this.onProcess = this.#processes.onProcess;
    this.onThread = this.#processes.onThread;
    this.onModule = this.#code.onModule;
    this.onExit = this.#processes.onExit;
    this.onProgress = this.#images.onActivity;
    this.onEngineGone = engine.onGone;

    this.#store.add(
      engine.onEvent((event) => {
        if (event.event === 'siteGone') this.#probes.lose(event.site, event.reason);
        else if (event.event === 'limitReached') this.#limits.fire(undefined);
        else if (event.event === 'warning') this.#warnings.fire(event);
      }),
    );
    this.#store.add(
      this.onProcess(({ kind, process }) => {
        if (kind === 'execed') this.#probes.forget(process);
      }),
    );
    this.#store.add(
      this.onModule(({ kind, process, module }) => {
        const message = kind === 'loaded' ? leakCheckWarning(process, module) : undefined;
        if (message !== undefined) this.#warnings.fire({ message, pid: process.pid });
      }),
    );
    const audits = setInterval(() => this.#audit(), AUDIT_MS).unref();
    this.#store.add({ dispose: () => clearInterval(audits) });
    this.#store.add(
      this.#processes.onForked(({ process, sites }) => {
        this.#probes.inherit(process, sites);
        // Its parent may have loaded something since, or not have been looked at yet.
        this.#inBackground(process, async () => {
          if (process.end === undefined) await this.#code.look(process);
        });
      }),
    );
    this.#store.add(this.#processes.onLastCounts(({ process, sites }) => this.#probes.tally(process, sites)));
    this.#store.add(this.#code.onLibrariesChanged((thread) => this.#librariesChanged(thread)));
  }

  /** Living processes by pid. */
  get processes(): ReadonlyMap<number, Process> {
    return this.#processes.alive;
  }

  /**
   * Starts a program; it waits before its first instruction for {@link start}. `locations`: what will be looked for in
   * it. That is read while the engine starts, which takes longer than most programs' symbols do.
   */
  async launch(options: LaunchOptions, locations: readonly ProbeLocation[] = []): Promise<Process> {
    const path = resolve(options.cwd ?? '.', options.program);
    const change = this.spareLeakCheck(path, options.env);
    const env = change
      ? [...options.env.filter((each) => !each.startsWith(`${change.name}=`)), `${change.name}=${change.value}`]
      : options.env;
    await this.#checkFollow();
    const launched = this.#engine
      .request('launch', { ...options, env, follow: this.#follow })
      .then(({ pid }) => this.#starts.entry(this.#processes.expect(pid)));
    const [entered] = await Promise.all([launched, this.#foresee(path, locations)]);
    return entered;
  }

  /**
   * For a program that is about to be started: the variable that it needs so that it can end while it is traced, and a
   * warning that says so. {@link launch} sets it; undefined where none is needed.
   */
  spareLeakCheck(program: string, environment: readonly string[]): ReturnType<typeof withoutLeakCheck> {
    const change = withoutLeakCheck(program, environment);
    if (change) {
      const message =
        `${basename(program)} checks for leaks when it ends (LeakSanitizer), which fails while it is traced: ` +
        `${change.name}=${change.value} turns the check off`;
      this.#warnings.fire({ message });
    }
    return change;
  }

  /**
   * Attaches to a process that is about to exec the program and lets it; the program waits at its start as after {@link
   * launch}.
   */
  async adopt(waiting: WaitingProcess): Promise<Process> {
    const process = await this.#seize(waiting.pid, true);
    const [entered] = await Promise.all([this.#starts.entry(process), waiting.letGo()]);
    return entered;
  }

  /**
   * Traces a running process, without stopping any of its threads, and places the probes. `locations` are read while
   * the engine starts, as for {@link launch}.
   */
  async attach(pid: number, locations: readonly ProbeLocation[] = []): Promise<Process> {
    const [process] = await Promise.all([this.#seize(pid, false), this.#foresee(`/proc/${pid}/exe`, locations)]);
    this.#starts.letGo();
    await this.#sequence.run(() => this.#enter(process).catch((error: unknown) => this.#warn(process, error)));
    await this.read(process);
    return process;
  }

  /**
   * Resolves when the probes are placed in what is mapped into the process now, or when it has ended: a process that
   * calls exec has nothing mapped until its new image is read, which waits for that.
   */
  async read(process: Process): Promise<void> {
    const waiting = new DisposableStore();
    const isReady = (): boolean => process.isRead || this.processes.get(process.pid) !== process;
    try {
      await new Promise<void>((resolve, reject) => {
        const check = (): void => {
          if (isReady()) resolve();
        };
        waiting.add(this.#starts.onEntered(check));
        waiting.add(this.onExit(check));
        waiting.add(this.onProcess(check));
        waiting.add(
          this.onEngineGone(({ reason }) => reject(new SidestepError('engine-gone', `the engine is gone: ${reason}`))),
        );
        check();
      });
    } finally {
      waiting.dispose();
    }
  }

  /** Lets launched programs go. */
  async start(): Promise<void> {
    this.#starts.letGo();
    await this.#sequence.run(async () => {
      for (const process of this.processes.values()) await this.#starts.release(process);
    });
  }

  /**
   * Places a probe in all processes: it is armed, pending or failed then, and says why. Rejects only when the engine is
   * gone.
   */
  addProbe(spec: ProbeSpec): Promise<Probe> {
    return this.#sequence.run(() => this.#probes.add(spec, this.processes.values()));
  }

  /** Takes a probe away. Every hit until then has been fired when this resolves, with the probe's last counts. */
  removeProbe(probe: Probe): Promise<Counts> {
    return this.#sequence.run(() => this.#probes.remove(probe));
  }

  /** Takes all probes out after that many further reports. */
  async limitReports(reports: number): Promise<void> {
    await this.#engine.request('limit', { reports });
  }

  /** What was counted until now, by probe and by site; also for sites whose process has ended. */
  counts(): Promise<ReadonlyMap<Probe, ProbeCounts>> {
    return this.#probes.counts();
  }

  /** Takes everything out of all processes and lets them run on untraced. */
  async detach(): Promise<void> {
    this.#starts.letGo();
    await this.#sequence.run(async () => {
      // Children that are forked meanwhile are at the end of the map.
      for (const process of this.processes.values()) {
        await unlessEnded(this.#engine.request('detach', { pid: process.pid }));
        this.#processes.release(process);
      }
    });
  }

  /** Sends a signal to all processes: SIGKILL unless said otherwise. */
  async terminate(signal: number = SIGKILL): Promise<void> {
    const processes = signal === SIGKILL ? this.processes.values() : [...this.processes.values()];
    // Children that are forked meanwhile are at the end of the map.
    for (const { pid } of processes) await unlessEnded(this.#engine.request('signal', { pid, signal }));
  }

  /** Whether code may still come into one of the processes, or into a child: what a probe without a place waits for. */
  get mayLoadCode(): boolean {
    return this.#follow === 'children' || [...this.processes.values()].some(canLoadCode);
  }

  /** Lines of a file between `first` and `last` (both included) at which loaded code starts, ascending. */
  codeLines(file: string, first: number, last: number): readonly number[] {
    const sources = findSources(file, this.#allModules(), this.#sourceMap);
    const lines = sources.flatMap(({ module, built }) => module.image.codeLines(built, first, last));
    return [...new Set(lines)].sort((a, b) => a - b);
  }

  /**
   * The sources that loaded code was compiled from, as paths on this machine; without those of the distribution's
   * libraries.
   */
  sourceFiles(): readonly string[] {
    return listSources(this.#allModules(), this.#sourceMap);
  }

  /** Ends the session: the engine takes all probes out and lets everything run on. */
  dispose(): void {
    this.#store.dispose();
    this.#engine.dispose();
  }

  /** One at a time: an engine that is slow to answer is not asked again. */
  #audit(): void {
    if (this.#auditing || this.#sites.isEmpty) return;
    this.#auditing = true;
    const done = (): void => void (this.#auditing = false);
    this.#engine.request('audit', {}).then(done, done);
  }

  #allModules(): readonly Module[] {
    return [...this.processes.values()].flatMap((process) => process.modules);
  }

  async #foresee(program: string, locations: readonly ProbeLocation[]): Promise<void> {
    // The request goes first.
    await new Promise(setImmediate);
    await this.#images.prepareProgram(program);
    const image = this.#images.foresee(program);
    if (image === undefined) return;
    for (const location of locations) foresee(location, image, this.#sourceMap, this.#maxSites);
    const linker = image.interpreter === undefined ? undefined : this.#images.foresee(image.interpreter);
    if (linker !== undefined) DynamicLinker.foresee(linker);
  }

  /** Where nothing is to be followed, the request need not wait for the engine to be ready. */
  async #checkFollow(): Promise<void> {
    if (this.#follow === 'none') return;
    const { capabilities } = await this.#engine.ready;
    if (capabilities.follow.includes(this.#follow)) return;
    throw new SidestepError('unsupported', `the ${capabilities.kind} engine can't follow ${this.#follow}`);
  }

  async #seize(pid: number, asLaunched: boolean): Promise<Process> {
    await this.#checkFollow();
    const attached = await this.#engine.request('attach', { pid, follow: this.#follow, asLaunched });
    const process = this.#processes.expect(attached.pid);
    this.#processes.addThreads(process, attached.tids);
    return process;
  }

  /** What can't be read is not tried again. */
  async #enter(process: Process): Promise<void> {
    const { generation } = process;
    try {
      await this.#code.enter(process);
    } finally {
      if (process.generation === generation) process.isRead = true;
    }
  }

  #librariesChanged(thread: HeldThread): void {
    const { process } = thread;
    this.#inBackground(process, async () => {
      try {
        await this.#code.look(process);
        this.#placed.fire(process);
      } finally {
        await thread.release();
      }
    });
  }

  /** A task that no caller awaits must not fail silently. */
  #inBackground(process: Process, task: () => Promise<void>): void {
    this.#sequence.run(task).catch((error: unknown) => this.#warn(process, error));
  }

  #warn(process: Process, error: unknown): void {
    if (process.end !== undefined || (error instanceof SidestepError && error.code === 'engine-gone')) return;
    this.#warnings.fire({ message: messageOf(error), pid: process.pid });
  }
}
