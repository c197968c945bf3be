/**
 * Children that stay traced. One that was forked becomes a process of its own at its first stop, before it has run an
 * instruction, while its creator waits: it then has the parent's breakpoints of that moment. One that borrowed memory
 * becomes a process when it calls exec.
 */
import { SidestepError } from '../../base/errors';
import { type SiteId } from '../../contract/messages';
import { ProcessMemory } from '../linux/memory';
import { readStatus } from '../linux/proc';
import { type Events } from '../client/events';
import { type Breakpoints, type Inherited } from '../text/breakpoints';
import { inheritProcess, inheritTask } from '../tracees/execAndFork';
import { type ProbeTable } from '../tracees/probeTable';
import { Site } from '../tracees/tracees';
import { AddressSpace, Process, type Task } from '../tracees/tracees';
import { type TaskTable } from '../tracees/taskTable';
import { headOf, wordSizeProblem } from '../linux/elfClass';

export class Following {
  readonly #tasks: TaskTable;
  readonly #probes: ProbeTable;
  readonly #breakpoints: Breakpoints;
  readonly #events: Events;

  constructor(tasks: TaskTable, probes: ProbeTable, breakpoints: Breakpoints, events: Events) {
    this.#tasks = tasks;
    this.#probes = probes;
    this.#breakpoints = breakpoints;
    this.#events = events;
  }

  /** Whether children of a process stay traced. */
  wants(process: Process): boolean {
    const { follow, leaving } = process.memoryOwner ?? process;
    if (!follow || leaving || process.leaving) return false;
    if (!this.#events.areIgnored) return true;
    this.#events.warn('child processes are not followed: the client is not reading events', process);
    return false;
  }

  /** Whether orphans stay traced: any process that is followed may have been their parent. */
  get wantsOrphans(): boolean {
    return [...this.#tasks.processes.values()].some((process) => this.wants(process));
  }

  /**
   * The forked child has stopped for the first time; it stays stopped. `creator`: it may have been killed in the
   * meantime. False: the child can't be followed.
   */
  track(pid: number, creator: Task): boolean {
    const { process: source } = creator;
    const born = this.#inherit(pid, source);
    if (born === undefined) return false;
    const { space, inherited } = born;
    const process = this.#tasks.addProcess(new Process(pid, space));
    const parent = source.memoryOwner ?? source;
    inheritProcess(process, source);
    const task = this.#tasks.addTask(process, pid);
    task.announced = true;
    inheritTask(task, creator);
    const sites: (readonly [SiteId, SiteId])[] = [];
    for (const { own, parents } of inherited) {
      for (const { id, probe, agent, onHit } of parents.sites) {
        const site = new Site(this.#probes.inheritedId(), probe, process, own, agent, onHit);
        own.sites.push(site);
        this.#probes.add(site);
        sites.push([site.id, id]);
      }
    }
    this.#events.say({ event: 'processStarted', pid, parent: parent.pid, how: 'forked', sites });
    return true;
  }

  /**
   * Its memory, with its share of its parent's breakpoints. `undefined`: it was killed, or its memory can't be
   * accessed, which is reported.
   */
  #inherit(pid: number, parent: Process): { space: AddressSpace; inherited: readonly Inherited[] } | undefined {
    let memory: ProcessMemory | undefined;
    try {
      memory = ProcessMemory.open(pid);
      if (memory === undefined) return undefined;
      const space = new AddressSpace(memory);
      return { space, inherited: this.#breakpoints.inherit(parent.space, space, pid) };
    } catch (error) {
      memory?.close();
      if (!(error instanceof SidestepError)) throw error;
      this.#events.warn(`child ${pid} is not followed: ${error.message}`, parent);
      return undefined;
    }
  }

  /** An orphan, whose memory holds nothing of ours: it is held until the client has set its probes. */
  trackOrphan(pid: number, memory: ProcessMemory): void {
    const process = this.#tasks.addProcess(new Process(pid, new AddressSpace(memory)));
    process.follow = true;
    const head = headOf(`/proc/${pid}/exe`);
    process.is64Bit = head === undefined || wordSizeProblem(head) === undefined;
    const task = this.#tasks.addTask(process, pid);
    task.announced = true;
    task.state.hold();
    const parent = Number(readStatus(pid)?.get('PPid') ?? 0);
    this.#events.say({ event: 'processStarted', pid, parent, how: 'orphaned', sites: [] });
    this.#events.say({ event: 'held', pid, tid: pid });
  }

  /** A borrower has called exec: it has memory of its own from now on. */
  separate(borrower: Process): void {
    const { memoryOwner } = borrower;
    if (memoryOwner === undefined) return;
    borrower.memoryOwner = undefined;
    for (const task of borrower.tasks.values()) task.announced = true;
    const { pid } = borrower;
    this.#events.say({ event: 'processStarted', pid, parent: memoryOwner.pid, how: 'spawned', sites: [] });
  }
}
