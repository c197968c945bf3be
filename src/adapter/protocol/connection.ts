/**
 * One conversation in the Debug Adapter Protocol: a request is looked up in a table of handlers, what its handler gives
 * becomes the body of the response, what it throws becomes an error response.
 * https://microsoft.github.io/debug-adapter-protocol/specification
 */
import { Event, Response } from '@vscode/debugadapter';
import { ProtocolServer } from '@vscode/debugadapter/lib/protocol';
import { type DebugProtocol } from '@vscode/debugprotocol';
import { type Disposable } from '../../base/lifetime';
import { SidestepError } from '../../base/errors';
import { toErrorMessage, unhandledRequest } from './errors';
import { Framing } from './framing';
import { checkArguments, type Command, isKnown } from './requestShapes';
import { type Requests } from './requests';

/** Handlers that have nothing to say may be async. */
type Answer<Body> = Body | Promise<Body> | (Body extends undefined ? Promise<void> : never);

export type Handlers = { readonly [C in keyof Requests]: (args: Requests[C][0]) => Answer<Requests[C][1]> };

/** Events by name, with their bodies. */
export interface Events {
  initialized: undefined;
  output: DebugProtocol.OutputEvent['body'];
  breakpoint: DebugProtocol.BreakpointEvent['body'];
  module: DebugProtocol.ModuleEvent['body'];
  thread: DebugProtocol.ThreadEvent['body'];
  process: DebugProtocol.ProcessEvent['body'];
  progressStart: DebugProtocol.ProgressStartEvent['body'];
  progressUpdate: DebugProtocol.ProgressUpdateEvent['body'];
  progressEnd: DebugProtocol.ProgressEndEvent['body'];
  exited: DebugProtocol.ExitedEvent['body'];
  terminated: undefined;
}

/** What the parts of the adapter need of a connection. */
export interface Client {
  emit<E extends keyof Events>(event: E, body: Events[E]): void;
  /** Asks the editor to run a command in a terminal. Rejects when it refuses. */
  runInTerminal(args: DebugProtocol.RunInTerminalRequestArguments): Promise<void>;
}

const REVERSE_REQUEST_TIMEOUT_MS = 60_000;

export class Connection extends ProtocolServer implements Disposable {
  readonly #handlers: Handlers;
  #isInitialized = false;
  readonly client: Client = {
    emit: (event, body) => this.sendEvent(new Event(event, body)),
    runInTerminal: (args) => this.#runInTerminal(args),
  };

  constructor(makeHandlers: (client: Client) => Handlers) {
    super();
    this.#handlers = makeHandlers(this.client);
  }

  /** `onEnd`: nothing more will come. The reason is given where it is not the client's own will. */
  converse(input: NodeJS.ReadableStream, output: NodeJS.WritableStream, onEnd: (reason?: string) => void): void {
    const framing = new Framing();
    const breakOff = (reason: string): void => {
      if (this.#isInitialized) this.client.emit('output', { category: 'stderr', output: `${reason}\n` });
      onEnd(reason);
    };
    // Before the base class says so in its words.
    framing.on('error', ({ message }) => breakOff(message));
    this.on('close', () => onEnd());
    this.on('error', ({ body }: Event & { readonly body?: unknown }) => {
      if (framing.errored === null) breakOff(String(body));
    });
    input.on('close', () => framing.end());
    input.on('error', () => framing.destroy());
    this.start(input.pipe(framing), output);
  }

  protected override dispatchRequest(request: DebugProtocol.Request): void {
    void this.#answer(request);
  }

  async #answer(request: DebugProtocol.Request): Promise<void> {
    const response: DebugProtocol.Response = new Response(request);
    try {
      const body = await this.#handle(request.command, request.arguments ?? {});
      if (body !== undefined) response.body = body;
    } catch (error) {
      const message = toErrorMessage(error);
      response.success = false;
      response.message = message.format;
      response.body = { error: message };
    }
    this.sendResponse(response);
  }

  #handle(command: string, args: unknown): unknown {
    if (!isKnown(command)) throw unhandledRequest(command);
    if (!this.#isInitialized && command !== 'initialize') {
      throw new SidestepError('bad-request', `the request ${command} is refused: initialize must come first`);
    }
    checkArguments(command, args);
    if (command === 'initialize') this.#isInitialized = true;
    const handler = this.#handlers[command] as (checked: Requests[Command][0]) => unknown;
    return handler(args);
  }

  #runInTerminal(args: DebugProtocol.RunInTerminalRequestArguments): Promise<void> {
    return new Promise((resolve, reject) => {
      this.sendRequest('runInTerminal', args, REVERSE_REQUEST_TIMEOUT_MS, (response) => {
        if (response.success) resolve();
        else reject(new Error(response.message ?? 'the editor could not open a terminal'));
      });
    });
  }
}
