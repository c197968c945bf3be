/**
 * The real engine: a Node process of its own that runs `dist/engine.js`. Requests go to its descriptor 0, answers,
 * events and hits come from its descriptor 1 (contract/frames); what it prints on descriptor 2 becomes the reason when
 * it is gone. An engine that is a child of this process has the debuggee's standard streams as descriptors from 3 on,
 * and hands them to the program it launches.
 *
 * Closing descriptor 0 is the dead man's switch: the engine removes every probe, releases everything and exits.
 */
import { SidestepError } from '../../base/errors';
import { Emitter } from '../../base/lifetime';
import { decodeJson, encodeJson, FrameDecoder, FrameKind } from '../../contract/frames';
import {
  type EngineEvent,
  type EngineFailure,
  type EngineMessage,
  type RequestKind,
  type Requests,
  type Response,
} from '../../contract/messages';
import { type Elevation } from './elevation';
import { linkElevated, type OpenTerminal } from './elevatedLink';
import { type Engine } from './engine';
import { type DebuggeeStdio, type DebuggeeStreams, type EngineLink, linkToChild, type TerminalUse } from './engineLink';

export interface EngineProcessOptions {
  /** Path of the bundled engine. */
  readonly script: string;
  /** What the debuggee's stdin, stdout and stderr are; nothing by default. */
  readonly stdio?: DebuggeeStdio;
  /** Descriptors of this process, above 2, that the debuggee gets under the same numbers; none by default. */
  readonly descriptors?: readonly number[];
  readonly terminal: TerminalUse;
  /**
   * What starts the engine as root, unless this process already runs as root; by default the engine runs as this user.
   */
  readonly elevation?: Elevation | undefined;
  /** For the password that sudo asks for, where this process has no terminal. */
  readonly openTerminal?: OpenTerminal;
}

const NO_STREAMS: DebuggeeStdio = ['ignore', 'ignore', 'ignore'];

/** How much of the end of its error output explains why an engine is gone, in characters. */
const KEPT_ERROR_OUTPUT = 4000;

interface Pending {
  readonly resolve: (result: Requests[RequestKind]['result']) => void;
  readonly reject: (error: SidestepError) => void;
}

export class EngineProcess implements Engine {
  readonly #link: EngineLink;
  readonly #pending = new Map<number, Pending>();
  readonly #events = new Emitter<EngineEvent>();
  readonly #hits = new Emitter<Uint8Array>();
  readonly #gone = new Emitter<{ readonly reason: string }>();
  #onStarted: (pid: number | undefined) => void = () => undefined;
  #lastRequest = 0;
  #errorOutput = '';
  #goneReason: string | undefined;
  /** What the engine itself said about it. */
  #failure: SidestepError | undefined;

  /** Its process id, once it is ready; undefined where it never is. */
  readonly pid = new Promise<number | undefined>((resolve) => (this.#onStarted = resolve));
  #isReady = false;
  readonly onEvent = this.#events.on;
  readonly onHits = this.#hits.on;
  readonly onGone = this.#gone.on;

  /** Starts an engine. It never fails at once: an engine that can't start is one that is soon gone. */
  static start(options: EngineProcessOptions): EngineProcess {
    const { script, stdio = NO_STREAMS, descriptors = [], terminal, elevation, openTerminal } = options;
    const handed = { stdio, descriptors, terminal };
    return new EngineProcess(
      elevation === undefined || process.getuid?.() === 0
        ? linkToChild(script, handed)
        : linkElevated({ script, as: elevation, ...handed, ...(openTerminal && { openTerminal }) }),
    );
  }

  private constructor(link: EngineLink) {
    this.#link = link;
    const decoder = new FrameDecoder();
    // A write that finds the engine gone is reported by its exit.
    link.commands.on('error', () => undefined);
    link.messages.on('data', (chunk: Buffer) => {
      try {
        decoder.push(chunk, (kind, payload) => this.#receive(kind, payload));
      } catch (error) {
        if (!(error instanceof SidestepError)) throw error;
        this.#errorOutput += error.message;
        this.dispose();
      }
    });
    link.errors.setEncoding('utf8').on('data', (text: string) => {
      this.#errorOutput = (this.#errorOutput + text).slice(-KEPT_ERROR_OUTPUT);
    });
    void link.ended.then((how) => this.#end(how));
  }

  /** It has begun to answer, and has not ended. */
  get isThere(): boolean {
    return this.#isReady && this.#goneReason === undefined;
  }

  /** This process's ends of the debuggee's streams that were made as `pipe`: after `launch`, or before it. */
  get debuggee(): DebuggeeStreams {
    return this.#link.debuggee;
  }

  async request<K extends RequestKind>(kind: K, args: Requests[K]['arguments']): Promise<Requests[K]['result']> {
    if (kind !== 'launch') return this.#ask(kind, args);
    return this.#ask('launch', await this.#link.prepareLaunch(args as Requests['launch']['arguments']));
  }

  #ask<K extends RequestKind>(kind: K, args: Requests[K]['arguments']): Promise<Requests[K]['result']> {
    if (this.#goneReason !== undefined) return Promise.reject(this.#failure ?? engineGone(this.#goneReason));
    const id = ++this.#lastRequest;
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve, reject });
      this.#link.commands.write(encodeJson({ id, kind, arguments: args }));
    });
  }

  /** Closes the command pipe: the engine takes all probes out, lets the debuggees run on and exits. */
  dispose(): void {
    this.#link.commands.end();
  }

  #receive(kind: FrameKind, payload: Uint8Array): void {
    if (kind === FrameKind.hits) {
      this.#hits.fire(payload);
      return;
    }
    const message = decodeJson(payload) as EngineMessage;
    if ('notice' in message) {
      if (message.notice.event === 'ready') {
        this.#isReady = true;
        this.#onStarted(message.notice.enginePid);
      }
      this.#events.fire(message.notice);
    } else if ('failed' in message) this.#failure = errorOf(message.failed);
    else this.#answer(message.response);
  }

  #answer(response: Response): void {
    const pending = this.#pending.get(response.id);
    this.#pending.delete(response.id);
    if ('result' in response) {
      pending?.resolve(response.result);
      return;
    }
    pending?.reject(errorOf(response.failure));
  }

  #end(how: string | SidestepError): void {
    if (how instanceof SidestepError) this.#failure = how;
    const output = this.#errorOutput.replace(/\s+/g, ' ').trim();
    this.#goneReason = this.#failure?.message ?? (output === '' ? `${how}` : `${how}: ${output}`);
    for (const pending of this.#pending.values()) pending.reject(this.#failure ?? engineGone(this.#goneReason));
    this.#pending.clear();
    this.#onStarted(undefined);
    this.#gone.fire({ reason: this.#goneReason });
  }
}

function errorOf({ code, message, ...details }: EngineFailure): SidestepError {
  return new SidestepError(code, message, details);
}

function engineGone(reason: string): SidestepError {
  return new SidestepError('engine-gone', `the engine is gone: ${reason}`);
}
