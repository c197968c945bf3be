/**
 * The real engine: a Node process of its own that runs `dist/engine.js`. Requests go to its descriptor 0, answers,
 * events and hits come from its descriptor 1 (contract/frames); what it prints on descriptor 2 becomes the reason when
 * it is gone. An engine that is a child of this process has the debuggee's standard streams as descriptors from 3 on,
 * and hands them to the program it launches.
 *
 * Closing descriptor 0 is the dead man's switch: the engine removes every probe, releases everything and exits.
 */
import { Deferred } from '../../base/deferred';
import { SidestepError } from '../../base/errors';
import { Emitter } from '../../base/lifetime';
import { refusalOfEngine } from '../../contract/engineCapabilities';
import { toError } from '../../contract/engineFailure';
import { decodeJson, encodeJson, FrameDecoder, FrameKind } from '../../contract/frames';
import {
  type EngineEvent,
  type EngineMessage,
  type ReadyEvent,
  type RequestKind,
  type Requests,
  type Response,
} from '../../contract/messages';
import { type DebuggeeStreams, type Engine } from './engine';
import { type EngineLink } from './engineLink';

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
  readonly #ready = new Deferred<ReadyEvent>();
  #lastRequest = 0;
  #errorOutput = '';
  #goneReason: string | undefined;
  /** Why it can't be used: it has said so itself, or is not the one that is wanted. */
  #failure: SidestepError | undefined;
  #isReady = false;

  readonly ready = this.#ready.promise;
  readonly onEvent = this.#events.on;
  readonly onHits = this.#hits.on;
  readonly onGone = this.#gone.on;

  constructor(link: EngineLink) {
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

  get isThere(): boolean {
    return this.#isReady && this.#goneReason === undefined;
  }

  get debuggee(): DebuggeeStreams {
    return this.#link.debuggee;
  }

  async request<K extends RequestKind>(kind: K, args: Requests[K]['arguments']): Promise<Requests[K]['result']> {
    if (kind !== 'launch') return this.#ask(kind, args);
    return this.#ask('launch', await this.#link.prepareLaunch(args as Requests['launch']['arguments']));
  }

  #ask<K extends RequestKind>(kind: K, args: Requests[K]['arguments']): Promise<Requests[K]['result']> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    if (this.#goneReason !== undefined) return Promise.reject(engineGone(this.#goneReason));
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
    // Of an engine that was refused, nothing else is understood.
    if (this.#failure !== undefined) return;
    if (kind === FrameKind.json) this.#take(decodeJson(payload) as EngineMessage);
    else if (this.#isReady) this.#hits.fire(payload);
    else this.#refuse(notReady());
  }

  #take(message: EngineMessage): void {
    if ('failed' in message) this.#failure = toError(message.failed);
    else if ('notice' in message && message.notice.event === 'ready') this.#begin(message.notice);
    else if (!this.#isReady) this.#refuse(notReady());
    else if ('notice' in message) this.#events.fire(message.notice);
    else this.#answer(message.response);
  }

  /**
   * Requests may be on their way already. To an engine of another contract they may mean anything; but its command pipe
   * closes now, so whatever it has launched ends before its first instruction, and whatever it has attached to goes on.
   */
  #begin(ready: ReadyEvent): void {
    const refusal = refusalOfEngine(ready);
    if (refusal !== undefined) {
      this.#refuse(refusal);
      return;
    }
    this.#isReady = true;
    this.#ready.resolve(ready);
    this.#events.fire(ready);
  }

  #refuse(failure: SidestepError): void {
    this.#failure = failure;
    this.#rejectAll(failure);
    this.dispose();
  }

  #answer(response: Response): void {
    const pending = this.#pending.get(response.id);
    this.#pending.delete(response.id);
    if ('result' in response) {
      pending?.resolve(response.result);
      return;
    }
    pending?.reject(toError(response.failure));
  }

  #end(how: string | SidestepError): void {
    if (how instanceof SidestepError) this.#failure = how;
    const output = this.#errorOutput.replace(/\s+/g, ' ').trim();
    this.#goneReason = this.#failure?.message ?? (output === '' ? `${how}` : `${how}: ${output}`);
    this.#rejectAll(this.#failure ?? engineGone(this.#goneReason));
    this.#gone.fire({ reason: this.#goneReason });
  }

  #rejectAll(error: SidestepError): void {
    for (const pending of this.#pending.values()) pending.reject(error);
    this.#pending.clear();
    this.#ready.reject(error);
  }
}

function notReady(): SidestepError {
  return new SidestepError('engine-protocol', 'the engine did not say what it is before anything else', {
    advice: 'Reload the editor or start the command again; if that does not help, install Sidestep anew.',
  });
}

function engineGone(reason: string): SidestepError {
  return new SidestepError('engine-gone', `the engine is gone: ${reason}`);
}
