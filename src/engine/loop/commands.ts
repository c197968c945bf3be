/** What the client can ask for, one function per request of the contract. */
import { address } from '../../base/address';
import { SidestepError } from '../../base/errors';
import { toFailure } from '../../contract/engineFailure';
import {
  type ArmOutcome,
  type Counts,
  type ProbeId,
  type Request,
  type RequestKind,
  type Requests,
  type SiteId,
} from '../../contract/messages';
import { type Arming } from '../arming/arming';
import { type Steps } from '../arming/steps';
import { attach } from '../starting/attach';
import { traceOptionsOf } from '../guard/protection';
import { type Detaching } from '../lifecycle/detaching';
import { lostPrivileges } from '../linux/privileges';
import { type Hits } from '../hit/hits';
import { launch } from '../starting/launch';
import { Errno, systemCallError } from '../linux/errno';
import { auxiliaryVector, executableOf, readMappings } from '../linux/proc';
import { type Ptrace } from '../tracing/ptrace';
import { type Waiter } from '../tracing/wait';
import { kill } from '../linux/processes';
import { type Events } from '../client/events';
import { type ProbeTable } from '../tracees/probeTable';
import { Probe } from '../tracees/probe';
import { AddressSpace, Process } from '../tracees/tracees';
import { type TaskTable } from '../tracees/taskTable';

export interface CommandParts {
  readonly ptrace: Ptrace;
  readonly waiter: Waiter;
  readonly tasks: TaskTable;
  readonly probes: ProbeTable;
  readonly arming: Arming;
  readonly hits: Hits;
  readonly detaching: Detaching;
  readonly events: Events;
}

type Result<K extends RequestKind> = Requests[K]['result'];

type Handlers = {
  readonly [K in RequestKind]: (wanted: Requests[K]['arguments']) => Result<K> | Steps<Result<K>>;
};

/** Carries out a request. Throws a SidestepError. */
export type Commands = (request: Request) => Steps<Result<RequestKind>>;

export function commands(parts: CommandParts): Commands {
  const { ptrace, waiter, tasks, probes, arming, hits, detaching, events } = parts;

  const processOf = (pid: number): Process => {
    const process = tasks.processes.get(pid);
    if (process === undefined || process.leaving) {
      throw new SidestepError('process-not-found', `process ${pid} is not traced`, { place: { pid } });
    }
    return process;
  };

  const probeOf = (id: ProbeId): Probe => {
    const probe = probes.probes.get(id);
    if (probe === undefined) throw new SidestepError('engine-protocol', `probe ${id} is not declared`);
    return probe;
  };

  const handlers: Handlers = {
    launch(wanted) {
      const { pid, memory } = launch(ptrace, waiter, wanted);
      const process = tasks.addProcess(new Process(pid, new AddressSpace(memory)));
      process.follow = wanted.follow === 'children';
      process.awaitsStart = true;
      const task = tasks.addTask(process, pid);
      task.state.hold();
      events.threadStarted(task);
      events.announce(task);
      const loss = lostPrivileges(pid, wanted.program);
      if (loss !== undefined) events.warn(loss, process);
      events.say({ event: 'held', pid, tid: pid });
      return { pid };
    },

    attach(wanted) {
      const process = attach(ptrace, tasks, detaching, wanted.pid);
      const { pid, tasks: threads } = process;
      process.follow = wanted.follow === 'children';
      process.awaitsStart = wanted.asLaunched ?? false;
      for (const task of threads.values()) task.announced = true;
      return { pid, tids: [...threads.keys()] };
    },

    mappings({ pid }) {
      const process = processOf(pid);
      const vector = process.ask(auxiliaryVector);
      return {
        mappings: process.ask(readMappings) ?? [],
        executable: process.ask(executableOf) ?? '',
        entry: address(vector?.entry ?? 0n),
        interpreterBase: address(vector?.base ?? 0n),
      };
    },

    declare({ probe, hitCondition }) {
      if (probes.probes.has(probe)) throw new SidestepError('engine-protocol', `probe ${probe} is already declared`);
      probes.probes.set(probe, new Probe(probe, hitCondition));
      return {};
    },

    forget({ probe }) {
      return arming.forget(probe);
    },

    // Between two sites the process may end, call exec or fork: a child inherits what is armed by then.
    *arm({ pid, sites }) {
      const process = processOf(pid);
      const { space } = process;
      const { disarmals } = arming;
      const outcomes: ArmOutcome[] = [];
      for (const site of sites) {
        const outcome = outcomeOf(() => {
          if (processOf(pid) !== process || process.space !== space) throw runsAnother(pid);
          return arming.arm(process, probeOf(site.probe), site);
        });
        // As if all had been armed before the limit was reached.
        if (arming.disarmals !== disarmals) arming.withdraw(site.site);
        outcomes.push(outcome);
        yield;
      }
      return { outcomes };
    },

    *disarm({ sites }) {
      const counted: (readonly [SiteId, Counts])[] = [];
      for (const site of sites) {
        counted.push([site, arming.disarm(site)]);
        yield;
      }
      return { sites: counted };
    },

    counts() {
      return {
        probes: [...probes.probes.values()].map(({ id, counts }) => [id, counts] as const),
        sites: [...probes.sites.values()].map(({ id, counts }) => [id, counts] as const),
      };
    },

    *audit() {
      yield* arming.audit();
      for (const process of tasks.processes.values()) arming.isClean(process);
      return {};
    },

    limit({ reports }) {
      probes.reportsLeft = reports;
      return {};
    },

    release({ tid }) {
      const task = tasks.tasks.get(tid);
      // A thread that was killed while it was held is no error.
      if (task?.state.now.kind !== 'held') return {};
      const { at } = task.state.now;
      if (!task.state.release()) return {};
      const { process } = task;
      if (process.awaitsStart) {
        process.awaitsStart = false;
        ptrace.setOptions(tid, traceOptionsOf(task));
      }
      hits.release(task, at);
      return {};
    },

    detach({ pid }) {
      if (detaching.depart(processOf(pid))) return {};
      throw new SidestepError(
        'memory-unreachable',
        `process ${pid} stays traced: some of its code can't be restored yet`,
        { place: { pid }, advice: 'Detach again.' },
      );
    },

    signal({ pid, signal }) {
      processOf(pid);
      const failure = kill(pid, signal);
      if (failure !== 0 && failure !== Errno.ESRCH)
        throw systemCallError(`kill with signal ${signal}`, failure, { pid });
      return {};
    },
  };

  return function* (request) {
    const handler = handlers[request.kind] as (
      wanted: Request['arguments'],
    ) => Result<RequestKind> | Steps<Result<RequestKind>>;
    const made = handler(request.arguments);
    return isSteps(made) ? yield* made : made;
  };
}

function isSteps(made: Result<RequestKind> | Steps<Result<RequestKind>>): made is Steps<Result<RequestKind>> {
  return Symbol.iterator in made;
}

function runsAnother(pid: number): SidestepError {
  return new SidestepError('no-code', `process ${pid} called exec while its probes were being set`);
}

/** One site that can't be armed does not concern the others. */
function outcomeOf(arm: () => ArmOutcome): ArmOutcome {
  try {
    return arm();
  } catch (error) {
    if (error instanceof SidestepError) return { failure: toFailure(error) };
    throw error;
  }
}
