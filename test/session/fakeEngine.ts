/**
 * An engine without processes: it answers from what a test put into it, remembers what it was asked, and says what a
 * test lets it say.
 */
import { address, type Address } from '../../src/base/address';
import { Emitter } from '../../src/base/lifetime';
import { CAPTURE_HEADER_BYTES, HIT_HEADER_BYTES, type HitRecord } from '../../src/contract/hits';
import { CAPTURES, CONTRACT_VERSION } from '../../src/contract/engineCapabilities';
import {
  type ArmOutcome,
  type Capabilities,
  type Counts,
  type DisplacedInstruction,
  type EngineEvent,
  type Mapping,
  type ReadyEvent,
  type RequestKind,
  type Requests,
  type SiteCounts,
  type SiteRequest,
} from '../../src/contract/messages';
import { NO_COUNTS } from '../../src/session/probes/countSums';
import { EXECUTIONS, ON_HIT } from '../../src/contract/probeMessages';
import { FOLLOW } from '../../src/contract/processMessages';
import { type DebuggeeStreams, type Engine } from '../../src/session/engine/engine';

type Arguments<K extends RequestKind> = Requests[K]['arguments'];
type Result<K extends RequestKind> = Requests[K]['result'];

/** More than any process can have (PID_MAX_LIMIT in the kernel's threads.h). */
export const PID = 5_000_000;

/** A site that the engine was asked to arm. */
type AskedSite = SiteRequest & { readonly pid: number };

const ALL: Capabilities = {
  kind: 'ptrace',
  follow: FOLLOW,
  onHit: ON_HIT,
  captures: CAPTURES,
  executions: EXECUTIONS,
  isRoot: false,
};

export class FakeEngine implements Engine {
  readonly #events = new Emitter<EngineEvent>();
  readonly #hits = new Emitter<Uint8Array>();
  readonly #gone = new Emitter<{ readonly reason: string }>();
  readonly onEvent = this.#events.on;
  readonly onHits = this.#hits.on;
  readonly onGone = this.#gone.on;
  readonly ready: Promise<ReadyEvent>;
  readonly isThere = true;
  readonly debuggee: DebuggeeStreams = { stdin: undefined, stdout: undefined, stderr: undefined };

  /** Every request, in order. */
  readonly asked: { readonly kind: RequestKind; readonly arguments: unknown }[] = [];
  /** What is mapped in the process now. */
  mappings: Mapping[] = [];
  entry: Address = address(0);
  interpreterBase: Address = address(0);
  /** Addresses that can't be probed, with the reason. */
  readonly refused = new Map<Address, string>();
  /** Addresses inside instructions. */
  readonly inside = new Map<Address, NonNullable<DisplacedInstruction['inside']>>();
  /** Sites that are armed. */
  readonly armed = new Map<number, AskedSite>();
  readonly counted = new Map<number, Partial<Counts>>();
  readonly countedAtSites = new Map<number, Partial<Counts>>();
  /** Whether threads run over every site while it is being armed: their hits come before the answer. */
  busy = false;
  disposed = false;

