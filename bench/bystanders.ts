/**
 * Whether threads that hit no probe notice that another one does: one thread hits a logpoint without pause, a second
 * one never does. The tracer, the benchmark and the thread that hits share one processor, the bystander has another one
 * for itself: what it loses, it loses by being stopped.
 */
import { cpus } from 'node:os';
import { pinned, SPARE_CPU } from './pinning';
import { goals, say, table } from './report';
import { median, spread } from './statistics';
import { buildTarget } from './target';
import { gdb } from './tracers/gdb';
import { lldbDap } from './tracers/lldbDap';
import { none } from './tracers/none';
import { sidestep } from './tracers/sidestep';
import { type Trace, type Tracer } from './tracers/tracer';

const TRACERS: readonly Tracer[] = [none, sidestep, gdb, lldbDap];

/**
 * Pieces of work in a second in which no other thread had its processor: nothing of what is measured runs there, so
 * such a thread is a stranger's.
 */
function pace({ bystander }: Trace): number {
  return bystander === undefined ? 0 : bystander.work / bystander.free;
}

export async function benchBystanders({ rounds, seconds }: { rounds: number; seconds: number }): Promise<void> {
  say('## A thread that hits no probe, while another one hits a logpoint without pause\n');
  if (cpus().length < 2) {
    say('(left out: it needs a processor to spare)\n');
    return;
  }
  const target = { ...buildTarget(), bystanderCpu: SPARE_CPU };
  const present = TRACERS.filter((tracer) => {
    const reason = tracer.missing();
    if (reason !== undefined) say(`(${tracer.name}: left out, ${reason})\n`);
    return reason === undefined;
  });
  const traces = new Map(present.map((tracer) => [tracer, [] as Trace[]]));
  await pinned(async () => {
    for (let round = 0; round < rounds; round++)
      for (const [tracer, list] of traces) list.push(await tracer.trace(target, 1, seconds));
  });
  const of = (tracer: Tracer): readonly Trace[] => traces.get(tracer) ?? [];
  const alone = median(of(none).map(pace));
  const kept = (tracer: Tracer): number[] => of(tracer).map((trace) => (100 * pace(trace)) / alone);
  table(
    [
      'tracer',
      "the bystander's work, %: median (least … most)",
      'it was stopped, times',
      'its longest pause, µs',
      'hits a second',
    ],
    present.map((tracer) => [
      tracer.name,
      spread(kept(tracer), 1),
      spread(
        of(tracer).map(({ bystander }) => bystander?.stops ?? 0),
        0,
      ),
      spread(
        of(tracer).map(({ bystander }) => bystander?.pauseUs ?? 0),
        0,
      ),
      Math.round(median(of(tracer).map(({ logged, seconds: time }) => logged / time))).toLocaleString('en-GB'),
    ]),
  );
  goals([{ what: "the bystander's work", value: median(kept(sidestep)), bound: { atLeast: 97 }, unit: '%' }]);
}
