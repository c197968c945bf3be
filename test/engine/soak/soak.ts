/**
 * Everything at once and at random, on programs that check themselves: probes come and go a thousand times a second,
 * the client reads slowly or not at all, programs are stopped, continued, killed, let go and attached to again, engines
 * lose their client. At the end everything must have been counted and nothing be left. See docs/engine.md, "Soak".
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { type ProcessEnd } from '../../../src/contract/messages';
import { SidestepError } from '../../../src/base/errors';
import { Random } from '../../../src/emulator/oracle/random';
import { EngineClient } from '../engineClient';
import { program } from '../program';
import { ConstantProbes } from './constantProbes';
import { Ledger, median, part } from './ledger';
import { PassingProbes } from './passingProbes';
import { Receipts } from './receipts';
import { residentKb, type Resources, resources } from './resources';
import { KINDS, SoakTarget } from './soakTarget';
import { HANG_MS, within } from '../../until';

export interface SoakOptions {
  readonly seconds: number;
  /** Of what every part decides at random; when it comes to that is not in its hands. */
  readonly seed: number;
  /** Called each second, for people who wait. */
  readonly progress?: (line: string) => void;
}

/** Programs at a time. */
const TARGETS = 2;
/** Probes that come and go at the same time. */
const EDITORS = 16;
const STAY_MS = 30;

/**
 * Memory that the engine may have at the end beyond what it had after a quarter of the run, or what it has at least
 * when it is warm.
 */
const GROWTH_KB = 48 << 10;
const WARM_KB = 144 << 10;

const counter = program('counter.c');

/** A program under probes, and what the engine has said of it. */
interface Life {
  readonly target: SoakTarget;
  /** Its children are traced. */
  readonly followed: boolean;
  /** Probes may be armed; false as soon as it is to end or to be let go. */
  open: boolean;
  /** As the engine reports it. */
  readonly end: Promise<ProcessEnd>;
  /** How often it was let go. */
  departures: number;
  /** Edits under way. */
  edits: number;
}

export class Soak {
  readonly ledger = new Ledger();
  readonly #client = new EngineClient();
  readonly #receipts = new Receipts(this.#client, this.ledger);
  readonly #passing = new PassingProbes(this.#client, this.ledger, this.#receipts);
  readonly #lives = new Set<Life>();
  readonly #until: number;
  #parts = 0;

  constructor(private readonly options: SoakOptions) {
    this.#until = performance.now() + options.seconds * 1000;
  }

  async run(): Promise<Ledger> {
    const enginePid = this.#client.process.pid!;
    // Whatever is opened once is open now.
    await this.#launch(new Random(this.options.seed));
    const before = resources(enginePid);
    const watching = this.#watch(enginePid);
    await Promise.all([
      ...Array.from({ length: TARGETS }, (_, index) => this.#repeat((random) => this.#live(random, index))),
      ...Array.from({ length: EDITORS }, () => this.#repeat((random) => this.#edit(random))),
      this.#repeat((random) => this.#neglect(random)),
      this.#repeat((random) => this.#jobControl(random)),
      this.#repeat((random) => this.#probePlugin(random)),
      this.#repeat((random) => this.#hold(random)),
      this.#repeat((random) => this.#launch(random)),
      this.#repeat((random) => this.#abandon(random)),
    ]);
    await watching;
    await this.#finish(enginePid, before);
    return this.ledger;
  }

  /** Does something again and again until the time is over. What it throws is a finding. */
  async #repeat(act: (random: Random) => Promise<void>): Promise<void> {
    const random = new Random(this.options.seed + 1_000_003 * ++this.#parts);
    while (performance.now() < this.#until) {
      try {
        await act(random);
      } catch (error) {
        this.ledger.find(describe(error));
        if (this.#client.ended) return;
        await sleep(100);
      }
    }
  }

  /** One program from its start to one of several ends. */
  async #live(random: Random, index: number): Promise<void> {
    const client = this.#client;
    const target = await SoakTarget.start(KINDS[(index + random.below(KINDS.length)) % KINDS.length]!);
    const end = this.#receipts.ended(target.pid);
    const life: Life = { target, end, followed: random.oneIn(3), open: false, departures: 0, edits: 0 };
    target.onEarlyEnd((how) => {
      life.open = false;
      this.ledger.find(how);
    });
    try {
      await this.#attach(life);
      const constant = new ConstantProbes(client, target, this.ledger, this.#receipts);
      await constant.arm(life.followed);
      target.begin();
      life.open = true;
      this.#lives.add(life);
      await this.#sleep(1500 + random.below(2500));
      // However short the run is, some programs are under their probes from their begin to their end.
      const how = this.ledger.expected === 0 ? Infinity : random.below(8);
      if (how === 0) await this.#killIt(life, constant);
      else if (how < 4) {
        await this.#detachAndReturn(random, life, constant);
        await this.#endIt(random, life);
      } else await this.#endIt(random, life, constant);
    } finally {
      this.#lives.delete(life);
      target.dispose();
    }
  }

  async #attach({ target, followed }: Life): Promise<void> {
    await within('attach', this.#client.request('attach', { pid: target.pid, follow: followed ? 'children' : 'none' }));
  }

  /** It ends by itself. `constant`: probes that were there all the time. */
  async #endIt(random: Random, life: Life, constant?: ConstantProbes): Promise<void> {
    const { target } = life;
    // Its end comes in the midst of edits as well.
    if (random.oneIn(2)) await this.#close(life);
    life.open = false;
    this.ledger.find(...(await within('the end of a program', target.end())));
    await within('the news of it', life.end);
    await this.#close(life);
    await constant?.settle(true);
    this.ledger.did('ended programs');
  }

  async #killIt(life: Life, constant: ConstantProbes): Promise<void> {
    const { target } = life;
    life.open = false;
    target.kill();
    const end = await within('a killed program', life.end);
    if (!('signal' in end) || end.signal !== 9) this.ledger.find(`a killed program ended with ${JSON.stringify(end)}`);
    await this.#close(life);
    await constant.settle(false);
    this.ledger.did('killed programs');
  }

  /** Lets it go, looks at it, and attaches again. */
  async #detachAndReturn(random: Random, life: Life, constant: ConstantProbes): Promise<void> {
    const { target } = life;
    for (let round = 1 + random.below(3); round > 0; round--) {
      if (random.oneIn(2)) await this.#close(life);
      life.open = false;
      life.departures++;
      await within('detach', this.#client.request('detach', { pid: target.pid }));
      this.ledger.find(...(await target.faultsWhenFree()));
      await this.#close(life);
      await sleep(random.below(50));
      await this.#attach(life);
      life.open = true;
      await this.#sleep(random.below(800));
      this.ledger.did('detaches');
    }
    await constant.settle(false);
  }

  /** No more edits: waits until the last one is done. */
  async #close(life: Life): Promise<void> {
    life.open = false;
    const late = performance.now() + HANG_MS;
    while (life.edits > 0 && performance.now() < late) await sleep(1);
    if (life.edits > 0) this.ledger.find(`${life.edits} edits of process ${life.target.pid} have got no answer`);
  }

