/**
 * Why a value is not there, said through the agent. A value that debug information can't locate is compiled to a load from an address
 * that no page can ever have (not canonical: Intel SDM vol. 1, §3.3.7.1). The load ends the program as any unreadable memory does,
 * but only if it is reached, so `ok ? x : 0` needs no `x` when `ok` is 0; the address in the capture then tells the reason.
 */
import { type AgentOperation } from '../../contract/agent/operations';

const FIRST_ADDRESS = 1n << 63n;

export class Reasons {
  readonly #texts: string[] = [];

  /** The address that stands for `reason`. */
  address(reason: string): bigint {
    const known = this.#texts.indexOf(reason);
    if (known >= 0) return FIRST_ADDRESS + BigInt(known);
    return FIRST_ADDRESS + BigInt(this.#texts.push(reason) - 1);
  }

  /** Operations in the place of a value that is not there. */
  missing(reason: string): AgentOperation[] {
    return [
      { op: 'const', value: this.address(reason) },
      { op: 'load', size: 1 },
    ];
  }

  /** What a value reads that needed what is at `address`. */
  textOf(address: bigint): string {
    return this.#texts[Number(address - FIRST_ADDRESS)] ?? `<not readable: 0x${address.toString(16)}>`;
  }

  /** All reasons that were compiled in. */
  all(): readonly string[] {
    return this.#texts;
  }
}
