/** The engine put together: its parts, its loop, and its end. */
import { CAPTURES, CONTRACT_VERSION } from '../../contract/engineCapabilities';
import { toFailure } from '../../contract/engineFailure';
import { EXECUTIONS, ON_HIT } from '../../contract/probeMessages';
import { FOLLOW } from '../../contract/processMessages';
import { Emulator } from '../../emulator/emulator';
import { AgentCompiler } from '../agent/compile';
import { Arena, Layout } from '../tracing/arena';
import { Arming } from '../arming/arming';
import { NewTasks } from '../lifecycle/newTasks';
import { Breakpoints } from '../text/breakpoints';
import { ExitAndExec } from '../lifecycle/exitAndExec';
import { Clock } from '../tracing/clock';
import { commands } from './commands';
import { RequestQueue } from './requestQueue';
import { Detaching } from '../lifecycle/detaching';
import { Doorbell } from '../client/doorbell';
import { Guard } from '../guard/guard';
import { Ledger } from '../tracing/ledger';
import { Protection } from '../guard/protection';
import { Following } from '../lifecycle/following';
import { HitLoop } from './hitLoop';
import { Hits } from '../hit/hits';
import { Inbox, type Receiver } from '../client/inbox';
import { libc } from '../linux/libc';
import { Ptrace } from '../tracing/ptrace';
import { Signal } from '../linux/signals';
import { Waiter } from '../tracing/wait';
import { kill } from '../linux/processes';
import { Events } from '../client/events';
import { Outbox } from '../client/outbox';
import { ProbeTable } from '../tracees/probeTable';
import { ShadowStacks } from '../passing/shadowStacks';
import { StepAside } from '../passing/stepAside';
import { Stops } from './stops';
import { Surrogate } from '../surrogate/surrogate';
import { ThreadHost } from '../surrogate/threadHost';
import { TargetMemory } from '../tracing/targetMemory';
import { TaskTable } from '../tracees/taskTable';
import { TextWriter } from '../text/textWriter';
import { Twins } from '../passing/twins';

/**
 * Requests wait while the client leaves this many bytes of answers unread: it bounds the engine's memory, and is far
 * above any single answer.
 */
const UNREAD_BYTES = 4 << 20;

export class Tracer {
  readonly #tasks: TaskTable;
  readonly #inbox: Inbox;
  readonly #outbox: Outbox;
  readonly #events: Events;
  readonly #arming: Arming;
  readonly #newTasks: NewTasks;
  readonly #detaching: Detaching;
  readonly #doorbell: Doorbell;
  readonly #guard: Guard;
  readonly #protection: Protection;
  readonly #surrogate: Surrogate;
  readonly #emulator: Emulator;
  readonly #agents: AgentCompiler;
  readonly #loop: HitLoop;
  readonly #requests: RequestQueue;
  readonly #receiver: Receiver;

