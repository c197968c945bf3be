/**
 * What a logpoint with one integer costs per hit, when threads run into it without pause. The program counts its own
 * calls in its own time, so nothing of a tracer's start is in it, and what a tracer says it logged can be compared with
 * what happened. Tracers take turns, several rounds, so that a change of the machine's mood meets them all.
 */
import { goals, say, table } from './report';
import { median, spread } from './statistics';
import { buildTarget, type Target } from './target';
import { floor } from './tracers/floor';
import { gdb, gdbMachineInterface } from './tracers/gdb';
import { lldbDap } from './tracers/lldbDap';
import { sidestep } from './tracers/sidestep';
import { type Trace, type Tracer } from './tracers/tracer';

const THREADS = 2;
const TRACERS: readonly Tracer[] = [sidestep, floor, gdb, gdbMachineInterface, lldbDap];

/** µs of one hit: threads wait for each other at the tracer, so it is the time between two hits of any of them. */
function cost({ calls, seconds }: Trace): number {
  return (seconds / calls) * 1e6;
}

export async function benchHitCost({ rounds, seconds }: { rounds: number; seconds: number }): Promise<void> {
  say(`## A logpoint with one integer, ${THREADS} threads hitting it without pause\n`);
  const target = buildTarget();
  const present = TRACERS.filter((tracer) => {
    const reason = tracer.missing();
    if (reason !== undefined) say(`(${tracer.name}: left out, ${reason})\n`);
    return reason === undefined;
  });
  const traces = await measure(present, target, rounds, seconds);
  const costOf = (tracer: Tracer): number => median((traces.get(tracer) ?? []).map(cost));
  const own = costOf(sidestep);
  table(
    ['tracer', 'µs a hit: median (least … most)', 'hits a second', 'logged of passed', 'times Sidestep'],
    present.map((tracer) => {
      const of = traces.get(tracer) ?? [];
      const passed = of.reduce((sum, { calls }) => sum + calls, 0);
      const logged = of.reduce((sum, trace) => sum + trace.logged, 0);
      return [
        tracer.name,
        spread(of.map(cost), 1),
        Math.round(1e6 / costOf(tracer)).toLocaleString('en-GB'),
        `${((100 * logged) / passed).toFixed(logged === passed ? 0 : 3)} %`,
        (costOf(tracer) / own).toFixed(2),
      ];
    }),
  );
  const ratio = (tracer: Tracer): number => costOf(tracer) / own;
  goals(
    [
      { tracer: gdb, what: 'cheaper than gdb non-stop', value: ratio(gdb), bound: { atLeast: 20 }, unit: '×' },
      { tracer: lldbDap, what: 'cheaper than lldb-dap', value: ratio(lldbDap), bound: { atLeast: 60 }, unit: '×' },
      { tracer: floor, what: 'dearer than the floor', value: 1 / ratio(floor), bound: { atMost: 1.3 }, unit: '×' },
    ].filter(({ tracer }) => present.includes(tracer)),
  );
}

async function measure(
  tracers: readonly Tracer[],
  target: Target,
  rounds: number,
  seconds: number,
): Promise<ReadonlyMap<Tracer, Trace[]>> {
  const traces = new Map(tracers.map((tracer) => [tracer, [] as Trace[]]));
  for (let round = 0; round < rounds; round++)
    for (const [tracer, list] of traces) list.push(await tracer.trace(target, THREADS, seconds));
  return traces;
}
