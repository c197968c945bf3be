/**
 * What a traced thread is doing, as one value: the drawing in docs/engine.md ("Thread states") has every transition and
 * who makes it. Each is a method here and checks where it starts; one that nobody foresaw ends the engine, rather than
 * letting a thread go on with what is not its own.
 *
 * States without data are shared, those with data belong to the thread and are used again: a transition allocates at
 * most once in a thread's life. So what a state says must be read before the next transition.
 */

/** It runs, or has stopped and the engine deals with that; its registers and its instruction are its own. */
interface Running {
  readonly kind: 'running';
}

/** It waits in a ptrace-stop for the client, as often as `holds` says. */
interface Held<Place> {
  readonly kind: 'held';
  holds: number;
  /** Its displaced instruction is not executed yet. `undefined`: it is at its program's start. */
  at: Place | undefined;
}

/** It has created a process that is to be traced, and waits in that stop until the child has stopped, too. */
interface AwaitingChild {
  readonly kind: 'awaitingChild';
  child: number;
  /** As {@link TrapDue}, when it goes on. */
  trapDue: boolean;
}

/** It runs the displaced instruction of this breakpoint itself; the next stop ends that. */
interface Aside<Place> {
  readonly kind: 'aside';
  breakpoint: Place;
}

/** It is on its way over a twin, with other registers than its own; the next stop ends that. */
interface OnTwin<Step> {
  readonly kind: 'onTwin';
  step: Step;
}

/** It has made a step that was interrupted before its SIGTRAP was reported: that is still to come. */
interface TrapDue {
  readonly kind: 'trapDue';
}

/** It has stopped together with its process, for a signal. */
interface GroupStopped {
  readonly kind: 'groupStopped';
  /** As {@link TrapDue}, when it goes on. */
  readonly trapDue: boolean;
}

type Doing<Place, Step> =
  Running | Held<Place> | AwaitingChild | Aside<Place> | OnTwin<Step> | TrapDue | GroupStopped | Gone;

/** It is to be let go at its next stop. `rest`: what it does until then, which has to be brought to an end first. */
interface Leaving<Place, Step> {
  readonly kind: 'leaving';
  rest: Doing<Place, Step>;
}

/** It has ended, or is traced no more. */
interface Gone {
  readonly kind: 'gone';
}

/** What a thread does, whether it is being let go or not. */
export type Activity<Place, Step> =
  | Running
  | Readonly<Held<Place>>
  | Readonly<AwaitingChild>
  | Readonly<Aside<Place>>
  | Readonly<OnTwin<Step>>
  | TrapDue
  | GroupStopped
  | Gone;

/** Its whole state. */
export type State<Place, Step> =
  Activity<Place, Step> | { readonly kind: 'leaving'; readonly rest: Activity<Place, Step> };

type Kind = State<unknown, unknown>['kind'];

/** The states as an error calls them. */
const NAMES: Readonly<Record<Kind, string>> = {
  running: 'running',
  held: 'held',
  awaitingChild: 'waiting for its child',
  aside: 'aside',
  onTwin: 'on a twin',
  trapDue: 'about to get the trap of a step',
  groupStopped: 'in a group-stop',
  leaving: 'leaving',
  gone: 'gone',
};

const RUNNING: Running = Object.freeze({ kind: 'running' });
const TRAP_DUE: TrapDue = Object.freeze({ kind: 'trapDue' });
const GROUP_STOPPED: GroupStopped = Object.freeze({ kind: 'groupStopped', trapDue: false });
const GROUP_STOPPED_TRAP_DUE: GroupStopped = Object.freeze({ kind: 'groupStopped', trapDue: true });
const GONE: Gone = Object.freeze({ kind: 'gone' });

/** `Place`: a breakpoint. `Step`: a way over a twin. */
export class ThreadState<Place, Step> {
  #now: Doing<Place, Step> | Leaving<Place, Step> = RUNNING;
  // Those with data, once they have been needed.
  #held: Held<Place> | undefined;
  #awaitingChild: AwaitingChild | undefined;
  #aside: Aside<Place> | undefined;
  #onTwin: OnTwin<Step> | undefined;
  readonly #tid: number;

  constructor(tid: number) {
    this.#tid = tid;
  }

  get now(): State<Place, Step> {
    return this.#now;
  }

  /** {@link now}, but for a thread that is being let go what it does meanwhile. */
  get doing(): Activity<Place, Step> {
    return this.#doing;
  }

  /** The breakpoint of a thread that is aside. */
  get asideAt(): Place | undefined {
    const doing = this.#doing;
    return doing.kind === 'aside' ? doing.breakpoint : undefined;
  }

  /** The way of a thread that is on a twin. */
  get twinStep(): Step | undefined {
    const doing = this.#doing;
    return doing.kind === 'onTwin' ? doing.step : undefined;
  }

