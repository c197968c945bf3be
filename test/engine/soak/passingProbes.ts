/**
 * Probes that come and go while threads run over them. Each is declared and armed at a random place with random wishes,
 * stays for a moment, and is taken away and forgotten; then its counts must lie between what the program's own counters
 * say of that time, and add up.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Address } from '../../../src/base/address';
import { type AgentOperation, type AgentProgram } from '../../../src/contract/agent/operations';
import { type HitCondition } from '../../../src/contract/messages';
import { type Random } from '../../../src/emulator/oracle/random';
import { type ArmOptions, type EngineClient } from '../engineClient';
import { type Ledger } from './ledger';
import { type Receipts } from './receipts';
import { type Place, PLACES, SLACK, type SoakTarget } from './soakTarget';

const HIT_CONDITIONS: readonly (HitCondition | undefined)[] = [
  undefined,
  undefined,
  { operator: '%', count: 7 },
  { operator: '>', count: 30 },
  { operator: '<=', count: 50 },
];

/** How many of so many matches are wanted. */
function wanted(condition: HitCondition | undefined, matches: number): number {
  if (condition === undefined) return matches;
  const { operator, count } = condition;
  switch (operator) {
    case '%':
      return Math.floor(matches / count);
    case '>':
      return Math.max(0, matches - count);
    case '<=':
      return Math.min(matches, count);
    default:
      throw new Error(`no rule for ${operator}`);
  }
}

const ARGUMENT: AgentOperation = { op: 'register', register: 'rdi' };
const CAPTURES: readonly AgentProgram['captures'][] = [
  [],
  [[ARGUMENT, { op: 'capture', size: 8 }]],
  [
    [
      { op: 'register', register: 'rsp' },
      { op: 'captureMemory', size: 96 },
    ],
  ],
  [[ARGUMENT, { op: 'captureString', limit: 32 }]],
];

/** `always`, `never` and `broken` say how many hits match; `sometimes` does not. */
const CONDITIONS: Readonly<Record<string, readonly AgentOperation[] | undefined>> = {
  none: undefined,
  always: [{ op: 'register', register: 'rsp' }, { op: 'load', size: 8 }, { op: 'const', value: 1n }, { op: 'or' }],
  never: [{ op: 'const', value: 0n }],
  broken: [
    { op: 'const', value: 8n },
    { op: 'load', size: 8 },
  ],
  sometimes: [ARGUMENT, { op: 'const', value: 1n }, { op: 'and' }],
};

/** All but `touch`, past which threads can come unseen: it is stepped aside for. */
const ALL_PLACES = (Object.keys(PLACES) as Place[]).filter((place) => place !== 'touch');

export class PassingProbes {
  constructor(
    private readonly client: EngineClient,
    private readonly ledger: Ledger,
    private readonly receipts: Receipts,
  ) {}

  /**
   * Arms one, waits for up to `stayMs`, and takes it away. `followed`: children are born with it, and count for the
   * probe as well. `isCovered`: whether the process was traced all the time.
   */
  async pass(
    target: SoakTarget,
    random: Random,
    { stayMs, followed, isCovered }: { stayMs: number; followed: boolean; isCovered: () => boolean },
  ): Promise<void> {
    const { client, ledger } = this;
    const place = random.pick(ALL_PLACES);
    const column = PLACES[place];
    const hitCondition = followed ? undefined : random.pick(HIT_CONDITIONS);
    // How often `sometimes` holds is not known, so it must not count for a hit condition.
    const condition = random.pick(Object.keys(CONDITIONS).filter((name) => name !== 'sometimes' || !hitCondition));
    const onHit = random.oneIn(3) ? 'count' : 'report';
    const program = CONDITIONS[condition];
    const agent = { captures: random.pick(CAPTURES), ...(program && { condition: program }) };
    const stay = random.below(stayMs);
    const { address, expected } = target.place(place);

    const before = target.calls(column);
    const { site, probe } = await this.#arm(target, address, {
      ...(hitCondition && { hitCondition }),
      onHit,
      agent,
      expected,
    });
    const armed = target.calls(column);
    if (stay > 0) await sleep(stay);
    const leaving = target.calls(column);
    const [counted, all] = await Promise.all([client.disarm(site), client.request('forget', { probe })]);
    const after = target.calls(column);
    const counts = this.receipts.takeLastCounts(site) ?? counted;
    const records = this.receipts.takeRecords(site);

    const what = `process ${target.pid}, ${place}, condition ${condition}, ${JSON.stringify(hitCondition ?? 'every hit')}`;
    ledger.did('edits', 2);
    ledger.passingHits += counts.hits;
    ledger.bound(`hits of ${what}`, counts.hits, isCovered() ? leaving - armed - SLACK : 0, after - before + SLACK);
    ledger.compare(`records of ${what}`, records, counts.reported);
    ledger.compare(`failed conditions of ${what}`, counts.failedConditions, condition === 'broken' ? counts.hits : 0);
    // What a thread that is killed can't be given is counted as well.
    if (isCovered()) ledger.compare(`stepped aside of ${what}`, counts.steppedAside, 0);
    if (!followed) ledger.compare(`hits of ${what}, probe and site`, all.hits, counts.hits);
    if (condition !== 'sometimes') {
      ledger.compare(
        `matches of ${what}`,
        counts.matched,
        condition === 'none' || condition === 'always' ? counts.hits : 0,
      );
    }
    const due = onHit === 'report' ? wanted(hitCondition, counts.matched) : 0;
    ledger.compare(`reports of ${what}`, counts.reported + counts.lost, due);
  }

  /** What was declared for it is forgotten if it can't be armed. */
  async #arm(target: SoakTarget, address: Address, options: ArmOptions) {
    const probe = await this.client.declare(options.hitCondition);
    try {
      return await this.client.arm(target.pid, address, { ...options, probe });
    } catch (error) {
      await this.client.request('forget', { probe });
      throw error;
    }
  }
}
