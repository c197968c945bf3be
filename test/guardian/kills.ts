/**
 * Engines that are killed, in every stage of what they do, and what becomes of the program: it computes on as it
 * should, it ends by a signal, or, which must never be, it computes something else.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { readFileSync } from 'node:fs';
import { type Random } from '../../src/emulator/oracle/random';
import { EngineClient } from '../engine/engineClient';
import { program, type Program } from '../engine/program';
import { Target } from '../engine/target';

const THREADS = 3;
/** Calls a second of each function. */
const CALLS = 2000;
const CHILDREN = 2;
/** What the program has to show that it computes on. */
const AFTERMATH_MS = 30;
/** The engine is killed within so many ms after what a stage is about has begun. */
const SPAN_MS = 60;

const HIT = ['pushing', 'updating', 'storing', 'turning'];
const SURROGATE = ['rooting', 'negating', 'adding'];
const TWIN = ['counting'];
const ASIDE = ['masking'];
const ALL = [...HIT, ...SURROGATE, ...TWIN, ...ASIDE];

/** `right`: it was alive, and computed what it should. Others ended by that signal. */
export type Outcome = 'right' | 'SIGTRAP' | 'SIGKILL' | 'wrong';

export interface Kill {
  readonly outcome: Outcome;
  /** What the program said and how it ended, where that is wrong. */
  readonly detail: string;
}

interface Scene {
  readonly random: Random;
  readonly survivor: Program;
  readonly client: EngineClient;
  readonly target: Target;
  readonly arm: (functions: readonly string[]) => Promise<unknown>;
}

/** What happens up to the moment in which the engine is killed; the program runs already. */
type Stage = (scene: Scene) => Promise<void>;

/** Probes are hit for a while. */
function hitting(functions: readonly string[]): Stage {
  return async ({ arm, client, random }) => {
    await arm(functions);
    await client.until(() => client.hits.length > 20 || undefined);
    await sleep(random.below(SPAN_MS));
  };
}

const STAGES: Readonly<Record<string, Stage>> = {
  /** From the first request on: the engine attaches, starts its guardian and arms. */
  start: async ({ arm, random }) => {
    void arm(ALL).catch(() => undefined);
    await sleep(random.below(4 * SPAN_MS));
  },
  hit: hitting(HIT),
  surrogate: hitting(SURROGATE),
  twin: hitting(TWIN),
  'step aside': hitting(ASIDE),
  /** Those that take two stops a hit, and one that takes one and comes after them. */
  'one stop and two': hitting(['pushing', ...TWIN, ...ASIDE]),
  everything: hitting(ALL),
  /** Other threads are held. */
  held: async ({ arm, client, random, target, survivor }) => {
    await arm(HIT);
    await client.arm(target.pid, target.address(survivor.path, survivor.offset('counting')), { onHit: 'hold' });
    await client.event('held');
    await sleep(random.below(SPAN_MS));
  },
  detach: async (scene) => {
    await hitting(ALL)(scene);
    void scene.client.request('detach', { pid: scene.target.pid }).catch(() => undefined);
    await sleep(scene.random.below(8));
  },
  /** The client goes, and the engine takes everything out. */
  end: async (scene) => {
    await hitting(ALL)(scene);
    scene.client.process.stdin?.end();
    await sleep(scene.random.below(8));
  },
  /** The guardian is killed, and the engine before another one watches. */
  'without guardian': async (scene) => {
    await hitting(ALL)(scene);
    process.kill(await guardianOf(scene.client), 'SIGKILL');
    await scene.client.event('warning', ({ message }) => message.startsWith('the guardian is gone'));
    await sleep(scene.random.below(SPAN_MS));
  },
  /** Another guardian watches. */
  'second guardian': async (scene) => {
    await hitting(ALL)(scene);
    const first = await guardianOf(scene.client);
    process.kill(first, 'SIGKILL');
    while ([0, first].includes(tracerOf(scene.client))) await sleep(1);
    await sleep(scene.random.below(SPAN_MS));
  },
};

/** Forked children are followed; they are hit as soon as they begin. */
const FORK = 'fork';
export const STAGE_NAMES: readonly string[] = [...Object.keys(STAGES), FORK];

let built: Program | undefined;

/** Kills one engine in a stage. `script`: the engine; `variables`: what is added to its environment. */
export async function killIn(
  stage: string,
  random: Random,
  script?: string,
  variables: Readonly<Record<string, string>> = {},
): Promise<Kill> {
  const survivor = (built ??= program('survivor.c', ['-mno-red-zone']));
  const forks = stage === FORK;
  const target = await Target.start(survivor.path, [`${THREADS}`, `${CALLS}`, ...(forks ? [`${CHILDREN}`] : [])]);
  const client = new EngineClient(script, variables);
  const attached = client.request('attach', { pid: target.pid, follow: forks ? 'children' : 'none' });
  const arm = async (functions: readonly string[]): Promise<unknown> => {
    await attached;
    return Promise.all(
      functions.map((name) => client.arm(target.pid, target.address(survivor.path, survivor.offset(name)))),
    );
  };
  try {
    if (forks) {
      await arm(ALL);
      target.begin({ lingering: true });
      await sleep(random.below(SPAN_MS));
    } else {
      if (stage === 'start') await attached;
      target.begin({ lingering: true });
      await STAGES[stage]!({ random, survivor, client, target, arm });
    }
  } catch (error) {
    if (!client.ended) throw error;
  }
  client.process.kill('SIGKILL');
  await client.close();
  await sleep(AFTERMATH_MS);
  return judge(await target.end());
}

function judge({ output, code, signal }: Awaited<ReturnType<Target['end']>>): Kill {
  const detail = `${output} (${signal ?? code})`;
  const lines = output === '' ? [] : output.split('\n');
  const children = lines.flatMap((line) => /^a child was killed by signal (\d+)$/.exec(line)?.[1] ?? []);
  const isSound = lines.every((line) => /^right \d+$/.test(line) || /^a child was killed by signal [59]$/.test(line));
  if (!isSound) return { outcome: 'wrong', detail };
  if (signal === 'SIGTRAP' || signal === 'SIGKILL') return { outcome: signal, detail };
  if (signal !== null || code !== 0 || lines.length === 0) return { outcome: 'wrong', detail };
  if (children.length > 0) return { outcome: children.includes('9') ? 'SIGKILL' : 'SIGTRAP', detail };
  return { outcome: 'right', detail };
}

function tracerOf({ process: { pid } }: EngineClient): number {
  return Number(/^TracerPid:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))![1]);
}

/** The guardian, when it watches. */
async function guardianOf(client: EngineClient): Promise<number> {
  for (;;) {
    const tracer = tracerOf(client);
    if (tracer > 0) return tracer;
    await sleep(1);
  }
}
