/** The session's own probe: its sites are those that Sidestep itself needs. */
import { type ProbeId } from '../contract/messages';
import { type Engine } from './engine';

/** The user's count from 1. */
const OWN_PROBE: ProbeId = 0;

export class OwnProbe {
  readonly #engine: Engine;
  #declared = false;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** Its number, once the engine knows it. */
  async number(): Promise<ProbeId> {
    if (!this.#declared) {
      await this.#engine.request('declare', { probe: OWN_PROBE });
      this.#declared = true;
    }
    return OWN_PROBE;
  }
}