  async #edit(random: Random): Promise<void> {
    await this.#onSomeone(random, async (life) => {
      const { departures, followed } = life;
      const isCovered = (): boolean => life.open && life.departures === departures;
      await this.#passing.pass(life.target, random, { stayMs: STAY_MS, followed, isCovered });
    });
  }

  /** In a library that is loaded and unloaded all the time: it can be gone at any moment. */
  async #probePlugin(random: Random): Promise<void> {
    await sleep(random.below(20));
    await this.#onSomeone(random, async ({ target }) => {
      const place = target.pluginPlace();
      if (place === undefined) return;
      const probe = await this.#client.declare();
      try {
        await this.#client.arm(target.pid, place, { onHit: 'count', probe });
        await sleep(random.below(5));
      } finally {
        await this.#client.request('forget', { probe });
      }
      this.ledger.did('probes in libraries');
    });
  }

  /** Threads wait at a probe for the client; and while they do, it goes. */
  async #hold(random: Random): Promise<void> {
    await this.#sleep(random.below(100));
    await this.#onSomeone(random, async ({ target }) => {
      const { address, expected } = target.place(random.pick(['hot', 'brief', 'lent', 'handled'] as const));
      const probe = await this.#client.declare({ operator: '<=', count: 1 + random.below(4) });
      try {
        await this.#client.arm(target.pid, address, { onHit: 'hold', probe, expected });
        await sleep(random.below(30));
      } finally {
        await this.#client.request('forget', { probe });
      }
    });
  }

  async #onSomeone(random: Random, act: (life: Life) => Promise<void>): Promise<void> {
    const open = [...this.#lives].filter((life) => life.open);
    const life = open[random.below(open.length)];
    if (life === undefined) {
      await sleep(5);
      return;
    }
    const { departures } = life;
    life.edits++;
    try {
      await act(life);
    } catch (error) {
      // The process was let go or has ended meanwhile, or the library was unloaded.
      if (!(error instanceof SidestepError) || !EXPECTED.has(error.code)) throw error;
      if (life.open && life.departures === departures && !MAPPED_OTHERWISE.has(error.code)) throw error;
      this.ledger.did('edits too late');
    } finally {
      life.edits--;
    }
  }

  /** Does not read for a while. */
  async #neglect(random: Random): Promise<void> {
    await this.#sleep(200 + random.below(1500));
    this.#client.pause();
    await sleep(random.below(random.oneIn(4) ? 5000 : 500));
    this.#client.resume();
    this.ledger.did('pauses in reading');
  }

  async #jobControl(random: Random): Promise<void> {
    await sleep(50 + random.below(400));
    const life = [...this.#lives][random.below(this.#lives.size)];
    if (life?.open !== true) return;
    life.target.signal('SIGSTOP');
    await sleep(random.below(15));
    life.target.signal('SIGCONT');
    this.ledger.did('stops');
  }

  /** A short program from its first instruction on. */
  async #launch(random: Random): Promise<void> {
    await this.#sleep(random.below(1000));
    const client = this.#client;
    const pid = await within('launch', client.launch(counter.path, ['3', '200']));
    const work = await client.symbol(pid, counter.path, counter.offset('work'));
    const { probe } = await client.arm(pid, work, { onHit: 'count' });
    const ended = this.#receipts.ended(pid);
    await client.release(pid);
    const end = await within('its end', ended);
    if (!('code' in end) || end.code !== 0) this.ledger.find(`a launched program ended with ${JSON.stringify(end)}`);
    this.ledger.compare('hits of a launched program', (await client.request('forget', { probe })).hits, 600);
    this.ledger.did('launches');
  }

  /** Another engine, whose client goes away in the midst of hits, by closing its pipes or by not reading first. */
  async #abandon(random: Random): Promise<void> {
    await this.#sleep(2000 + random.below(3000));
    const target = await SoakTarget.start(random.pick(KINDS));
    target.onEarlyEnd((how) => this.ledger.find(`${how} (abandoned)`));
    const client = new EngineClient();
    const receipts = new Receipts(client, this.ledger);
    const followed = random.oneIn(3);
    try {
      const follow = followed ? 'children' : 'none';
      await within('attach', client.request('attach', { pid: target.pid, follow }));
      await new ConstantProbes(client, target, this.ledger, receipts).arm(followed);
      target.begin();
      await sleep(random.below(500));
      if (random.oneIn(2)) client.pause();
      await sleep(random.below(200));
      client.process.stdin?.destroy();
      client.process.stdout?.destroy();
      await within(
        "an abandoned engine's end",
        client.until(() => client.ended || undefined).catch(() => undefined),
      );
      this.ledger.find(...(await target.faultsWhenFree()));
      if (client.errors !== '') this.ledger.find(`an abandoned engine said: ${client.errors}`);
      this.ledger.find(...(await within('the end of an abandoned program', target.end())));
      this.ledger.did('abandoned programs');
    } finally {
      target.dispose();
      client.process.kill('SIGKILL');
    }
  }

  /** Looks at the engine's memory each second, and lets it look at the programs', as sessions do. */
  async #watch(enginePid: number): Promise<void> {
    for (let second = 1; performance.now() < this.#until && !this.#client.ended; second++) {
      await sleep(1000);
      await this.#client.request('audit', {});
      this.ledger.memoryKb.push(residentKb(enginePid));
      const { deeds, findings } = this.ledger;
      const edits = Math.round((deeds.get('edits') ?? 0) / second);
      this.options.progress?.(
        `${second} s: ${edits} edits/s, engine ${residentKb(enginePid) >> 10} MB, ${findings.size} findings`,
      );
    }
  }

  async #finish(enginePid: number, before: Resources): Promise<void> {
    const { ledger } = this;
    const client = this.#client;
    if (!client.ended) {
      const { probes, sites } = await within('counts', client.counts());
      ledger.compare('probes that the engine has not forgotten', probes.size, 0);
      ledger.compare('sites that the engine has not forgotten', sites.size, 0);
      const after = resources(enginePid);
      ledger.compare("the engine's descriptors", after.descriptors, before.descriptors);
      ledger.compare("the engine's threads", after.threads, before.threads);
      // The doorbell, the guardian and the scratch process of the surrogate.
      ledger.bound("the engine's children", after.children, 2, 3);
    }
    await client.close();
    ledger.compare("the engine's exit status", client.process.exitCode ?? -1, 0);
    if (client.errors !== '') ledger.find(`the engine said: ${client.errors}`);
    const settled = median(part(ledger.memoryKb, 1));
    ledger.bound(
      "the engine's memory in kB",
      median(part(ledger.memoryKb, 3)),
      0,
      Math.max(settled, WARM_KB) + GROWTH_KB,
    );
  }

  /** Not longer than the run lasts. */
  async #sleep(ms: number): Promise<void> {
    await sleep(Math.max(0, Math.min(ms, this.#until - performance.now())));
  }
}

/** What is said of a place in a library that is gone, or another one by now. */
const MAPPED_OTHERWISE: ReadonlySet<string> = new Set(['not-probeable', 'memory-unreachable', 'text-differs']);
const EXPECTED: ReadonlySet<string> = new Set([...MAPPED_OTHERWISE, 'process-not-found']);

/** Message, and where in this folder it was noticed. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const place = error.stack?.split('\n').find((line) => line.includes('/engine/soak/'));
  return `${error.message}${place === undefined ? '' : ` (${place.trim()})`}`;
}
