/**
 * The control-flow graph of one function, instruction by instruction: what is reachable from where, and what lies in a
 * loop. A call continues after itself. The bytes of an indirect jump don't name its target: it may go to any
 * instruction that nothing else leads to, which is where the cases of a switch begin. Landing pads of exceptions have
 * no predecessor.
 */
import { assertExists } from '../../base/assert';
import { type FlowInstruction } from '../../base/controlFlow';

export class FunctionFlow {
  readonly #instructions: readonly FlowInstruction[];
  readonly #indices = new Map<number, number>();
  readonly #successors: (readonly number[])[];
  readonly #predecessors: number[][];
  #loops: ReadonlySet<number>[] | undefined;

  /** `instructions`: of all ranges of the function, in address order. */
  constructor(
    instructions: readonly FlowInstruction[],
    /** Where it is entered. */
    readonly entry: number,
  ) {
    this.#instructions = instructions;
    for (const [index, { address }] of instructions.entries()) this.#indices.set(address, index);
    const direct = instructions.map((instruction) => this.#direct(instruction));
    this.#predecessors = instructions.map(() => []);
    const connect = (from: number, to: number): void => void this.#predecessors[to]?.push(from);
    for (const [from, targets] of direct.entries()) for (const to of targets) connect(from, to);
    const unknown = instructions.flatMap(({ kind }, index) => (kind === 'indirect' ? [index] : []));
    const cases = unknown.length === 0 ? [] : this.#withoutPredecessor();
    for (const from of unknown) for (const to of cases) connect(from, to);
    this.#successors = instructions.map(({ kind }, from) => (kind === 'indirect' ? cases : (direct[from] ?? [])));
  }

  /** Direct calls and jumps to other functions. */
  *exits(): IterableIterator<{ readonly address: number; readonly target: number }> {
    for (const { address, target } of this.#instructions) {
      if (target !== undefined && !this.#indices.has(target)) yield { address, target };
    }
  }

  /** In address order. */
  get instructions(): readonly FlowInstruction[] {
    return this.#instructions;
  }

  /** Whether the graph knows an instruction there. */
  has(address: number): boolean {
    return this.#indices.has(address);
  }

  at(address: number): FlowInstruction | undefined {
    return this.#instructions[this.#indices.get(address) ?? -1];
  }

  /** The instruction in front of `address` in memory, if it goes on there and nowhere else; padding is passed over. */
  before(address: number): FlowInstruction | undefined {
    let index = (this.#indices.get(address) ?? 0) - 1;
    while (this.#instructions[index]?.kind === 'pad') index--;
    const before = this.#instructions[index];
    return before && this.#reachesByFalling(index, address) && before.kind !== 'branch' ? before : undefined;
  }

  /** The first instruction from `address` on, in memory, that is no padding; undefined where nothing is known. */
  behindPadding(address: number): number | undefined {
    let at = this.at(address);
    while (at?.kind === 'pad') at = this.at(at.address + at.length);
    return at?.address;
  }

  /** Addresses of the instructions that lead to the one at `address`, padding included. */
  predecessors(address: number): readonly number[] {
    const index = this.#indices.get(address);
    return index === undefined ? [] : this.#before(index).map((from) => this.#instruction(from).address);
  }

  /**
   * What runs after an instruction of `from`, which itself counts only when it is reached again; `blocks` says where a
   * path ends (the instruction it ends at is reached).
   */
  reachable(from: Iterable<number>, blocks: (address: number) => boolean = () => false): ReadonlySet<number> {
    const reached = new Set<number>();
    const pending: number[] = [];
    for (const address of from) {
      const index = this.#indices.get(address);
      if (index !== undefined) pending.push(...this.#after(index));
    }
    for (let index = pending.pop(); index !== undefined; index = pending.pop()) {
      const { address } = this.#instruction(index);
      if (reached.has(address)) continue;
      reached.add(address);
      if (!blocks(address)) pending.push(...this.#after(index));
    }
    return reached;
  }

  /** What runs from the entry on without passing one of `avoided`, those first met included. */
  reachableAvoiding(avoided: (address: number) => boolean): ReadonlySet<number> {
    if (avoided(this.entry)) return new Set([this.entry]);
    return new Set([this.entry, ...this.reachable([this.entry], avoided)]);
  }

  /** Whether control can come back to `address`. `within`: on a path through these only. */
  isInLoop(address: number, within: (address: number) => boolean = () => true): boolean {
    return this.reachable([address], (at) => !within(at)).has(address);
  }

  /** Whether control leaves the function there. */
  isEnd(address: number): boolean {
    return this.#successors[this.#indices.get(address) ?? -1]?.length === 0;
  }

  /** All that is on some way from `address` back to it; undefined where there is none. */
  loopAround(address: number): ReadonlySet<number> | undefined {
    const after = this.reachable([address]);
    if (!after.has(address)) return undefined;
    const loop = new Set<number>();
    const pending = [address];
    for (let at = pending.pop(); at !== undefined; at = pending.pop()) {
      if (loop.has(at) || !after.has(at)) continue;
      loop.add(at);
      pending.push(...this.predecessors(at));
    }
    return loop;
  }

  /** All loops that are not within others, and those within them together with them. */
  loops(): readonly ReadonlySet<number>[] {
    return (this.#loops ??= this.#findLoops());
  }

  #findLoops(): ReadonlySet<number>[] {
    const loops: ReadonlySet<number>[] = [];
    for (const { address } of this.#instructions) {
      const target = this.at(address)?.target;
      const isKnown = loops.some((loop) => loop.has(address));
      // Every loop goes back in memory somewhere.
      if (isKnown || target === undefined || target > address || !this.has(target)) continue;
      const loop = this.loopAround(address);
      if (loop) loops.push(loop);
    }
    return loops;
  }

  /** Whether control can go from the entry to an end, or round a loop that `address` lies in, without passing it. */
  isPassedBy(address: number): boolean {
    const around = this.loopAround(address);
    if (around) return this.#hasCycle(new Set([...around].filter((at) => at !== address)));
    for (const at of this.reachableAvoiding((met) => met === address)) {
      if (at !== address && this.isEnd(at)) return true;
    }
    return false;
  }

  /** Whether some way within `addresses` is a circle: what nothing else in them leads to is taken away in turn. */
  #hasCycle(addresses: Set<number>): boolean {
    const counts = new Map<number, number>();
    for (const at of addresses) counts.set(at, this.predecessors(at).filter((from) => addresses.has(from)).length);
    const pending = [...addresses].filter((at) => counts.get(at) === 0);
    let left = addresses.size;
    for (let at = pending.pop(); at !== undefined; at = pending.pop()) {
      left--;
      for (const next of this.#after(this.#indices.get(at) ?? -1)) {
        const { address } = this.#instruction(next);
        const count = counts.get(address);
        if (count === undefined) continue;
        counts.set(address, count - 1);
        if (count === 1) pending.push(address);
      }
    }
    return left > 0;
  }

  #instruction(index: number): FlowInstruction {
    return assertExists(this.#instructions[index], 'instruction');
  }

  #after(index: number): readonly number[] {
    return this.#successors[index] ?? [];
  }

  #before(index: number): readonly number[] {
    return this.#predecessors[index] ?? [];
  }

  #direct({ kind, address, length, target }: FlowInstruction): number[] {
    const next = this.#indices.get(address + length);
    const jumped = target === undefined ? undefined : this.#indices.get(target);
    const wanted = kind === 'jump' ? [jumped] : kind === 'branch' ? [next, jumped] : FALLING.has(kind) ? [next] : [];
    return wanted.filter((index) => index !== undefined);
  }

  #withoutPredecessor(): number[] {
    const orphans: number[] = [];
    for (const [index, { address, kind }] of this.#instructions.entries()) {
      if (address !== this.entry && kind !== 'pad' && this.#isOrphan(index)) orphans.push(index);
    }
    return orphans;
  }

  /** Padding that nothing leads to leads to nothing. */
  #isOrphan(index: number): boolean {
    return this.#before(index).every((from) => this.#instruction(from).kind === 'pad' && this.#isOrphan(from));
  }

  #reachesByFalling(index: number, address: number): boolean {
    for (let at = index; ; at++) {
      const { kind, address: start, length } = this.#instruction(at);
      if (!FALLING.has(kind) && kind !== 'branch') return false;
      if (start + length === address) return true;
      if (this.#instructions[at + 1]?.address !== start + length) return false;
    }
  }
}

const FALLING: ReadonlySet<FlowInstruction['kind']> = new Set(['next', 'pad', 'call']);
