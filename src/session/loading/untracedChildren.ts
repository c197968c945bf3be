/**
 * Children that are not to be traced: clone(2) with CLONE_UNTRACED. The kernel tells the tracer nothing of them, so
 * they would run with INT3 in their memory, and die of the first one that they meet. The flag exists only to keep
 * tracers away, so a site at the C library's function clone takes it out, and they are as others are. A program that
 * makes the system call without that function is not helped.
 */
import { type LinkAddress } from '../../base/address';
import { SidestepError } from '../../base/errors';
import { placeAt } from '../probes/placeAt';
import { type Engine } from '../engine/engine';
import { type Module } from '../code/module';
import { type OwnProbe } from '../probes/ownProbe';
import { type Process } from '../processes/process';
import { type SiteTable } from '../probes/siteTable';

/** glibc's and musl's, by the names of their files. */
const C_LIBRARY = /^(libc[.-]|ld-musl-)/;

/** The function is short: it holds the system call itself. */
const FUNCTION_BYTES = 96;
const SYSCALL = Buffer.of(0x0f, 0x05);

export class UntracedChildren {
  readonly #engine: Engine;
  readonly #sites: SiteTable;
  readonly #probe: OwnProbe;

  constructor(engine: Engine, sites: SiteTable, probe: OwnProbe) {
    this.#engine = engine;
    this.#sites = sites;
    this.#probe = probe;
  }

  /**
   * To be called for each module before others' sites are armed in the process. Does nothing in what is no C library,
   * nor with an engine that is no tracer.
   */
  async watch(process: Process, module: Module): Promise<void> {
    const clone = findClone(module);
    if (clone === undefined) return;
    const { capabilities } = await this.#engine.ready;
    if (!capabilities.onHit.includes('trace')) return;
    try {
      await this.#probe.arm(process, this.#sites.reserve(), {
        ...placeAt(module, module.toRun(clone)),
        agent: { captures: [] },
        onHit: 'trace',
      });
    } catch (error) {
      // It can't be probed, or the process has ended: probes are set all the same.
      if (!(error instanceof SidestepError) || error.code === 'engine-gone') throw error;
    }
  }
}

/** In a program that is linked statically, by the name that belongs to the C library alone (C11 §7.1.3). */
function findClone(module: Module): LinkAddress | undefined {
  if (!module.isProgram && !C_LIBRARY.test(module.name)) return undefined;
  const image = module.readableImage;
  const address = image?.symbolAddress(module.isProgram ? '__clone' : 'clone');
  if (address === undefined) return undefined;
  const text = image?.textAt(address, FUNCTION_BYTES);
  return text && Buffer.from(text).includes(SYSCALL) ? address : undefined;
}
