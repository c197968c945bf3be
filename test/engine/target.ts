/** A program that runs by itself, for tests that attach: it says when it is ready and waits for a line before it begins. */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readdirSync, readFileSync, readSync } from 'node:fs';
import { once } from 'node:events';
import { assertExists } from '../../src/base/assert';

export class Target {
  readonly process: ChildProcess;
  readonly pid: number;
  output = '';
  readonly #ended: Promise<unknown>;

  private constructor(child: ChildProcess) {
    this.process = child;
    this.pid = assertExists(child.pid, 'pid');
    child.stdout?.setEncoding('utf8').on('data', (text: string) => (this.output += text));
    this.#ended = once(child, 'close');
  }

  /** Starts it, and waits until it has said `ready`. */
  static async start(path: string, args: readonly string[]): Promise<Target> {
    const target = new Target(spawn(path, args, { stdio: ['pipe', 'pipe', 'inherit'] }));
    while (!target.output.startsWith('ready\n')) await once(assertExists(target.process.stdout, 'stdout'), 'data');
    target.output = '';
    return target;
  }

  begin(): void {
    this.process.stdin?.write('\n');
  }

  /** Waits for its end; what it printed, and its exit status or signal. */
  async end(): Promise<{ output: string; code: number | null; signal: NodeJS.Signals | null }> {
    await this.#ended;
    return { output: this.output.trim(), code: this.process.exitCode, signal: this.process.signalCode };
  }

  kill(): void {
    this.process.kill('SIGKILL');
  }

  /** How often the kernel has taken the CPU from its threads, or they gave it away: a stop counts in one of them. */
  switches(): Map<number, number> {
    return new Map(
      readdirSync(`/proc/${this.pid}/task`).map((tid) => {
        const status = readFileSync(`/proc/${this.pid}/task/${tid}/status`, 'latin1');
        return [Number(tid), Number(/nonvoluntary_ctxt_switches:\s+(\d+)/.exec(status)![1])] as const;
      }),
    );
  }

  /** /proc/PID/status, one field. */
  status(field: string): string {
    return new RegExp(`^${field}:\\s*(.*)$`, 'm').exec(readFileSync(`/proc/${this.pid}/status`, 'latin1'))![1]!;
  }

  /** `length` bytes of its memory, in hex. */
  memory(address: bigint, length: number): string {
    return readMemory(this.pid, address, length);
  }
}

/** Memory of any process by /proc/PID/mem, in hex. */
export function readMemory(pid: number, address: bigint, length: number): string {
  const bytes = Buffer.alloc(length);
  const fd = openSync(`/proc/${pid}/mem`, 'r');
  try {
    readSync(fd, bytes, 0, length, Number(address));
  } finally {
    closeSync(fd);
  }
  return bytes.toString('hex');
}
