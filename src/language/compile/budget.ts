/**
 * How much one hit may bring ({@link AGENT_LIMITS}), shared out: every value that the message shows gets its part; what texts inside of
 * values need comes from what is left.
 */
import { AGENT_LIMITS } from '../../contract/agent/operations';

export class CaptureBudget {
  #captures: number;
  #bytes: number = AGENT_LIMITS.hitBytes;
  readonly #share: number;

  /** `values`: how many captures are sure to be asked for by {@link forValue}. */
  constructor(values: number) {
    this.#captures = AGENT_LIMITS.captures - values;
    this.#share = Math.min(
      AGENT_LIMITS.captureBytes,
      Math.floor(AGENT_LIMITS.hitBytes / (2 * Math.max(values, 1))) & ~7,
    );
  }

  /** Bytes that a value which would need `wanted` may capture. */
  forValue(wanted: number): number {
    const granted = Math.min(wanted, this.#share);
    this.#bytes -= (granted + 7) & ~7;
    return granted;
  }

  /** Whether one more capture of up to `bytes` is possible; if so, it is taken. */
  takeExtra(bytes: number): boolean {
    // Values that are still to come may take their whole share.
    const reserved = AGENT_LIMITS.hitBytes / 2;
    if (this.#captures <= 0 || this.#bytes - bytes < reserved) return false;
    this.#captures--;
    this.#bytes -= (bytes + 7) & ~7;
    return true;
  }
}
