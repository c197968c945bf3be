/**
 * Calls and returns of threads with shadow stacks. Few machines have any, so an engine that takes every thread for one
 * of them stands in.
 */
import assert from 'node:assert/strict';
import { address } from '../../src/base/address';
import { Arena } from '../../src/engine/tracing/arena';
import { ShadowStacks } from '../../src/engine/passing/shadowStacks';
import { Ptrace } from '../../src/engine/tracing/ptrace';
import { Waiter } from '../../src/engine/tracing/wait';
import { Area } from '../../src/engine/surrogate/area';
import { ScratchProcess } from '../../src/engine/surrogate/scratchProcess';
import { bundleEngine } from './engineBundle';
import { EngineClient } from './engineClient';
import { endAfterEach } from './fixture';
import { instructionsOf } from './linearSweep';
import { program } from './program';

const counter = program('counter.c');
const CALLS = 200;

describe('threads with shadow stacks', () => {
  endAfterEach();

  it('make calls and returns themselves', async () => {
    const script = await bundleEngine('shadowStacks', {
      name: 'shadow stacks everywhere',
      setup(builder) {
        builder.onLoad({ filter: /\/passing\/shadowStacks\.ts$/ }, () => ({
          contents: 'export class ShadowStacks { has() { return true; } }',
        }));
      },
    });
    const client = new EngineClient(script);
    const pid = await client.launch(counter.path, ['1', `${CALLS}`]);
    const [start, end] = [counter.offset('work'), counter.offset('main')];
    const instructions = instructionsOf(counter.path).filter(({ offset }) => offset >= start && offset < end);
    const work = await client.symbol(pid, counter.path, start);
    const sites: number[] = [];
    for (const { offset } of instructions) {
      const at = address(work + BigInt(offset - start));
      sites.push((await client.arm(pid, at, { onHit: 'count' })).site);
    }
    await client.release(pid);
    assert.deepEqual((await client.event('exited')).end, { code: 0 });
    assert.equal(await client.written(), 'right\n');
    const counts = (await client.counts()).sites;
    let made = 0;
    instructions.forEach(({ instruction }, index) => {
      const { hits, steppedAside } = counts.get(sites[index]!)!;
      const changes = ['call', 'ret'].includes(instruction.mnemonic);
      assert.equal(steppedAside, changes ? hits : 0, instruction.code);
      if (changes) made += hits;
    });
    // To `work` and back each time, and the thread's own return.
    assert.equal(made, 2 * CALLS + 1);
  });

  it('are told from those without', () => {
    const arena = new Arena();
    const ptrace = new Ptrace(arena);
    const stopped = new ScratchProcess(ptrace, new Waiter(arena), new Area());
    try {
      assert.equal(new ShadowStacks(ptrace, true).has(stopped.pid), false);
    } finally {
      stopped.dispose();
    }
  });
});
