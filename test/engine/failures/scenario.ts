/**
 * A little of everything that an engine does, with one program that checks itself, and what must be true at the end
 * whatever has failed in between: no thread hangs, nothing crashes, the program's text is the file's, and (unless it
 * was killed, or the failure is one that can't come about) the program has computed what it should.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { type Address, address } from '../../../src/base/address';
import { SidestepError } from '../../../src/base/errors';
import { type AgentProgram } from '../../../src/contract/agent/operations';
import { type ProcessEnd } from '../../../src/contract/messages';
import { Signal } from '../../../src/engine/linux/signals';
import { type EngineClient } from '../engineClient';
import { program } from '../program';
import { readMemory, Target } from '../target';
import { until, within } from '../../until';

const everything = program('everything.c');

/** Nothing here takes a tenth of it, even on a busy machine. */

const TEXT_BYTES = 64;
const PROBED = ['work', 'pushing', 'halve', 'tick', 'load', 'store'] as const;

/** A condition that always holds, by registers, vectors and memory; captures of registers, memory and strings. */
const AGENT: AgentProgram = {
  condition: [
    { op: 'register', register: 'rsp' },
    { op: 'load', size: 8 },
    { op: 'vector', register: 0, offset: 0, size: 8 },
    { op: 'or' },
    { op: 'isZero' },
    { op: 'isZero' },
  ],
  captures: [
    [
      { op: 'register', register: 'rsp' },
      { op: 'captureMemory', size: 64 },
    ],
  ],
};

export interface Outcome {
  /** What the program said: `right 91`. */
  readonly output: string;
  readonly end: ProcessEnd;
  /** Counts of the probe on `work`, and of all probes together. */
  readonly work: number;
  readonly steppedAside: number;
  /** Requests that failed, with their errors. */
  readonly refusals: readonly SidestepError[];
  /** All functions have had probes from the start. */
  readonly armed: boolean;
}

/** One use of the client, whose requests may fail. */
class Attempt {
  readonly refusals: SidestepError[] = [];
  readonly #probes: number[] = [];
  readonly #sites: number[] = [];
  armed = false;

  constructor(private readonly client: EngineClient) {}

  /** The answer; `undefined` where the engine has refused with an error that says what happened. */
  async ask<T>(what: string, answer: Promise<T>): Promise<T | undefined> {
    try {
      return await within(what, answer);
    } catch (error) {
      if (!(error instanceof SidestepError)) throw error;
      assert.match(error.message, /\w+ .*\w/, `${what}: the error says something`);
      this.refusals.push(error);
      return undefined;
    }
  }

  /** Arms what can be armed. `moved`: how far the program lies from its file. */
  async armAll(pid: number, moved: bigint): Promise<void> {
    for (const symbol of PROBED) {
      const place = address(moved + BigInt(everything.offset(symbol)));
      const armed = await this.ask('arm', this.client.arm(pid, place, symbol === 'load' ? {} : { agent: AGENT }));
      this.#probes.push(armed?.probe ?? 0);
      if (armed !== undefined) this.#sites.push(armed.site);
    }
    this.armed = this.#sites.length === PROBED.length;
  }

  /** Takes the last site away and arms it again. */
  async edit(pid: number, address: Address): Promise<void> {
    const site = this.#sites.pop();
    if (site === undefined) return;
    await this.ask('disarm', this.client.disarm(site));
    await this.ask('arm', this.client.arm(pid, address));
  }

  async counts(): Promise<{ readonly work: number; readonly steppedAside: number }> {
    const { probes } = await within('counts', this.client.counts());
    const mine = this.#probes.map((probe) => probes.get(probe));
    return {
      work: mine[0]?.hits ?? 0,
      steppedAside: mine.reduce((sum, counts) => sum + (counts?.steppedAside ?? 0), 0),
    };
  }
}

/** How many programs were launched. */
let runs = 0;