  /** `commandPipe`, `messagePipe`: the descriptors to and from the client. */
  constructor(commandPipe: number, messagePipe: number) {
    const arena = new Arena();
    const ptrace = new Ptrace(arena);
    const waiter = new Waiter(arena);
    const ledger = new Ledger(arena);
    const tasks = (this.#tasks = new TaskTable(ledger));
    const memory = new TargetMemory(arena);
    const probes = new ProbeTable();
    this.#inbox = new Inbox(arena, commandPipe);
    const outbox = (this.#outbox = new Outbox(arena, messagePipe));
    const events = (this.#events = new Events(outbox));
    const breakpoints = new Breakpoints(new TextWriter(ptrace, waiter, tasks), ledger, events);
    const stepAside = new StepAside(ptrace, breakpoints, events);
    const following = new Following(tasks, probes, breakpoints, events);
    const newTasks = (this.#newTasks = new NewTasks({ ptrace, waiter, tasks, breakpoints, following, events }));
    const exitAndExec = new ExitAndExec({ ptrace, tasks, probes, newTasks, following, events });
    const surrogate = (this.#surrogate = new Surrogate(arena, ptrace, waiter, new ThreadHost(memory)));
    const emulator = (this.#emulator = new Emulator(arena.memory, Layout.state, memory, (plan) =>
      surrogate.execute(plan),
    ));
    const twins = new Twins({ ptrace, waiter, tasks, memory, stepAside, state: emulator.twins });
    const agents = (this.#agents = new AgentCompiler(arena, memory));
    const arming = (this.#arming = new Arming({ emulator, breakpoints, probes, agents, events, surrogate, twins }));
    const detaching = new Detaching({ ptrace, waiter, tasks, arming, newTasks, exitAndExec, stepAside, twins });
    this.#detaching = detaching;
    const onLimit = (): void => {
      probes.reportsLeft = Infinity;
      arming.disarmAll();
      events.say({ event: 'limitReached' });
    };
    const clock = new Clock();
    const hits = new Hits({
      arena,
      ptrace,
      memory,
      breakpoints,
      probes,
      outbox,
      events,
      clock,
      stepAside,
      twins,
      shadowStacks: new ShadowStacks(ptrace),
      onLimit,
    });
    const doorbell = (this.#doorbell = new Doorbell(ptrace, [commandPipe, messagePipe]));
    const protection = (this.#protection = new Protection(ptrace, tasks));
    const onEarly = (tid: number, status: number): void => {
      const task = tasks.tasks.get(tid);
      if (task !== undefined) task.record.report = status;
    };
    const guard = (this.#guard = new Guard({ arena, ledger, waiter, protection, events, onEarly }));
    const stops = new Stops({
      ptrace,
      waiter,
      tasks,
      doorbell,
      guard,
      protection,
      hits,
      stepAside,
      twins,
      newTasks,
      exitAndExec,
      detaching,
    });
    this.#loop = new HitLoop({
      waiter,
      stops,
      newTasks,
      isRestless: () => this.#isRestless,
      isBusy: () => this.#isBusy,
      serve: () => this.#serve(),
    });
    const carryOut = commands({ ptrace, waiter, tasks, probes, arming, hits, detaching, events });
    this.#requests = new RequestQueue({ commands: carryOut, guard, events, outbox });
    this.#receiver = {
      onRequest: (request) => this.#requests.push(request),
      onRefused: (id, error) => outbox.say({ response: { id, failure: toFailure(error) } }),
    };
  }

  /**
   * Works until the client is gone. Then everything that was traced continues, untraced and unchanged, except launched
   * programs that have not begun to run: they are killed.
   */
  run(): never {
    this.#events.say({
      event: 'ready',
      contract: CONTRACT_VERSION,
      enginePid: process.pid,
      capabilities: {
        kind: 'ptrace',
        follow: FOLLOW,
        onHit: ON_HIT,
        captures: CAPTURES,
        executions: EXECUTIONS,
        isRoot: process.geteuid?.() === 0,
      },
    });
    try {
      return this.#loop.run();
    } catch (thrown) {
      this.#leave();
      throw thrown;
    }
  }

  #serve(): void {
    this.#events.catchUp();
    this.#outbox.flush();
    if (this.#doorbell.isMute) this.#doorbell.install();
    if (this.#outbox.waitingMessages < UNREAD_BYTES) {
      this.#arming.forgetMappings();
      this.#guard.look(performance.now());
      this.#inbox.read(this.#receiver);
      if (this.#isAlone) this.#requests.finish();
      else this.#requests.work();
      // Now rather than at the first hit, which would wait for it.
      this.#emulator.compile();
      this.#agents.compile();
      this.#outbox.flush();
      // After the answer: it may take a millisecond.
      if (this.#tasks.processes.size > 0) this.#guard.begin();
    }
    if (this.#isAlone && this.#leave()) libc._exit(0);
  }

  /** The client is gone. */
  get #isAlone(): boolean {
    return this.#inbox.ended || this.#outbox.broken;
  }

  /** Something is to be tried again without anybody telling when. */
  get #isRestless(): boolean {
    return this.#isAlone || this.#newTasks.areWaiting || this.#doorbell.isMute || this.#guard.isStarting;
  }

  /** A request is to be gone on with at once. */
  get #isBusy(): boolean {
    return !this.#isAlone && this.#outbox.waitingMessages < UNREAD_BYTES && this.#requests.isReady;
  }

  /**
   * The dead man's switch. A program that was not released yet is killed. A thread that does not stop in time is
   * released by the kernel when this process ends; its text is restored. False: some text can't be restored; threads
   * that run in it would die, and stay traced until it can. The same for threads that the kernel would kill with this
   * process.
   */
  #leave(): boolean {
    for (const { pid, awaitsStart } of this.#tasks.processes.values()) if (awaitsStart) kill(pid, Signal.SIGKILL);
    if (!this.#detaching.departAll(this.#tasks.processes.values()) || !this.#newTasks.settleOrphans()) return false;
    if (this.#protection.isNeeded) return false;
    this.#surrogate.dispose();
    this.#doorbell.remove();
    return true;
  }
}
