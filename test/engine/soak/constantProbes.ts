/**
 * Probes that stand from before a program's first call to its last. What they count must be exactly what the program
 * has counted, and every hit that was to be reported must have been reported or counted as dropped.
 */
import { type AgentOperation } from '../../../src/contract/agent/operations';
import { type Counts, type HitCondition } from '../../../src/contract/messages';
import { type ArmOptions, type EngineClient } from '../engineClient';
import { type Ledger } from './ledger';
import { type Receipts } from './receipts';
import { type Column, type Place, PLACES, SLACK, type SoakTarget } from './soakTarget';

interface Wish extends ArmOptions {
  readonly place: Place;
  readonly onHit: 'report' | 'count';
  readonly hitCondition?: HitCondition;
  /** Of so many calls of the column, how many reports are due. */
  readonly due?: (target: SoakTarget, hits: number) => number;
}

const ARGUMENT: AgentOperation = { op: 'register', register: 'rdi' };

const STACK: AgentOperation = { op: 'register', register: 'rsp' };

const WISHES: readonly Wish[] = [
  {
    place: 'hot',
    onHit: 'report',
    // Much, so that a client that does not read loses some.
    agent: { captures: [[STACK, { op: 'captureMemory', size: 512 }]] },
    due: (_target, hits) => hits,
  },
  {
    place: 'hot',
    onHit: 'report',
    agent: { condition: [ARGUMENT, { op: 'const', value: 3n }, { op: 'and' }, { op: 'isZero' }], captures: [] },
    due: (target) => target.calls('quarter'),
  },
  { place: 'hot_end', onHit: 'count' },
  {
    place: 'pushy',
    onHit: 'report',
    hitCondition: { operator: '%', count: 10 },
    due: (_, hits) => Math.floor(hits / 10),
  },
  { place: 'vectors', onHit: 'count' },
  { place: 'touch', onHit: 'count' },
  { place: 'handled', onHit: 'count' },
  { place: 'brief', onHit: 'report', due: (_target, hits) => hits },
  { place: 'lent', onHit: 'count' },
  { place: 'trapped', onHit: 'count' },
  { place: 'shifty_page', onHit: 'count' },
  { place: 'atomic', onHit: 'count' },
];

/** Those that fault come twice. */
function arrivals(target: SoakTarget, column: Column): number {
  return target.calls(column) + (column === 'touch' ? target.calls('faults') : 0);
}

export class ConstantProbes {
  readonly #armed: { readonly wish: Wish; readonly probe: number; readonly site: number; readonly from: number }[] = [];

  constructor(
    private readonly client: EngineClient,
    private readonly target: SoakTarget,
    private readonly ledger: Ledger,
    private readonly receipts: Receipts,
  ) {}

  /**
   * `followed`: children are born with them, so that the hits of the program alone say nothing about hit conditions.
   */
  async arm(followed: boolean): Promise<void> {
    for (const wish of WISHES) {
      if (followed && wish.hitCondition !== undefined) continue;
      const from = arrivals(this.target, PLACES[wish.place]);
      const { address, expected } = this.target.place(wish.place);
      this.#armed.push({ wish, from, ...(await this.client.arm(this.target.pid, address, { ...wish, expected })) });
    }
  }

  /**
   * After the process's end, or after it was let go; `exact`: armed before its first call and until its last. Takes
   * them away, so that the engine forgets them.
   */
  async settle(exact: boolean): Promise<void> {
    for (const { wish, probe, site, from } of this.#armed) {
      const [counted] = await Promise.all([this.client.disarm(site), this.client.request('forget', { probe })]);
      const counts = this.receipts.takeLastCounts(site) ?? counted;
      const records = this.receipts.takeRecords(site);
      const what = `process ${this.target.pid} (${this.target.kind}), constant probe on ${wish.place}`;
      this.ledger.compare(`${what}: records`, records, counts.reported);
      const calls = arrivals(this.target, PLACES[wish.place]) - from;
      if (exact) this.#compare(what, wish, counts, calls);
      else this.ledger.bound(`${what}: hits`, counts.hits, 0, calls + SLACK);
    }
  }

  #compare(what: string, wish: Wish, counts: Counts, calls: number): void {
    const { ledger, target } = this;
    ledger.compare(`${what}: hits`, counts.hits, calls);
    ledger.expected += calls;
    ledger.hits += counts.hits;
    ledger.steppedAside += counts.steppedAside;
    // Once more for each signal that comes in the midst of it.
    const faults = wish.place === 'touch' ? target.calls('faults') : 0;
    ledger.bound(`${what}: stepped aside`, counts.steppedAside, faults, faults && faults + target.calls('handled'));
    const due = wish.due?.(target, calls) ?? 0;
    ledger.compare(`${what}: reported or dropped`, counts.reported + counts.lost, due);
    ledger.toReport += due;
    ledger.reported += counts.reported;
    ledger.dropped += counts.lost;
  }
}