  readonly #answers: { readonly [K in RequestKind]: (args: Arguments<K>) => Result<K> } = {
    launch: () => {
      this.say({ event: 'threadStarted', pid: PID, tid: PID, name: 'server' });
      this.say({ event: 'held', pid: PID, tid: PID });
      return { pid: PID };
    },
    attach: ({ pid }) => ({ pid, tids: [pid, pid + 1] }),
    mappings: () => ({
      mappings: this.mappings,
      executable: this.mappings[0]?.path ?? '',
      entry: this.entry,
      interpreterBase: this.interpreterBase,
    }),
    declare: () => ({}),
    forget: ({ probe }) => {
      for (const { site } of [...this.armed.values()].filter((site) => site.probe === probe)) this.armed.delete(site);
      return { ...NO_COUNTS, ...this.counted.get(probe), sites: this.#siteCounts() };
    },
    arm: ({ pid, sites }) => ({ outcomes: sites.map((site) => this.#arm({ ...site, pid })) }),
    disarm: ({ sites }) => {
      for (const site of sites) this.armed.delete(site);
      return { sites: sites.map((site) => [site, NO_COUNTS] as const) };
    },
    counts: () => ({
      probes: [...this.counted].map(([probe, counts]) => [probe, { ...NO_COUNTS, ...counts }] as const),
      sites: this.#siteCounts(),
    }),
    audit: () => ({}),
    limit: () => ({}),
    release: () => ({}),
    detach: () => ({}),
    signal: () => ({}),
  };

  /** `abilities`: those that are not the ptrace engine's. */
  constructor(abilities: Partial<Capabilities> = {}) {
    const capabilities = { ...ALL, ...abilities };
    this.ready = Promise.resolve({ event: 'ready', contract: CONTRACT_VERSION, enginePid: 1, capabilities });
  }

  request<K extends RequestKind>(kind: K, args: Arguments<K>): Promise<Result<K>> {
    this.asked.push({ kind, arguments: args });
    return Promise.resolve(this.#answers[kind](args));
  }

  /** What was asked of one kind. */
  askedFor<K extends RequestKind>(kind: K): Arguments<K>[] {
    return this.asked.filter((request) => request.kind === kind).map((request) => request.arguments as Arguments<K>);
  }

  /** Every site that it was asked to arm, in order, whatever became of it. */
  askedSites(): AskedSite[] {
    return this.askedFor('arm').flatMap(({ pid, sites }) => sites.map((site) => ({ ...site, pid })));
  }

  say(event: EngineEvent): void {
    this.#events.fire(event);
  }

  /** A thread runs into a site. */
  hit(record: Partial<HitRecord> & Pick<HitRecord, 'site'>): void {
    this.#hits.fire(
      encodeHit({ probe: 1, pid: PID, tid: PID, timeNs: 0n, ordinal: 1, elapsedNs: 0, captures: [], ...record }),
    );
  }

  end(reason: string): void {
    this.#gone.fire({ reason });
  }

  dispose(): void {
    this.disposed = true;
  }

  #siteCounts(): SiteCounts {
    return [...this.countedAtSites].map(([site, counts]) => [site, { ...NO_COUNTS, ...counts }] as const);
  }

  #arm(wanted: AskedSite): ArmOutcome {
    const { site, probe, address: at } = wanted;
    const reason = this.refused.get(at);
    if (reason !== undefined) return { failure: { code: 'not-probeable', message: reason } };
    this.armed.set(site, wanted);
    if (this.busy) this.hit({ site, probe });
    const inside = this.inside.get(at);
    return { instruction: 'push rbp', execution: 'emulated', ...(inside && { inside }) };
  }
}

/** As the engine writes it (contract/hits). */
function encodeHit(record: HitRecord): Uint8Array {
  const captures = record.captures.map(({ status, bytes }) => {
    const capture = Buffer.alloc(CAPTURE_HEADER_BYTES + ((bytes.length + 7) & ~7));
    capture.writeUInt32LE(status, 0);
    capture.writeUInt32LE(bytes.length, 4);
    capture.set(bytes, CAPTURE_HEADER_BYTES);
    return capture;
  });
  const header = Buffer.alloc(HIT_HEADER_BYTES);
  header.writeUInt32LE(HIT_HEADER_BYTES + captures.reduce((sum, capture) => sum + capture.length, 0), 0);
  header.writeUInt32LE(record.site, 4);
  header.writeUInt32LE(record.probe, 8);
  header.writeUInt32LE(record.pid, 12);
  header.writeUInt32LE(record.tid, 16);
  header.writeUInt32LE(captures.length, 20);
  header.writeBigUInt64LE(record.timeNs, 24);
  header.writeBigUInt64LE(BigInt(record.ordinal), 32);
  header.writeBigUInt64LE(BigInt(record.elapsedNs), 40);
  return Buffer.concat([header, ...captures]);
}
