/** Whether memory stays flat: the resident size of command line and engine at every tenth of a million hits. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { childrenOf, residentBytes } from './processes';
import { goals, say, table } from './report';
import { buildTarget, targetArguments } from './target';
import { SIDESTEP } from './tracers/sidestep';

const LINE_END = 0x0a;

interface Sample {
  readonly hits: number;
  readonly commandLine: number;
  readonly engine: number;
}

export async function benchMemory({ hits }: { hits: number }): Promise<void> {
  say(`## Memory over ${hits.toLocaleString('en-GB')} hits\n`);
  const samples = await sampleRun(hits);
  const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(1);
  table(
    ['hits', 'command line, MB', 'engine, MB'],
    samples.map((sample) => [
      sample.hits.toLocaleString('en-GB'),
      megabytes(sample.commandLine),
      megabytes(sample.engine),
    ]),
  );
  // The first fifth warms up: code is compiled, the heap finds its size. Garbage that is not collected yet makes the
  // last fifth uncertain.
  const [warm, last] = [samples[1]!, samples.at(-1)!];
  goals([
    { what: 'command line grows', value: last.commandLine / warm.commandLine, bound: { atMost: 1.2 }, unit: '×' },
    { what: 'engine grows', value: last.engine / warm.engine, bound: { atMost: 1.2 }, unit: '×' },
  ]);
}

async function sampleRun(hits: number): Promise<Sample[]> {
  const target = buildTarget();
  const { program, file, line } = target;
  const probe = `log ${file}:${line} "{x}"`;
  const args = ['run', '-p', probe, '--format', 'json', '--max-hits', String(hits), '--', program];
  const child = spawn(process.execPath, [SIDESTEP, ...args, ...targetArguments(target, 2, 3600)], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const samples: Sample[] = [];
  let seen = 0;
  child.stderr.on('data', (chunk: Buffer) => {
    for (const byte of chunk) if (byte === LINE_END) seen++;
    if (seen >= ((samples.length + 1) * hits) / 10 && samples.length < 10) {
      const engine = childrenOf(child.pid!).find(isEngine);
      samples.push({
        hits: seen,
        commandLine: residentBytes(child.pid!),
        engine: engine === undefined ? 0 : residentBytes(engine),
      });
    }
    // All hits are in: the target, which would go on without probes, can end.
    if (seen >= hits) child.kill('SIGTERM');
  });
  await once(child, 'close');
  return samples;
}

function isEngine(pid: number): boolean {
  return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('engine.js');
}
