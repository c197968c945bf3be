/**
 * An editor's side of the Debug Adapter Protocol: speaks to the bundled adapter as a process, and remembers the whole
 * conversation.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { type DebugProtocol } from '@vscode/debugprotocol';
import { HANG_MS } from '../until';

export const ADAPTER = join(__dirname, '../../dist/adapter.js');

type Message = DebugProtocol.Request | DebugProtocol.Response | DebugProtocol.Event;
type Body = Readonly<Record<string, unknown>>;

/** What a reverse request is answered with. */
type ReverseHandler = (args: unknown) => Body;

export class DapClient {
  readonly #child: ChildProcess;
  readonly #pending = new Map<number, (response: DebugProtocol.Response) => void>();
  readonly #waiting = new Set<() => void>();
  readonly #reverse = new Map<string, ReverseHandler>();
  #buffer = Buffer.alloc(0);
  #seq = 0;

  /** Everything that was said, in order. */
  readonly conversation: Message[] = [];
  /** Resolves with the exit status of the adapter. */
  readonly exit: Promise<number | null>;

  /** `through`: a command that becomes another one by exec, with which the adapter is started. */
  constructor(args: readonly string[] = [], through: readonly string[] = []) {
    const [command, ...rest] = [...through, process.execPath, ADAPTER, ...args];
    this.#child = spawn(command!, rest, { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#child.stdout!.on('data', (chunk: Buffer) => this.#receive(chunk));
    this.exit = new Promise((resolve) => this.#child.on('exit', (code) => resolve(code)));
  }

  get pid(): number {
    return this.#child.pid!;
  }

  get events(): DebugProtocol.Event[] {
    return this.conversation.filter((message): message is DebugProtocol.Event => message.type === 'event');
  }

  /** All text of the category. */
  output(category: string): string {
    return this.events
      .filter(({ event, body }) => event === 'output' && (body as Body)['category'] === category)
      .map(({ body }) => String((body as Body)['output']))
      .join('');
  }

  /** Sends a request; resolves with the body of its response, rejects with its error. */
  async ask<T = Body>(command: string, args?: unknown): Promise<T> {
    const response = await this.askAnyway(command, args);
    if (!response.success) throw Object.assign(new Error(response.message), { body: response.body as unknown });
    return response.body as T;
  }

  askAnyway(command: string, args?: unknown): Promise<DebugProtocol.Response> {
    const request: DebugProtocol.Request = { seq: ++this.#seq, type: 'request', command, arguments: args };
    return new Promise((resolve) => {
      this.#pending.set(request.seq, resolve);
      this.#send(request);
    });
  }

  /** Answers what the adapter asks. */
  onReverse(command: string, handler: ReverseHandler): void {
    this.#reverse.set(command, handler);
  }

  /** Resolves with the first event, already seen or still to come, that fits. */
  async event(name: string, fits: (body: Body) => boolean = () => true): Promise<Body> {
    const find = () => this.events.find(({ event, body }) => event === name && fits((body ?? {}) as Body));
    await this.until(() => find() !== undefined, `event ${name}`);
    return (find()!.body ?? {}) as Body;
  }

  /** Resolves when the condition holds; it is looked at after each message. */
  until(condition: () => boolean, what = String(condition)): Promise<void> {
    if (condition()) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const stop = () => {
        clearTimeout(timer);
        this.#waiting.delete(look);
      };
      const look = () => {
        if (!condition()) return;
        stop();
        resolve();
      };
      const timer = setTimeout(() => {
        stop();
        reject(
          new Error(
            `waited in vain for ${what}; the end of the conversation: ${JSON.stringify(this.conversation.slice(-8), null, 1)}`,
          ),
        );
      }, HANG_MS);
      this.#waiting.add(look);
    });
  }

  /** `initialize` as an editor sends it. */
  initialize(): Promise<DebugProtocol.Capabilities> {
    return this.ask('initialize', {
      adapterID: 'sidestep',
      pathFormat: 'path',
      linesStartAt1: true,
      columnsStartAt1: true,
    });
  }

  /**
   * Starts a session and configures it as an editor does: breakpoints between `initialized` and `configurationDone`.
   * Resolves when the program runs, with what `configure` gave.
   */
  async start<T>(command: 'launch' | 'attach', args: Body, configure: () => Promise<T>): Promise<T> {
    await this.initialize();
    const started = this.ask(command, args);
    await Promise.race([
      this.event('initialized'),
      started.then(() => assert.fail('started before it was configured')),
    ]);
    const result = await configure();
    await this.ask('configurationDone');
    await started;
    return result;
  }

  async setBreakpoints(
    path: string,
    breakpoints: readonly DebugProtocol.SourceBreakpoint[],
  ): Promise<DebugProtocol.Breakpoint[]> {
    const body = await this.ask<DebugProtocol.SetBreakpointsResponse['body']>('setBreakpoints', {
      source: { path },
      breakpoints,
    });
    return body.breakpoints;
  }

  async setFunctionBreakpoints(
    ...breakpoints: DebugProtocol.FunctionBreakpoint[]
  ): Promise<DebugProtocol.Breakpoint[]> {
    const body = await this.ask<DebugProtocol.SetBreakpointsResponse['body']>('setFunctionBreakpoints', {
      breakpoints,
    });
    return body.breakpoints;
  }

  /** The editor goes away. */
  async close(): Promise<void> {
    this.#child.stdin!.end();
    await this.exit;
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }

  /** Sends something that need not be a message. */
  sendText(text: string): void {
    this.#child.stdin!.write(text);
  }

  #send(message: Message): void {
    this.conversation.push(message);
    const json = JSON.stringify(message);
    this.#child.stdin!.write(`Content-Length: ${Buffer.byteLength(json)}\r\n\r\n${json}`);
  }

  #receive(chunk: Buffer): void {
    this.#buffer = Buffer.concat([this.#buffer, chunk]);
    for (;;) {
      const end = this.#buffer.indexOf('\r\n\r\n');
      if (end < 0) return;
      const length = Number(/Content-Length: (\d+)/.exec(this.#buffer.toString('latin1', 0, end))![1]);
      if (this.#buffer.length < end + 4 + length) return;
      this.#take(JSON.parse(this.#buffer.toString('utf8', end + 4, end + 4 + length)) as Message);
      this.#buffer = this.#buffer.subarray(end + 4 + length);
    }
  }

  #take(message: Message): void {
    this.conversation.push(message);
    if (message.type === 'response') {
      const response = message as DebugProtocol.Response;
      this.#pending.get(response.request_seq)?.(response);
      this.#pending.delete(response.request_seq);
    } else if (message.type === 'request') {
      const request = message as DebugProtocol.Request;
      const body = this.#reverse.get(request.command)?.(request.arguments);
      const { command, seq } = request;
      this.#send({
        seq: ++this.#seq,
        type: 'response',
        request_seq: seq,
        command,
        success: body !== undefined,
        body,
      });
    }
    for (const look of [...this.#waiting]) look();
  }
}
