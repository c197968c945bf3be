/**
 * Why a value is not there, said through the agent. A value that debug information can't locate is compiled to the
 * operation that ends the program with a reason's number. It ends it only if it is reached, so `ok ? x : 0` needs no
 * `x` when `ok` is 0.
 */
import { type AgentOperation } from '../../contract/agent/operations';

export class Reasons {
  readonly #texts: string[] = [];

  /** The operation in the place of a value that is not there. */
  missing(reason: string): AgentOperation {
    const known = this.#texts.indexOf(reason);
    return { op: 'missing', reason: known >= 0 ? known : this.#texts.push(reason) - 1 };
  }

  /** What a value reads that ended with this reason. */
  textOf(reason: number): string {
    return this.#texts[reason] ?? '<not available>';
  }
}
