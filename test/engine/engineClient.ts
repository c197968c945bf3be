/** A client for tests that speaks to a real engine process over its pipes, without a session in between. */
import { buildSync } from 'esbuild';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Readable, type Writable } from 'node:stream';
import { type Address, address } from '../../src/base/address';
import { assertExists } from '../../src/base/assert';
import { type AgentProgram } from '../../src/contract/agent/operations';
import { toError } from '../../src/contract/engineFailure';
import { decodeJson, encodeJson, FrameDecoder, FrameKind } from '../../src/contract/frames';
import { decodeHits } from '../../src/contract/hits';
import {
  type ArmOutcome,
  type Counts,
  type DisplacedInstruction,
  type EngineEvent,
  type EngineFailure,
  type EngineMessage,
  type HitCondition,
  type RequestKind,
  type Requests,
  type SiteRequest,
} from '../../src/contract/messages';
import { until, within } from '../until';

const OUTPUT = join(__dirname, '../../out/engine');
let script: string | undefined;

/** The engine as it is now, and beside it its guardian, bundled once per test run. */
export function engineScript(): string {
  if (script === undefined) {
    mkdirSync(OUTPUT, { recursive: true });
    script = join(OUTPUT, 'engine.js');
    buildSync({
      entryPoints: {
        engine: join(__dirname, '../../src/engine/main.ts'),
        guardian: join(__dirname, '../../src/guardian/main.ts'),
      },
      bundle: true,
      platform: 'node',
      format: 'cjs',
      external: ['koffi', 'iced-x86'],
      outdir: OUTPUT,
      logLevel: 'error',
    });
  }
  return script;
}

/** A hit record that outlives its frame. */
export interface Hit {
  readonly site: number;
  readonly probe: number;
  readonly pid: number;
  readonly tid: number;
  readonly timeNs: bigint;
  readonly ordinal: number;
  readonly captures: readonly { readonly status: number; readonly bytes: Buffer }[];
}

export interface ArmOptions {
  readonly probe?: number;
  readonly hitCondition?: HitCondition;
  readonly agent?: AgentProgram;
  readonly onHit?: 'report' | 'count' | 'hold';
  readonly expected?: string;
  readonly from?: Address;
}

export class EngineClient {
  /** Those that were made since the last {@link closeAll}, ended or not. */
  static readonly #all = new Set<EngineClient>();
  readonly process: ChildProcess;
  readonly events: EngineEvent[] = [];
  readonly hits: Hit[] = [];
  /** What the debuggee has printed, when it was launched. */
  output = '';
  errors = '';
  readonly #decoder = new FrameDecoder();
  readonly #pending = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>();
  readonly #waiters = new Set<() => void>();
  #lastRequest = 0;
  #lastSite = 0;
  #lastProbe = 0;
  ended = false;
  readonly #closed: Promise<unknown>;

  /** All failures that were answered. */
  readonly refusals: EngineFailure[] = [];

  /** What the engine said when it could not start. */
  failure: EngineFailure | undefined;

