/** The session's own probe, for the sites that Sidestep itself needs. */
import { type ProbeId } from '../../contract/messages';
import { type Engine } from '../engine/engine';

/** The user's count from 1. */
const OWN_PROBE: ProbeId = 0;

export class OwnProbe {
  readonly #engine: Engine;
  #declared = false;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /**
   * Its number, for a request that goes out after this. The engine carries out requests in order, so the answer to
   * `declare` need not be waited for; where that fails, so does the request that names the probe.
   */
  get number(): ProbeId {
    if (!this.#declared) this.#engine.request('declare', { probe: OWN_PROBE }).catch(() => undefined);
    this.#declared = true;
    return OWN_PROBE;
  }
}
