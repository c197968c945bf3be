/**
 * The control-flow graph of one function, instruction by instruction: what is reachable from where, and what lies in a
 * loop. A call continues after itself. The bytes of an indirect jump don't name its target: it may go to any
 * instruction that nothing else leads to, which is where the cases of a switch begin. Landing pads of exceptions have
 * no predecessor.
 */
import { assertExists } from '../../base/assert';
import { type FlowInstruction } from '../../base/controlFlow';

/** Instructions of a function, by their addresses. */
export interface Reached {
  has(address: number): boolean;
  /** Whether something holds for one of them; in address order. */
  some(holds: (address: number) => boolean): boolean;
}

export class FunctionFlow {
  readonly #instructions: readonly FlowInstruction[];
  readonly #indices = new Map<number, number>();
  readonly #successors: (readonly number[])[];
  readonly #predecessors: number[][];
  /** Where indirect jumps may go to, if there are any. */
  readonly #cases: readonly number[];
  /** By instruction: the addresses among which control can come back to it; undefined where it can't. */
  #loops: (ReadonlySet<number> | undefined)[] | undefined;

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
    this.#cases = cases;
    for (const from of unknown) for (const to of cases) connect(from, to);
    this.#successors = instructions.map(({ kind }, from) => (kind === 'indirect' ? cases : (direct[from] ?? [])));
  }

  /** Direct calls and jumps to other functions. */
  *exits(): IterableIterator<{ readonly address: number; readonly target: number }> {
    for (const { address, target } of this.#instructions) {
      if (target !== undefined && !this.#indices.has(target)) yield { address, target };
    }
  }

  /** Whether an indirect jump may lead to an instruction of the function. */
  get hasCases(): boolean {
    return this.#cases.length > 0;
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
  reachable(from: Iterable<number>, blocks: (address: number) => boolean = () => false): Reached {
    return this.#reached(this.#walk(from, blocks));
  }

  #reached(met: Uint8Array): Reached {
    return {
      has: (address) => met[this.#indices.get(address) ?? -1] === 1,
      some: (holds) => this.#instructions.some(({ address }, index) => met[index] === 1 && holds(address)),
    };
  }

  /** By instruction: 1 where {@link reachable} comes. `until`: an instruction at which it may stop looking. */
  #walk(from: Iterable<number>, blocks: (address: number) => boolean, until = -1): Uint8Array {
    const met = new Uint8Array(this.#instructions.length);
    const pending: number[] = [];
    for (const address of from) {
      const index = this.#indices.get(address);
      if (index !== undefined) pending.push(...this.#after(index));
    }
    for (let index = pending.pop(); index !== undefined; index = pending.pop()) {
      if (met[index] === 1) continue;
      met[index] = 1;
      if (index === until) break;
      if (!blocks(this.#instruction(index).address)) for (const next of this.#after(index)) pending.push(next);
    }
    return met;
  }

  /** What runs from the entry on without passing one of `avoided`, those first met included. */
  reachableAvoiding(avoided: (address: number) => boolean): Reached {
    const met = this.#walk(avoided(this.entry) ? [] : [this.entry], avoided);
    const entry = this.#indices.get(this.entry);
    if (entry !== undefined) met[entry] = 1;
    return this.#reached(met);
  }

  /** Instructions from which control can come to an end of the function without passing one of `avoided`. */
  endingAvoiding(avoided: (address: number) => boolean): Reached {
    const met = new Uint8Array(this.#instructions.length);
    const pending: number[] = [];
    for (const [index, { address }] of this.#instructions.entries()) {
      if (this.#after(index).length === 0 && !avoided(address)) pending.push(...this.#before(index));
    }
    for (let index = pending.pop(); index !== undefined; index = pending.pop()) {
      if (met[index] === 1 || avoided(this.#instruction(index).address)) continue;
      met[index] = 1;
      pending.push(...this.#before(index));
    }
    return this.#reached(met);
  }

  /** Whether control can come back to `address`. `within`: on a path through these only. */
  isInLoop(address: number, within?: (address: number) => boolean): boolean {
    if (this.loopAround(address) === undefined) return false;
    if (within === undefined) return true;
    const wanted = this.#indices.get(address) ?? -1;
    return this.#walk([address], (at) => !within(at), wanted)[wanted] === 1;
  }

  /**
   * Strongly connected components of more than one instruction, or of one that leads to itself: Tarjan's algorithm
   * (SIAM J. Comput. 1972), without recursion.
   */
  #findLoops(): (ReadonlySet<number> | undefined)[] {
    const count = this.#instructions.length;
    const loops = new Array<ReadonlySet<number> | undefined>(count);
    /** When it was met, from 1; 0: not yet. */
    const order = new Uint32Array(count);
    const lowest = new Uint32Array(count);
    const isOpen = new Uint8Array(count);
    const open: number[] = [];
    let met = 0;
    for (let root = 0; root < count; root++) {
      if (order[root] !== 0) continue;
      const path = [{ index: root, next: 0 }];
      for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
        const { index } = top;
        if (top.next === 0) {
          order[index] = lowest[index] = ++met;
          isOpen[index] = 1;
          open.push(index);
        }
        const following = this.#after(index)[top.next++];
        if (following !== undefined) {
          if (order[following] === 0) path.push({ index: following, next: 0 });
          else if (isOpen[following] === 1) lowest[index] = Math.min(lowest[index]!, order[following]!);
          continue;
        }
        path.pop();
        const before = path.at(-1);
        if (before) lowest[before.index] = Math.min(lowest[before.index]!, lowest[index]!);
        if (lowest[index] !== order[index]) continue;
        const component = open.splice(open.lastIndexOf(index));
        for (const each of component) isOpen[each] = 0;
        if (component.length === 1 && !this.#after(index).includes(index)) continue;
        const loop = new Set(component.map((each) => this.#instruction(each).address));
        for (const each of component) loops[each] = loop;
      }
    }
    return loops;
  }

  /** Whether control leaves the function there. */
  isEnd(address: number): boolean {
    return this.#successors[this.#indices.get(address) ?? -1]?.length === 0;
  }

  /** All that is on some way from `address` back to it; undefined where there is none. */
  loopAround(address: number): ReadonlySet<number> | undefined {
    this.#loops ??= this.#findLoops();
    return this.#loops[this.#indices.get(address) ?? -1];
  }

  /** All loops that a jump to a known address leads back in, those within others together with them. */
  loops(): ReadonlySet<ReadonlySet<number>> {
    const loops = new Set<ReadonlySet<number>>();
    for (const { address, target } of this.#instructions) {
      if (target === undefined || target > address || !this.has(target)) continue;
      const loop = this.loopAround(address);
      if (loop) loops.add(loop);
    }
    return loops;
  }

  /** Whether control can go from the entry to an end, or round a loop that `address` lies in, without passing it. */
  isPassedBy(address: number): boolean {
    const around = this.loopAround(address);
    if (around) return this.#hasCycle(new Set([...around].filter((at) => at !== address)));
    return this.reachableAvoiding((met) => met === address).some((at) => at !== address && this.isEnd(at));
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
