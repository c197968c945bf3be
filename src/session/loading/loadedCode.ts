/** Which code a process has, from its start on: modules come and go, and the probes with them. */
import { type Address } from '../../base/address';
import { SidestepError } from '../../base/errors';
import { Emitter, type Event } from '../../base/lifetime';
import { DynamicLinker } from './dynamicLinker';
import { unlessEnded } from '../processes/ended';
import { type Engine } from '../engine/engine';
import { type ImageCache } from '../code/images';
import { findModules, type Module } from '../code/module';
import { OwnProbe } from '../probes/ownProbe';
import { type ProbeSet } from '../probes/probeSet';
import { type Process } from '../processes/process';
import { type SiteTable } from '../probes/siteTable';
import { type HeldThread, type HeldThreads } from '../stops/heldThreads';
import { UntracedChildren } from './untracedChildren';

export interface ModuleChange {
  readonly kind: 'loaded' | 'unloaded';
  readonly process: Process;
  readonly module: Module;
}

interface LoadedCodeParts {
  readonly engine: Engine;
  readonly images: ImageCache;
  readonly probes: ProbeSet;
  readonly sites: SiteTable;
  readonly held: HeldThreads;
}

export class LoadedCode {
  readonly #engine: Engine;
  readonly #images: ImageCache;
  readonly #probes: ProbeSet;
  readonly #linker: DynamicLinker;
  readonly #untraced: UntracedChildren;
  readonly #changes = new Emitter<ModuleChange>();

  readonly onModule: Event<ModuleChange> = this.#changes.on;
  /** A thread has loaded or unloaded a library. It waits for its release. */
  readonly onLibrariesChanged: Event<HeldThread>;

  constructor({ engine, images, probes, sites, held }: LoadedCodeParts) {
    this.#engine = engine;
    this.#images = images;
    this.#probes = probes;
    const own = new OwnProbe(engine);
    this.#linker = new DynamicLinker(engine, sites, own, held);
    this.#untraced = new UntracedChildren(engine, sites, own);
    this.onLibrariesChanged = this.#linker.onChanged;
  }

  /**
   * Takes up a process, or its new image: places the probes in what is mapped, and sees to it that a thread that loads
   * more is held. Throws when that is not possible; the probes are placed then all the same.
   */
  async enter(process: Process): Promise<void> {
    const interpreterBase = await this.look(process);
    if (interpreterBase === undefined) return;
    try {
      await this.#linker.watch(process, interpreterBase);
    } catch (error) {
      if (!(error instanceof SidestepError) || process.end !== undefined) throw error;
      throw new SidestepError(error.code, `libraries that are loaded later can't be probed: ${error.message}`);
    }
    // A process that runs may have loaded something before it was watched.
    if (!process.waitsAtEntry) await this.look(process);
  }

  /**
   * Reads the current mappings and updates the probes. Returns AT_BASE; undefined if the process has ended, or has
   * called exec in the meantime: its new image is entered separately.
   */
  async look(process: Process): Promise<Address | undefined> {
    const { generation } = process;
    const mappings = () => unlessEnded(this.#engine.request('mappings', { pid: process.pid }));
    let answer = await mappings();
    // While debug information was fetched, code may have come and gone.
    if (answer && (await this.#images.prepare(answer.mappings, process.pid))) answer = await mappings();
    if (answer === undefined || process.generation !== generation) return undefined;
    process.executable = answer.executable;
    const found = findModules(answer.mappings, answer.entry, { pid: process.pid, images: this.#images });
    const before = new Map(process.modules.map((module) => [module.key, module]));
    const after = new Map(found.map((module) => [module.key, before.get(module.key) ?? module]));
    process.modules = [...after.values()];
    const unloaded = [...before.values()].filter((module) => !after.has(module.key));
    const loaded = process.modules.filter((module) => !before.has(module.key));
    for (const module of unloaded) this.#changes.fire({ kind: 'unloaded', process, module });
    for (const module of loaded) this.#changes.fire({ kind: 'loaded', process, module });
    if (unloaded.length > 0) await this.#probes.leave(process, new Set(unloaded));
    for (const module of loaded) await this.#untraced.watch(process, module);
    if (loaded.length > 0) await this.#probes.enter(process, loaded);
    return process.generation === generation ? answer.interpreterBase : undefined;
  }
}