  /** The SIGTRAP of a step that is over is still to come. */
  get isTrapDue(): boolean {
    return owesTrap(this.#doing);
  }

  /** It stands still until the engine lets it go on. */
  get isKeptStopped(): boolean {
    const { kind } = this.#doing;
    return kind === 'held' || kind === 'awaitingChild';
  }

  /** Once more for the client: `at` a breakpoint, or at its program's start. */
  hold(at?: Place): void {
    const doing = this.#doing;
    if (doing.kind === 'held' && doing.at === at) {
      doing.holds++;
      return;
    }
    if (doing.kind !== 'running') throw this.#impossible('held');
    this.#enterHeld(at);
  }

  /** One {@link hold} is over. True: that was the last one. */
  release(): boolean {
    const doing = this.#doing;
    if (doing.kind !== 'held') throw this.#impossible('running');
    if (--doing.holds > 0) return false;
    doing.at = undefined;
    this.#enter(RUNNING);
    return true;
  }

  awaitChild(child: number): void {
    const doing = this.#doing;
    if (doing.kind !== 'running' && doing.kind !== 'trapDue') throw this.#impossible('awaitingChild');
    const trapDue = doing.kind === 'trapDue';
    this.#awaitingChild ??= { kind: 'awaitingChild', child, trapDue };
    this.#awaitingChild.child = child;
    this.#awaitingChild.trapDue = trapDue;
    this.#enter(this.#awaitingChild);
  }

  /** That child is looked after. False: the thread does not wait for it (any more). */
  endWaitFor(child: number): boolean {
    const doing = this.#doing;
    if (doing.kind !== 'awaitingChild' || doing.child !== child) return false;
    this.#enter(doing.trapDue ? TRAP_DUE : RUNNING);
    return true;
  }

  stepAside(breakpoint: Place): void {
    if (this.#doing.kind !== 'running') throw this.#impossible('aside');
    this.#aside ??= { kind: 'aside', breakpoint };
    this.#aside.breakpoint = breakpoint;
    this.#enter(this.#aside);
  }

  stepOnTwin(step: Step): void {
    if (this.#doing.kind !== 'running') throw this.#impossible('onTwin');
    this.#onTwin ??= { kind: 'onTwin', step };
    this.#onTwin.step = step;
    this.#enter(this.#onTwin);
  }

  /** It has stopped on its way, aside or on a twin. */
  endStep(): void {
    const { kind } = this.#doing;
    if (kind !== 'aside' && kind !== 'onTwin') throw this.#impossible('running');
    this.#enter(RUNNING);
  }

  /** The step that has ended is made, and its SIGTRAP was not what the thread has stopped for. */
  expectTrap(): void {
    if (this.#doing.kind !== 'running') throw this.#impossible('trapDue');
    this.#enter(TRAP_DUE);
  }

  /** The SIGTRAP that was due is there, or another one has swallowed it. */
  takeTrap(): void {
    if (!this.isTrapDue) throw this.#impossible('running');
    this.#enter(RUNNING);
  }

  stopWithGroup(): void {
    const doing = this.#doing;
    if (doing.kind !== 'running' && doing.kind !== 'trapDue' && doing.kind !== 'groupStopped') {
      throw this.#impossible('groupStopped');
    }
    this.#enter(owesTrap(doing) ? GROUP_STOPPED_TRAP_DUE : GROUP_STOPPED);
  }

  endGroupStop(): void {
    const doing = this.#doing;
    if (doing.kind !== 'groupStopped') throw this.#impossible('running');
    this.#enter(doing.trapDue ? TRAP_DUE : RUNNING);
  }

  /** Its process is being let go. */
  leave(): void {
    if (this.#now.kind === 'leaving' || this.#now.kind === 'gone') throw this.#impossible('leaving');
    this.#now = { kind: 'leaving', rest: this.#now };
  }

  /** It runs another program, before whose first instruction it is held; whatever it did is over. */
  exec(): void {
    if (this.#now.kind === 'leaving' || this.#now.kind === 'gone') throw this.#impossible('held');
    this.#enterHeld(undefined);
  }

  end(): void {
    if (this.#now.kind === 'gone') throw this.#impossible('gone');
    this.#now = GONE;
  }

  get #doing(): Doing<Place, Step> {
    return this.#now.kind === 'leaving' ? this.#now.rest : this.#now;
  }

  #enterHeld(at: Place | undefined): void {
    this.#held ??= { kind: 'held', holds: 1, at };
    this.#held.holds = 1;
    this.#held.at = at;
    this.#enter(this.#held);
  }

  #enter(next: Doing<Place, Step>): void {
    if (this.#now.kind === 'leaving') this.#now.rest = next;
    else this.#now = next;
  }

  #impossible(next: Kind): Error {
    const { kind } = this.#now;
    const now = kind === 'leaving' ? `${NAMES.leaving} (${NAMES[this.#doing.kind]})` : NAMES[kind];
    return new Error(`internal error: thread ${this.#tid} is ${now}, and can't be ${NAMES[next]} next`);
  }
}

function owesTrap(doing: Activity<unknown, unknown>): boolean {
  if (doing.kind === 'trapDue') return true;
  return (doing.kind === 'awaitingChild' || doing.kind === 'groupStopped') && doing.trapDue;
}
