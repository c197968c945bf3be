/** The session's own probe, for the sites that Sidestep itself needs. */
import { toError } from '../../contract/engineFailure';
import { type ProbeId, type SiteId, type SiteRequest } from '../../contract/messages';
import { type Engine } from '../engine/engine';
import { type Process } from '../processes/process';

/** The user's count from 1. */
const OWN_PROBE: ProbeId = 0;

export class OwnProbe {
  readonly #engine: Engine;
  #isDeclared = false;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** Arms one of its sites. Throws what is wrong with the place, `process-not-found`, `engine-gone`. */
  async arm(process: Process, site: SiteId, place: Omit<SiteRequest, 'site' | 'probe'>): Promise<void> {
    this.#declare();
    const sites = [{ ...place, site, probe: OWN_PROBE }];
    const { outcomes } = await this.#engine.request('arm', { pid: process.pid, sites });
    for (const outcome of outcomes) if ('failure' in outcome) throw toError(outcome.failure);
  }

  /**
   * The engine carries out requests in order, so the answer need not be waited for; where it is a failure, so is the
   * answer to the request that names the probe.
   */
  #declare(): void {
    if (!this.#isDeclared) this.#engine.request('declare', { probe: OWN_PROBE }).catch(() => undefined);
    this.#isDeclared = true;
  }
}
