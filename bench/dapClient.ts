/**
 * As much of a Debug Adapter Protocol client as it takes to set a logpoint and wait: the base protocol over an
 * adapter's standard streams.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';

interface Message {
  readonly type: 'request' | 'response' | 'event';
  readonly seq: number;
  readonly event?: string;
  readonly command?: string;
  readonly request_seq?: number;
  readonly success?: boolean;
  readonly message?: string;
  readonly body?: unknown;
}

export class DapClient {
  readonly #adapter: ChildProcess;
  readonly #events = new EventEmitter();
  readonly #pending = new Map<number, (response: Message) => void>();
  #received = Buffer.alloc(0);
  #sent = 0;

  constructor(command: string, args: readonly string[]) {
    this.#adapter = spawn(command, args, { stdio: ['pipe', 'pipe', 'ignore'] });
    this.#adapter.stdout?.on('data', (chunk: Buffer) => this.#receive(chunk));
  }

  get pid(): number {
    return this.#adapter.pid ?? 0;
  }

  /** Calls back for each event of that name with its body. */
  on(event: string, listener: (body: unknown) => void): void {
    this.#events.on(event, listener);
  }

  /** The body of the next event of that name. */
  async next(event: string): Promise<unknown> {
    const [body] = (await once(this.#events, event)) as [unknown];
    return body;
  }

  async request(command: string, args: object): Promise<unknown> {
    const seq = this.#send({ type: 'request', command, arguments: args });
    const response = await new Promise<Message>((resolve) => this.#pending.set(seq, resolve));
    if (response.success !== true) throw new Error(`${command}: ${response.message ?? 'failed'}`);
    return response.body;
  }

  async close(): Promise<void> {
    const closed = once(this.#adapter, 'close');
    this.#adapter.stdin?.end();
    const impatience = setTimeout(() => this.#adapter.kill('SIGKILL'), 3000);
    await closed;
    clearTimeout(impatience);
  }

  #send(message: object): number {
    const seq = ++this.#sent;
    const text = JSON.stringify({ seq, ...message });
    this.#adapter.stdin?.write(`Content-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`);
    return seq;
  }

  #receive(chunk: Buffer): void {
    this.#received = Buffer.concat([this.#received, chunk]);
    for (;;) {
      const headerEnd = this.#received.indexOf('\r\n\r\n');
      const length = Number(/Content-Length: (\d+)/i.exec(this.#received.toString('latin1', 0, headerEnd))?.[1]);
      const end = headerEnd + 4 + length;
      if (headerEnd < 0 || this.#received.length < end) return;
      const message = JSON.parse(this.#received.toString('utf8', headerEnd + 4, end)) as Message;
      this.#received = this.#received.subarray(end);
      this.#take(message);
    }
  }

  #take(message: Message): void {
    if (message.type === 'event') this.#events.emit(message.event ?? '', message.body);
    else if (message.type === 'response') this.#pending.get(message.request_seq ?? 0)?.(message);
    // Reverse requests (runInTerminal, startDebugging) are not for us: say so, or the adapter waits for ever.
    else this.#send({ type: 'response', request_seq: message.seq, command: message.command, success: false });
  }
}