  /**
   * `script`: another engine than {@link engineScript}. `env`: variables that it gets besides this process's own.
   * `through`: a command that becomes another one by exec, with which the engine is started.
   */
  constructor(script = engineScript(), env: Readonly<Record<string, string>> = {}, through: readonly string[] = []) {
    const [command, ...args] = [...through, process.execPath, script];
    EngineClient.#all.add(this);
    this.process = spawn(assertExists(command, 'command'), args, {
      env: { ...process.env, ...env },
      stdio: ['pipe', 'pipe', 'pipe', 'ignore', 'pipe', 'pipe'],
    });
    const streams: readonly (Readable | Writable | null | undefined)[] = this.process.stdio;
    const stdout = assertExists(this.process.stdout, 'stdout');
    stdout.on('data', (chunk: Buffer) => {
      this.#decoder.push(chunk, (kind, payload) => this.#receive(kind, payload));
      this.#wake();
    });
    this.process.stderr?.setEncoding('utf8').on('data', (text: string) => (this.errors += text));
    streams[4]?.on('data', (chunk: Buffer) => {
      this.output += chunk.toString();
      this.#wake();
    });
    streams[5]?.on('data', (chunk: Buffer) => (this.errors += chunk.toString()));
    this.process.stdin?.on('error', () => undefined);
    this.#closed = once(this.process, 'close');
    this.process.on('close', (code) => {
      this.ended = true;
      for (const { reject } of this.#pending.values())
        reject(new Error(`the engine ended with ${code}: ${this.errors}`));
      this.#pending.clear();
      this.#wake();
    });
  }

  request<K extends RequestKind>(kind: K, args: Requests[K]['arguments']): Promise<Requests[K]['result']> {
    const id = ++this.#lastRequest;
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve: resolve as (value: unknown) => void, reject });
      this.process.stdin?.write(encodeJson({ id, kind, arguments: args }));
    });
  }

  /** Sends anything at all as a request: a message that has no number, or no shape. */
  sendRaw(message: unknown): void {
    this.process.stdin?.write(message instanceof Uint8Array ? message : encodeJson(message));
  }

  /** Launches; the program is held. */
  async launch(
    program: string,
    args: readonly string[] = [],
    variables: Readonly<Record<string, string>> = {},
  ): Promise<number> {
    const env = Object.entries(variables).map(([name, value]) => `${name}=${value}`);
    const { pid } = await this.request('launch', { program, args, cwd: process.cwd(), env, stdio: [3, 4, 5] });
    return pid;
  }

  async release(tid: number): Promise<void> {
    await this.request('release', { tid });
  }

  async declare(hitCondition?: HitCondition): Promise<number> {
    const probe = ++this.#lastProbe;
    await this.request('declare', { probe, ...(hitCondition && { hitCondition }) });
    return probe;
  }

  /** Arms a probe of its own, or one more site of a declared one. */
  async arm(
    pid: number,
    at: Address,
    options: ArmOptions = {},
  ): Promise<DisplacedInstruction & { readonly site: number; readonly probe: number }> {
    const probe = options.probe ?? (await this.declare(options.hitCondition));
    const site = ++this.#lastSite;
    const wanted: SiteRequest = {
      site,
      probe,
      address: at,
      agent: options.agent ?? { captures: [] },
      onHit: options.onHit ?? 'report',
      ...(options.expected !== undefined && { expected: options.expected }),
      ...(options.from !== undefined && { from: options.from }),
    };
    const [outcome] = await this.armAll(pid, [wanted]);
    if ('failure' in outcome!) {
      this.refusals.push(outcome.failure);
      throw toError(outcome.failure);
    }
    return { site, probe, ...outcome! };
  }

  /** Arms many sites by one request; what became of each. */
  async armAll(pid: number, sites: readonly SiteRequest[]): Promise<readonly ArmOutcome[]> {
    return (await this.request('arm', { pid, sites })).outcomes;
  }

  /** Takes a site away; its last counts. */
  async disarm(site: number): Promise<Counts> {
    const { sites } = await this.request('disarm', { sites: [site] });
    return assertExists(sites[0], 'counts')[1];
  }

  async counts(): Promise<{
    probes: ReadonlyMap<number, Counts>;
    sites: ReadonlyMap<number, Counts>;
  }> {
    const { probes, sites } = await this.request('counts', {});
    return { probes: new Map(probes), sites: new Map(sites) };
  }

  /** Waits until the probe has been hit so often. */
  untilHit(probe: number, hits: number): Promise<void> {
    return until(`${hits} hits`, async () => (await this.counts()).probes.get(probe)!.hits >= hits);
  }

  /** Where a file's symbol lies in the process: what `nm` says plus how far the file was moved. */
  async symbol(pid: number, file: string, offset: number): Promise<Address> {
    const { mappings } = await this.request('mappings', { pid });
    const text = assertExists(
      mappings.find(({ path, offset: start, end, start: from }) => {
        return path === file && offset >= start && BigInt(offset - start) < end - from;
      }),
      `mapping of ${file}`,
    );
    return address(text.start + BigInt(offset - text.offset));
  }

  /** Resolves with the first event, past or to come, that fits. */
  event<E extends EngineEvent['event']>(
    name: E,
    fits: (event: Extract<EngineEvent, { event: E }>) => boolean = () => true,
  ): Promise<Extract<EngineEvent, { event: E }>> {
    return this.until(
      () =>
        this.events.find(
          (event): event is Extract<EngineEvent, { event: E }> =>
            event.event === name && fits(event as Extract<EngineEvent, { event: E }>),
        ),
      `${name} ${String(fits)}`,
    );
  }

  /**
   * Resolves when `look` finds something; looks again whenever something has come. Rejects when the engine is gone, or
   * hangs.
   */
  until<T>(look: () => T | undefined, what = String(look)): Promise<T> {
    const found = new Promise<T>((resolve, reject) => {
      const check = (): void => {
        const found = look();
        if (found === undefined && !this.ended) return;
        this.#waiters.delete(check);
        if (found !== undefined) resolve(found);
        else reject(new Error(`the engine is gone: ${this.errors}`));
      };
      this.#waiters.add(check);
      check();
    });
    return within(what, found);
  }

  /** What the debuggee has written, once it has written something: its end may be reported before its pipe is read. */
  async written(): Promise<string> {
    await this.until(() => (this.output === '' ? undefined : true));
    return this.output;
  }

  /** Stops and starts reading what the engine sends. */
  pause(): void {
    this.process.stdout?.pause();
  }

  resume(): void {
    this.process.stdout?.resume();
  }

  /** The texts of its warnings. */
  warnings(): readonly string[] {
    return this.events.flatMap((event) => (event.event === 'warning' ? [event.message] : []));
  }

  /**
   * Closes all that were made since the last time, and waits for their ends; what they and their programs have printed
   * as errors.
   */
  static async closeAll(): Promise<string> {
    const all = [...EngineClient.#all];
    EngineClient.#all.clear();
    for (const client of all) client.resume();
    await Promise.all(all.map((client) => client.close()));
    return all.map(({ errors }) => errors).join('');
  }

  /** Closes the command pipe and waits for the engine's end. */
  async close(): Promise<void> {
    this.process.stdin?.end();
    await within('the end of the engine', this.#closed);
  }

  #receive(kind: FrameKind, payload: Uint8Array): void {
    if (kind === FrameKind.hits) {
      for (const hit of decodeHits(payload)) {
        const captures = hit.captures.map(({ status, bytes }) => ({ status, bytes: Buffer.from(bytes) }));
        this.hits.push({ ...hit, captures });
      }
      return;
    }
    const message = decodeJson(payload) as EngineMessage;
    if ('notice' in message) {
      this.events.push(message.notice);
      return;
    }
    if ('failed' in message) {
      this.failure = message.failed;
      return;
    }
    const { response } = message;
    if ('failure' in response) this.refusals.push(response.failure);
    const pending = this.#pending.get(response.id);
    this.#pending.delete(response.id);
    if ('result' in response) pending?.resolve(response.result);
    else pending?.reject(toError(response.failure));
  }

  #wake(): void {
    for (const waiter of [...this.#waiters]) waiter();
  }
}
