/**
 * An engine without processes: it answers from what a test put into it, remembers what it was asked, and says what a
 * test lets it say.
 */
import { address, type Address } from '../../src/base/address';
import { Emitter } from '../../src/base/lifetime';
import { CAPTURE_HEADER_BYTES, HIT_HEADER_BYTES, type HitRecord } from '../../src/contract/hits';
import {
  type Counts,
  type EngineEvent,
  type Inspection,
  type Mapping,
  type RequestKind,
  type Requests,
  type SiteCounts,
} from '../../src/contract/messages';
import { NO_COUNTS } from '../../src/session/probes/counts';
import { type Engine } from '../../src/session/engine/engine';

type Arguments<K extends RequestKind> = Requests[K]['arguments'];
type Result<K extends RequestKind> = Requests[K]['result'];

export const PID = 100;

export class FakeEngine implements Engine {
  readonly #events = new Emitter<EngineEvent>();
  readonly #hits = new Emitter<Uint8Array>();
  readonly #gone = new Emitter<{ readonly reason: string }>();
  readonly onEvent = this.#events.on;
  readonly onHits = this.#hits.on;
  readonly onGone = this.#gone.on;

  /** Every request, in order. */
  readonly asked: { readonly kind: RequestKind; readonly arguments: unknown }[] = [];
  /** What is mapped in the process now. */
  mappings: Mapping[] = [];
  entry: Address = address(0);
  interpreterBase: Address = address(0);
  /** Addresses that can't be probed, with the reason. */
  readonly refused = new Map<Address, string>();
  /** Addresses inside instructions. */
  readonly inside = new Map<Address, Extract<Inspection, { probeable: true }>['inside']>();
  /** Sites that are armed. */
  readonly armed = new Map<number, Arguments<'arm'>>();
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
    inspect: ({ places }) => ({ inspections: places.map((place) => this.#inspect(place.address)) }),
    declare: () => ({}),
    forget: ({ probe }) => {
      for (const { site } of [...this.armed.values()].filter((site) => site.probe === probe)) this.armed.delete(site);
      return { ...NO_COUNTS, ...this.counted.get(probe), sites: this.#siteCounts() };
    },
    arm: (args) => {
      this.armed.set(args.site, args);
      if (this.busy) this.hit({ site: args.site, probe: args.probe });
      return { instruction: 'push rbp', execution: 'emulated' };
    },
    disarm: ({ site }) => {
      this.armed.delete(site);
      return NO_COUNTS;
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

  request<K extends RequestKind>(kind: K, args: Arguments<K>): Promise<Result<K>> {
    this.asked.push({ kind, arguments: args });
    return Promise.resolve(this.#answers[kind](args));
  }

  /** What was asked of one kind. */
  askedFor<K extends RequestKind>(kind: K): Arguments<K>[] {
    return this.asked.filter((request) => request.kind === kind).map((request) => request.arguments as Arguments<K>);
  }

  say(event: EngineEvent): void {
    this.#events.fire(event);
  }

  /** A thread runs into a site. */
  hit(record: Partial<HitRecord> & Pick<HitRecord, 'site'>): void {
    this.#hits.fire(encodeHit({ probe: 1, pid: PID, tid: PID, timeNs: 0n, ordinal: 1, captures: [], ...record }));
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

  #inspect(at: Address): Inspection {
    const reason = this.refused.get(at);
    const inside = this.inside.get(at);
    return reason === undefined
      ? {
          address: at,
          probeable: true,
          instruction: 'push rbp',
          length: 1,
          execution: 'emulated',
          ...(inside && { inside }),
        }
      : { address: at, probeable: false, code: 'not-probeable', reason };
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
  return Buffer.concat([header, ...captures]);
}
