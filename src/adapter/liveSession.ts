/**
 * A session that runs, with the parts that show it to the editor: from the start of its engine to the last word about
 * it.
 */
import { setImmediate } from 'node:timers/promises';
import { SidestepError } from '../base/errors';
import { type Disposable, DisposableStore } from '../base/lifetime';
import { printable } from '../base/printable';
import { type ProcessEnd } from '../contract/messages';
import { readFlow } from '../emulator/lazyFlow';
import { type Engine } from '../session/engine/engine';
import { Session, type SessionOptions } from '../session/session';
import { EditorBreakpoints } from './editorBreakpoints';
import { type Client } from './protocol/connection';
import { HitConsole } from './output/hitConsole';
import { type Lines } from './protocol/lineNumbering';
import { announceModules } from './modules';
import { MessageValues } from './output/messageValues';
import { SymbolProgress } from './output/progress';
import { forwardOutput } from './output/programOutput';
import { summarize } from './output/summary';
import { ThreadEvents } from './threads';
import { within } from '../base/within';

type Counts = Awaited<ReturnType<Session['counts']>>;

/** How long to wait for the program's last output: a process that it left behind may hold its pipes open. */
const LAST_OUTPUT_MS = 1000;

/** How long an engine that does not answer is waited for. */
const COUNTS_PATIENCE_MS = 10_000;

const NO_COUNTS: Counts = new Map();

/** Shells report a process that a signal ended so; DAP has only a number. */
const SIGNAL_EXIT_BASE = 128;

/** How the editor wants to be told. */
export interface Presentation {
  readonly lines: Lines;
  /** Whether it shows the types of values. */
  readonly showTypes: boolean;
}

export class LiveSession implements Disposable {
  readonly session: Session;
  readonly breakpoints: EditorBreakpoints;
  /** What messages hold that unfolds. */
  readonly values: MessageValues;
  /** Resolves when the end was reported to the editor. */
  readonly ended: Promise<void>;
  readonly engineEnded: Promise<void>;
  readonly #client: Client;
  readonly #console: HitConsole;
  readonly #threads: ThreadEvents;
  readonly #store = new DisposableStore();
  readonly #warned = new Set<string>();
  readonly #engine: Engine;
  #output: Promise<unknown> = Promise.resolve();
  #end: () => void = () => undefined;
  #ending = false;
  #exit: ProcessEnd | undefined;

  constructor(engine: Engine, options: SessionOptions, client: Client, { lines, showTypes }: Presentation) {
    this.#engine = engine;
    this.#client = client;
    this.values = new MessageValues(showTypes);
    this.ended = new Promise((resolve) => (this.#end = resolve));
    // While the engine starts: the first breakpoint asks for it.
    void import('../emulator/flow');
    this.engineEnded = new Promise((resolve) => engine.onGone(() => resolve()));
    this.session = this.#store.add(new Session(engine, { ...options, readFlow }));
    this.#console = this.#store.add(new HitConsole(client, lines, this.values));
    this.#threads = this.#store.add(new ThreadEvents(this.session, client));
    this.#store.add(new SymbolProgress(this.session, client));
    this.breakpoints = new EditorBreakpoints(this.session, client, lines, (probe) => this.#console.forget(probe));
    announceModules(this.session, client);
    this.session.onHit((hit) => this.#console.take(hit));
    this.session.onWarning(({ message }) => this.warn(message));
    this.session.onEngineGone(({ reason }) => this.#engineGone(reason));
    this.session.onExit(({ process, end }) => {
      // Of a tree that is followed, the end of the first.
      if (process.parent === undefined) this.#exit = end;
      if (this.session.processes.size === 0) void this.finish();
    });
  }

  /** Whether the engine is there to be asked: neither waited for yet nor gone. */
  get isTracing(): boolean {
    return this.#engine.isThere;
  }

  /** Shows what the program prints, once it is there. */
  forwardOutput(): void {
    const { stdout, stderr } = this.#engine.debuggee;
    this.#output = Promise.all([
      forwardOutput(stdout, 'stdout', this.#client),
      forwardOutput(stderr, 'stderr', this.#client),
    ]);
  }

  /** Each thing is said once, however many processes and threads it is about. */
  warn(...warnings: readonly string[]): void {
    for (const warning of warnings) {
      if (this.#warned.has(warning)) continue;
      this.#warned.add(warning);
      this.#say('console', warning);
    }
  }

  /** Tells the editor what there is left to tell, once, and ends. The debuggees that still live run on untraced. */
  async finish(): Promise<void> {
    if (!this.#ending) {
      this.#ending = true;
      const counts = this.isTracing ? await this.#lastCounts() : NO_COUNTS;
      this.#threads.flush();
      this.#console.flush();
      const summary = summarize(counts, this.#console);
      this.#store.dispose();
      await (this.#exit ? within(LAST_OUTPUT_MS, this.#output) : aWholeTurn());
      if (summary !== '') this.#client.emit('output', { category: 'console', output: summary });
      if (this.#exit) this.#client.emit('exited', { exitCode: exitCode(this.#exit) });
      this.#client.emit('terminated', undefined);
      this.#end();
    }
    await this.ended;
  }

  async #lastCounts(): Promise<Counts> {
    try {
      return (await within(COUNTS_PATIENCE_MS, this.session.counts())) ?? NO_COUNTS;
    } catch (error) {
      if (error instanceof SidestepError) return NO_COUNTS;
      throw error;
    }
  }

  /** Ends at once: the engine takes all probes out and lets everything run on. */
  dispose(): void {
    this.#ending = true;
    this.#store.dispose();
    // Nobody is to wait for a last word that does not come any more.
    this.#end();
  }

  #engineGone(reason: string): void {
    if (this.#ending) return;
    this.#say('stderr', `The engine is gone: ${reason}`);
    void this.finish();
  }

  #say(category: 'console' | 'stderr', text: string): void {
    this.#client.emit('output', { category, output: `${printable(text)}\n` });
  }
}

/**
 * Of a program that lives on there is no last output; but what it has printed so far is read. Between two callbacks of
 * setImmediate the event loop reads all that its pipes hold.
 */
async function aWholeTurn(): Promise<void> {
  await setImmediate();
  await setImmediate();
}

function exitCode(end: ProcessEnd): number {
  return 'code' in end ? end.code : SIGNAL_EXIT_BASE + end.signal;
}
