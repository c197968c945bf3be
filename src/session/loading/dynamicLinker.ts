/**
 * Libraries that are loaded later: the dynamic linker calls an empty function, `_dl_debug_state`, before and after
 * every change of what is mapped (link.h, `struct r_debug`; the protocol that SVR4 debuggers use). A site there that
 * holds its thread gives the time to set probes in a new library before any of its code runs; no other thread waits.
 */
import { type Address, linkAddress } from '../../base/address';
import { Emitter, type Event } from '../../base/lifetime';
import { type AgentProgram } from '../../contract/agent/operations';
import { placeAt } from '../probes/placeAt';
import { type Engine } from '../engine/engine';
import { type ModuleImage } from '../code/images';
import { type Module } from '../code/module';
import { type OwnProbe } from '../probes/ownProbe';
import { type Process } from '../processes/process';
import { type SiteTable } from '../probes/siteTable';
import { type HeldThread, type HeldThreads } from '../stops/heldThreads';

/** The function that the linker calls around a change. */
const CHANGED = '_dl_debug_state';

/** `r_state` in struct r_debug (link.h): 0 is RT_CONSISTENT, the change is done. */
const R_STATE_OFFSET = 24n;

export class DynamicLinker {
  readonly #engine: Engine;
  readonly #sites: SiteTable;
  readonly #probe: OwnProbe;
  readonly #held: HeldThreads;
  readonly #changes = new Emitter<HeldThread>();

  /** A thread has just loaded or unloaded a library. It waits for its release. */
  readonly onChanged: Event<HeldThread> = this.#changes.on;

  constructor(engine: Engine, sites: SiteTable, probe: OwnProbe, held: HeldThreads) {
    this.#engine = engine;
    this.#sites = sites;
    this.#probe = probe;
    this.#held = held;
  }

  /** Has the linker's image read what {@link watch} will ask of it. */
  static foresee(linker: ModuleImage): void {
    linker.symbolAddress(CHANGED);
  }

  /**
   * Holds every thread that has just loaded or unloaded a library. `interpreterBase`: AT_BASE, 0 for a program without
   * an interpreter. Does nothing where no linker is found: such a program loads nothing, or nothing that can be
   * noticed; nor with an engine that holds no threads.
   */
  async watch(process: Process, interpreterBase: Address): Promise<void> {
    // A program without an interpreter may be its own: ld.so started by hand, or a static one with dlopen.
    const linker = process.modules.find((module) => module.start === interpreterBase) ?? process.program;
    const breakpoint = linker?.readableImage?.symbolAddress(CHANGED);
    if (linker === undefined || breakpoint === undefined) return;
    const { capabilities } = await this.#engine.ready;
    if (!capabilities.onHit.includes('hold')) return;
    const site = this.#sites.reserve();
    this.#held.own(site, process, (thread) => this.#changes.fire(thread));
    try {
      await this.#probe.arm(process, site, {
        ...placeAt(linker, linker.toRun(breakpoint)),
        agent: whenConsistent(linker),
        onHit: 'hold',
      });
    } catch (error) {
      this.#held.disown(site);
      throw error;
    }
  }
}

/** True after a change, false before it. */
function whenConsistent(linker: Module): AgentProgram {
  const debug = linker.image.symbolAddress('_r_debug');
  if (debug === undefined) return { captures: [] };
  const state = linker.toRun(linkAddress(debug + R_STATE_OFFSET));
  return {
    condition: [{ op: 'const', value: state }, { op: 'load', size: 4 }, { op: 'isZero' }],
    captures: [],
  };
}
