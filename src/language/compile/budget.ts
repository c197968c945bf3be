/**
 * How much one hit may bring ({@link AGENT_LIMITS}), shared out. A message is planned twice: first to see what its
 * values need, then with what each of them gets. All get what they need if that is possible; else the largest give way,
 * down to one size. What texts inside values and the like need comes from what is left.
 */
import { AGENT_LIMITS } from '../../contract/agent/operations';

export class CaptureBudget {
  /** Bytes that the values wanted, in the order of their asking. */
  readonly #wanted: number[] = [];
  readonly #granted: readonly number[] | undefined;
  #captures: number;
  #bytes: number;

  private constructor(granted?: readonly number[]) {
    this.#granted = granted;
    this.#captures = AGENT_LIMITS.captures - (granted?.length ?? AGENT_LIMITS.captures);
    this.#bytes = AGENT_LIMITS.hitBytes - (granted ?? []).reduce((sum, bytes) => sum + rounded(bytes), 0);
  }

  /** What `plan` makes of the values of one hit. It is called twice and asks for the same values in the same order. */
  static shareOut<T>(plan: (budget: CaptureBudget) => T): T {
    const measuring = new CaptureBudget();
    plan(measuring);
    return plan(new CaptureBudget(shares(measuring.#wanted)));
  }

  /** Bytes that a value which would need `wanted` may capture. */
  forValue(wanted: number): number {
    const capped = Math.min(wanted, AGENT_LIMITS.captureBytes);
    const index = this.#wanted.push(capped) - 1;
    return this.#granted ? Math.min(this.#granted[index] ?? 0, capped) : capped;
  }

  /** Whether one more capture of up to `bytes` is possible; if so, it is taken. */
  takeExtra(bytes: number): boolean {
    if (this.#captures <= 0 || this.#bytes < rounded(bytes)) return false;
    this.#captures--;
    this.#bytes -= rounded(bytes);
    return true;
  }
}

/** Max-min fair: no value gets less than it wants while another gets more than it. */
function shares(wanted: readonly number[]): number[] {
  let left: number = AGENT_LIMITS.hitBytes;
  const granted = new Array<number>(wanted.length).fill(0);
  const ascending = wanted.map((bytes, index) => ({ bytes, index })).sort((a, b) => a.bytes - b.bytes);
  ascending.forEach(({ bytes, index }, done) => {
    const share = Math.floor(left / (wanted.length - done)) & ~7;
    granted[index] = Math.min(bytes, share);
    left -= rounded(granted[index]);
  });
  return granted;
}

/** As the hit record holds it. */
function rounded(bytes: number): number {
  return (bytes + 7) & ~7;
}
