/**
 * A program that runs by itself, for tests that attach: it says when it is ready and waits for a line before it begins.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readdirSync, readFileSync, readSync } from 'node:fs';
import { once } from 'node:events';
import { type Address, address } from '../../src/base/address';
import { assertExists } from '../../src/base/assert';
import { readMappings } from '../../src/engine/linux/proc';
import { until, within } from '../until';

export class Target {
  readonly process: ChildProcess;
  readonly pid: number;
  output = '';
  readonly #ended: Promise<unknown>;
  static readonly #all = new Set<Target>();

  private constructor(child: ChildProcess) {
    this.process = child;
    this.pid = assertExists(child.pid, 'pid');
    child.stdout?.setEncoding('utf8').on('data', (text: string) => (this.output += text));
    this.#ended = once(child, 'close');
    Target.#all.add(this);
  }

  /** Starts it, and waits until it has said `ready`. */
  static async start(path: string, args: readonly string[]): Promise<Target> {
    const target = new Target(spawn(path, args, { stdio: ['pipe', 'pipe', 'inherit'] }));
    await within(`${path} ready`, target.#ready());
    target.output = '';
    return target;
  }

  async #ready(): Promise<void> {
    while (!this.output.startsWith('ready\n')) await once(assertExists(this.process.stdout, 'stdout'), 'data');
  }

  /** Gives the line it waits for. A program that lingers does not end before {@link end} is called. */
  begin({ lingering = false } = {}): void {
    this.process.stdin?.write('\n');
    if (!lingering) this.process.stdin?.end();
  }

  /** Waits for its end; what it printed, and its exit status or signal. */
  async end(): Promise<{ output: string; code: number | null; signal: NodeJS.Signals | null }> {
    this.process.stdin?.end();
    await within('the end of the program', this.#ended);
    return { output: this.output.trim(), code: this.process.exitCode, signal: this.process.signalCode };
  }

  /** Ends all that a test has left running. */
  static killAll(): void {
    for (const { process: child } of Target.#all) child.kill('SIGKILL');
    Target.#all.clear();
  }

  /** How often each thread has stopped running, by its own will and not: a stop would count in one of them. */
  switches(): ReadonlyMap<number, string> {
    return new Map(
      readdirSync(`/proc/${this.pid}/task`).map((tid) => {
        return [Number(tid), /^voluntary_ctxt_switches:.*\n.*$/m.exec(this.#statusOf(tid))![0]] as const;
      }),
    );
  }

  /**
   * How long it has run, all threads together, in ms: utime and stime of /proc/PID/stat (proc(5)), which the kernel
   * counts in hundredths.
   */
  processorMs(): number {
    const text = readFileSync(`/proc/${this.pid}/stat`, 'latin1');
    // Fields 14 and 15. The second one is a name that may hold blanks and parentheses.
    const [user, system] = text
      .slice(text.lastIndexOf(')') + 2)
      .split(' ')
      .slice(11, 13)
      .map(Number);
    return 10 * (user! + system!);
  }

  /** The states that its threads are in (proc(5), State): each once. */
  states(): readonly string[] {
    const tids = readdirSync(`/proc/${this.pid}/task`);
    return [...new Set(tids.map((tid) => /^State:\t(.)/m.exec(this.#statusOf(tid))![1]!))];
  }

  /** Waits until all its threads sleep. */
  async asleep(): Promise<void> {
    await until('all threads asleep', () => this.states().every((state) => state === 'S'));
  }

  /** Waits until it has no tracer. */
  untraced(): Promise<void> {
    return until('no tracer', () => this.status('TracerPid') === '0');
  }

  /** How often its threads have slept or stopped, all together. */
  pauses(): number {
    return [...this.switches().values()].reduce((sum, text) => sum + Number(/\d+/.exec(text)![0]), 0);
  }

  /** /proc/PID/status, one field. */
  status(field: string): string {
    return new RegExp(`^${field}:\\s*(.*)$`, 'm').exec(readFileSync(`/proc/${this.pid}/status`, 'latin1'))![1]!;
  }

  #statusOf(tid: string): string {
    return readFileSync(`/proc/${this.pid}/task/${tid}/status`, 'latin1');
  }

  /** Where a byte of a file's code is mapped. */
  address(path: string, offset: number): Address {
    return addressIn(this.pid, path, offset);
  }

  /** `length` bytes of its memory, in hex. */
  memory(address: bigint, length: number): string {
    return readMemory(this.pid, address, length);
  }
}

/** Where a byte of a file's code is mapped in a process. */
export function addressIn(pid: number, path: string, offset: number): Address {
  const found = readMappings(pid)?.find(
    (mapping) => mapping.path === path && mapping.executable && offset >= mapping.offset,
  );
  return address(assertExists(found, path).start + BigInt(offset - found!.offset));
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
