/**
 * Collects the agent operations of a plan. What a plan emits and what reads it back are made in one step, so the two
 * can't differ. A part that turns out too large is taken back as a whole.
 */
import { AGENT_LIMITS, type AgentOperation } from '../../contract/agent/operations';

/** A part of a plan has no room in one agent program. */
export class TooLarge extends Error {}

/** Operations that are kept for closing what is open. */
const RESERVE = 128;

export class Emitter {
  readonly operations: AgentOperation[] = [];
  #locals = 0;
  #loops = 0;
  #frames = 0;

  emit(...operations: readonly AgentOperation[]): void {
    if (this.operations.length + operations.length > AGENT_LIMITS.operations - RESERVE) throw new TooLarge();
    this.operations.push(...operations);
  }

  /** A variable of the agent's, until the surrounding {@link scoped} ends. */
  local(): number {
    if (this.#locals === AGENT_LIMITS.locals) throw new TooLarge();
    return this.#locals++;
  }

  /** Variables that `work` takes are free again after it. */
  scoped<T>(work: () => T): T {
    const before = this.#locals;
    try {
      return work();
    } finally {
      this.#locals = before;
    }
  }

  frame<T>(work: () => T): T {
    if (this.#frames === AGENT_LIMITS.frameDepth) throw new TooLarge();
    this.emit({ op: 'frame' });
    this.#frames++;
    try {
      return this.scoped(work);
    } finally {
      this.#frames--;
      this.operations.push({ op: 'end' });
    }
  }

  loop<T>(limit: number, work: () => T): T {
    if (this.#loops === AGENT_LIMITS.loopDepth) throw new TooLarge();
    this.emit({ op: 'loop', limit });
    this.#loops++;
    try {
      return work();
    } finally {
      this.#loops--;
      this.operations.push({ op: 'end' });
    }
  }

  /** Whether what is emitted now runs several times. */
  get isLooping(): boolean {
    return this.#loops > 0;
  }

  /** `condition`: what leaves it. */
  when<T>(condition: readonly AgentOperation[], work: () => T): T {
    this.emit(...condition, { op: 'when' });
    try {
      return work();
    } finally {
      this.operations.push({ op: 'end' });
    }
  }

  /** Takes back all that `work` emits: whether it can be emitted is all that counts. */
  rehearse(work: () => unknown): void {
    const length = this.operations.length;
    try {
      this.scoped(work);
    } finally {
      this.operations.length = length;
    }
  }

  /** What `work` makes; if that throws, nothing of it is left in the program. */
  whole<T>(work: () => T): T {
    const length = this.operations.length;
    try {
      return this.scoped(work);
    } catch (thrown) {
      this.operations.length = length;
      throw thrown;
    }
  }
}