/** Launches it, with probes all the time. `undefined`: it could not be launched, and the engine said why. */
export async function launched(
  client: EngineClient,
): Promise<Outcome | { readonly refusals: readonly SidestepError[] }> {
  const attempt = new Attempt(client);
  const run = `run${++runs}`;
  const pid = await attempt.ask('launch', client.launch(everything.path, [], { RUN: run }));
  if (pid === undefined) return attempt;
  const { mappings } = (await attempt.ask('mappings', client.request('mappings', { pid }))) ?? { mappings: [] };
  const mapping = mappings.find(({ path, executable }) => path === everything.path && executable);
  if (mapping !== undefined) await attempt.armAll(pid, mapping.start - BigInt(mapping.offset));
  await attempt.ask('release', client.release(pid));
  const { end } = await within(
    'the end',
    client.event('exited', (event) => event.pid === pid),
  );
  // The output of a program that was killed may come after its end is reported, among another program's.
  const printed = () => client.output.split('\n').find((line) => line.endsWith(` ${run}`));
  const output = 'code' in end ? await within('its output', client.until(printed)) : '';
  const { refusals } = attempt;
  return { output, end, refusals, armed: attempt.armed, ...(await attempt.counts()) };
}

/** Attaches to it, stops and continues it, edits probes, and detaches under load. */
export async function attached(client: EngineClient): Promise<Outcome> {
  const attempt = new Attempt(client);
  const target = await Target.start(everything.path, ['go']);
  const { pid } = target;
  const work = target.address(everything.path, everything.offset('work'));
  const moved = work - BigInt(everything.offset('work'));
  const gone = () => client.events.some((event) => event.event === 'exited' && event.pid === pid);
  target.begin({ lingering: true });
  try {
    if ((await attempt.ask('attach', client.request('attach', { pid }))) !== undefined) {
      await attempt.armAll(pid, moved);
      const hits = client.hits.length;
      const enough = (more: number) => client.hits.length > hits + more || attempt.refusals.length > 0 || gone();
      await within(
        'hits',
        client.until(() => enough(100) || undefined),
      );
      await attempt.ask('stop', client.request('signal', { pid, signal: Signal.SIGSTOP }));
      await attempt.ask('continue', client.request('signal', { pid, signal: Signal.SIGCONT }));
      target.process.kill('SIGCONT');
      await attempt.edit(pid, address(moved + BigInt(everything.offset('store'))));
      await within(
        'hits',
        client.until(() => enough(200) || undefined),
      );
      await attempt.ask('detach', client.request('detach', { pid }));
    }
    const difference = await assertUntouched(pid, moved).then(
      () => undefined,
      (error: unknown) => error,
    );
    const { output, code, signal } = await within('the end', target.end());
    // One that is just dying has no memory already, and no state that would tell so yet.
    if (signal !== 'SIGKILL' && difference !== undefined) throw difference as Error;
    const end = code === null ? { signal: signal === 'SIGKILL' ? 9 : -1 } : { code };
    const { refusals } = attempt;
    return { output, end, refusals, armed: attempt.armed, ...(await attempt.counts()) };
  } finally {
    target.process.kill('SIGKILL');
  }
}

/**
 * Untraced, not stopped, and no INT3 in its text; or dead. A thread that waits for its vfork child is let go when that
 * is done.
 */
async function assertUntouched(pid: number, moved: bigint): Promise<void> {
  let status = statusOf(pid);
  await until('no tracer', () => !/^TracerPid:\s*[1-9]/m.test((status = statusOf(pid))));
  if (!/^State:\s+[^ZX\s]/m.test(status)) return;
  assert.match(status, /^TracerPid:\s*0$/m);
  assert.doesNotMatch(status, /^State:\s+[tT]/m);
  for (const symbol of PROBED) {
    const text = readMemory(pid, moved + BigInt(everything.offset(symbol)), TEXT_BYTES);
    assert.equal(text, everything.text(symbol, TEXT_BYTES), symbol);
  }
}

function statusOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/status`, 'latin1');
  } catch {
    return '';
  }
}
