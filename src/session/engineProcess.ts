/**
 * The real engine: a Node process of its own that runs `dist/engine.js`. Requests go to its descriptor 0, answers, events and hits come
 * from its descriptor 1 (contract/frames); what it prints on descriptor 2 becomes the reason when it is gone. Descriptors from 3 on
 * are the debuggee's standard streams, which the engine hands to the program it launches.
 *
 * Closing descriptor 0 is the dead man's switch: the engine takes every probe out, lets go of everything and exits.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { type Readable, type Writable } from 'node:stream';
import { SidestepError } from '../base/errors';
import { Emitter } from '../base/lifetime';
import { assertExists } from '../base/assert';
import { decodeJson, encodeJson, FrameDecoder, FrameKind } from '../contract/frames';
import {
  type EngineEvent,
  type EngineFailure,
  type EngineMessage,
  type RequestKind,
  type Requests,
  type Response,
} from '../contract/messages';
import { type Engine } from './engine';

export interface EngineProcessOptions {
  /** Path of the bundled engine. */
  readonly script: string;
  /** What the debuggee's stdin, stdout and stderr are: a descriptor of this process, nothing, or a pipe to this process ({@link EngineProcess.debuggee}). */
  readonly stdio?: readonly [DebuggeeStream, DebuggeeStream, DebuggeeStream];
  /**
   * `shared`: engine and debuggee stay in this process's terminal session and process group, so that the debuggee can read the
   * terminal and gets its Ctrl-C. `detached`: they get a session of their own, without a terminal.
   */
  readonly terminal: 'shared' | 'detached';
}

export type DebuggeeStream = number | 'ignore' | 'pipe';

/** The engine's descriptors that become the debuggee's 0, 1 and 2. */
export const DEBUGGEE_DESCRIPTORS: readonly [number, number, number] = [3, 4, 5];

/** How much of the end of its error output explains why an engine is gone, in characters. */
const KEPT_ERROR_OUTPUT = 4000;

interface Pending {
  readonly resolve: (result: Requests[RequestKind]['result']) => void;
  readonly reject: (error: SidestepError) => void;
}

export class EngineProcess implements Engine {
  readonly #child: ChildProcess;
  readonly #commands: Writable;
  readonly #pending = new Map<number, Pending>();
  readonly #events = new Emitter<EngineEvent>();
  readonly #hits = new Emitter<Uint8Array>();
  readonly #gone = new Emitter<{ readonly reason: string }>();
  #lastRequest = 0;
  #errorOutput = '';
  #goneReason: string | undefined;
  /** What the engine itself said about it. */
  #failure: SidestepError | undefined;

  readonly onEvent = this.#events.on;
  readonly onHits = this.#hits.on;
  readonly onGone = this.#gone.on;

  /** Starts an engine. It never fails at once: an engine that can't start is one that is soon gone. */
  static start(options: EngineProcessOptions): EngineProcess {
    const environment = { ...process.env };
    // Editors put the hooks of their own debuggers there.
    delete environment['NODE_OPTIONS'];
    if (process.versions['electron'] !== undefined) environment['ELECTRON_RUN_AS_NODE'] = '1';
    const child = spawn(process.execPath, [options.script], {
      stdio: ['pipe', 'pipe', 'pipe', ...(options.stdio ?? ['ignore', 'ignore', 'ignore'])],
      detached: options.terminal === 'detached',
      env: environment,
    });
    return new EngineProcess(child);
  }

  private constructor(child: ChildProcess) {
    this.#child = child;
    const decoder = new FrameDecoder();
    this.#commands = assertExists(child.stdin, "the engine's command pipe");
    // A write that finds the engine gone is reported by its exit.
    this.#commands.on('error', () => undefined);
    assertExists(child.stdout, "the engine's message pipe").on('data', (chunk: Buffer) => {
      try {
        decoder.push(chunk, (kind, payload) => this.#receive(kind, payload));
      } catch (error) {
        if (!(error instanceof SidestepError)) throw error;
        this.#errorOutput += error.message;
        this.dispose();
      }
    });
    assertExists(child.stderr, "the engine's error pipe")
      .setEncoding('utf8')
      .on('data', (text: string) => {
        this.#errorOutput = (this.#errorOutput + text).slice(-KEPT_ERROR_OUTPUT);
      });
    child.on('error', (error) => this.#end(`it can't be started: ${error.message}`));
    // 'close' comes when the pipes are drained too: every message that was sent has been received.
    child.on('close', (code, signal) =>
      this.#end(signal === null ? `it ended with status ${code ?? 'unknown'}` : `it was ended by ${signal}`),
    );
  }

  /** The engine's process id; undefined when it could not be started. */
  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** This process's ends of the debuggee's streams that were made as `pipe`. */
  get debuggee(): {
    readonly stdin: Writable | undefined;
    readonly stdout: Readable | undefined;
    readonly stderr: Readable | undefined;
  } {
    const [stdin, stdout, stderr] = DEBUGGEE_DESCRIPTORS.map(
      (descriptor) => this.#child.stdio[descriptor] ?? undefined,
    );
    return {
      stdin: stdin as Writable | undefined,
      stdout: stdout as Readable | undefined,
      stderr: stderr as Readable | undefined,
    };
  }

  request<K extends RequestKind>(kind: K, args: Requests[K]['arguments']): Promise<Requests[K]['result']> {
    if (this.#goneReason !== undefined) return Promise.reject(this.#failure ?? engineGone(this.#goneReason));
    const id = ++this.#lastRequest;
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve, reject });
      this.#commands.write(encodeJson({ id, kind, arguments: args }));
    });
  }

  /** Closes the command pipe: the engine takes all probes out, lets the debuggees run on and exits. */
  dispose(): void {
    this.#commands.end();
  }

  #receive(kind: FrameKind, payload: Uint8Array): void {
    if (kind === FrameKind.hits) {
      this.#hits.fire(payload);
      return;
    }
    const message = decodeJson(payload) as EngineMessage;
    if ('notice' in message) this.#events.fire(message.notice);
    else if ('failed' in message) this.#failure = errorOf(message.failed);
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

  #end(how: string): void {
    if (this.#goneReason !== undefined) return;
    const output = this.#errorOutput.trim();
    this.#goneReason = this.#failure?.message ?? (output === '' ? how : `${how}: ${output}`);
    for (const pending of this.#pending.values()) pending.reject(this.#failure ?? engineGone(this.#goneReason));
    this.#pending.clear();
    this.#gone.fire({ reason: this.#goneReason });
  }
}

function errorOf({ code, message, ...details }: EngineFailure): SidestepError {
  return new SidestepError(code, message, details);
}

function engineGone(reason: string): SidestepError {
  return new SidestepError('engine-gone', `the engine is gone: ${reason}`, {
    advice: 'Start the session again; the probes of this one are no longer reported.',
  });
}
