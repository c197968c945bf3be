/** test/fixtures/engine/soak.c at work: what it has counted, where it can be probed, and what it must be in the end. */
import { closeSync, openSync, readdirSync, readFileSync, readSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Address, address } from '../../../src/base/address';
import { readMappings } from '../../../src/engine/linux/proc';
import { buildFixture } from '../../fixtures/build';
import { program, symbolOffsets } from '../program';
import { readMemory, Target } from '../target';

const soak = program('soak.c');
const plugin = buildFixture('plugin.c', { flags: ['-shared', '-fPIC', '-O1'], name: 'plugin.so' });
const OUTPUT = join(__dirname, '../../../out/engine');

const ROWS = 256;
const ROW_COLUMNS = 16;
const U64 = 8;

/** What soak.c counts, in the order of its columns. */
const COLUMNS = [
  'hot',
  'pushy',
  'vectors',
  'touch',
  'faults',
  'handled',
  'brief',
  'lent',
  'trapped',
  'quarter',
  'shifty',
  'atomic',
] as const;
export type Column = (typeof COLUMNS)[number];

/** Where a probe can stand, and whose calls pass there. All but the entries lie in the midst of their function. */
export const PLACES = {
  hot: 'hot',
  hot_middle: 'hot',
  hot_count: 'hot',
  hot_end: 'hot',
  pushy: 'pushy',
  pushy_pop: 'pushy',
  vectors: 'vectors',
  vectors_add: 'vectors',
  handled: 'handled',
  brief: 'brief',
  lent: 'lent',
  trapped: 'trapped',
  shifty_page: 'shifty',
  atomic: 'atomic',
  atomic_swap: 'atomic',
  touch: 'touch',
} as const satisfies Readonly<Record<string, Column>>;
export type Place = keyof typeof PLACES;

/** Threads that can be between a place and the counter at the same time. */
export const SLACK = 16;

export const KINDS = ['handled', 'blocked', 'ignored'] as const;

/** What it says at its end. */
interface Testimony {
  readonly violation: string;
  readonly traps: number;
  readonly ownTraps: number;
  readonly interruptedReads: number;
  readonly interruptedWaits: number;
  readonly children: number;
  readonly libraries: number;
  readonly threadsLeft: number;
  readonly descriptorsLeft: number;
}

let started = 0;

export class SoakTarget {
  readonly pid: number;
  /** How often it was stopped by a signal and continued. */
  continued = 0;
  readonly #file: string;
  readonly #fd: number;
  readonly #rows = Buffer.alloc(ROWS * ROW_COLUMNS * U64);
  readonly #moved: bigint;
  #ending = false;

  private constructor(
    private readonly target: Target,
    file: string,
    fd: number,
    readonly kind: string,
  ) {
    this.pid = target.pid;
    this.#file = file;
    this.#fd = fd;
    this.#moved = target.address(soak.path, soak.offset('hot')) - BigInt(soak.offset('hot'));
  }

  /** It waits for {@link begin}. */
  static async start(kind: (typeof KINDS)[number]): Promise<SoakTarget> {
    const file = join(OUTPUT, `soak-${process.pid}-${++started}`);
    writeFileSync(file, Buffer.alloc(ROWS * ROW_COLUMNS * U64));
    const fd = openSync(file, 'r');
    return new SoakTarget(await Target.start(soak.path, [file, kind, plugin.path]), file, fd, kind);
  }

  /** Told once if it ends before it was asked to or killed: with which status or signal. */
  onEarlyEnd(tell: (how: string) => void): void {
    this.target.process.once('exit', (code, signal) => {
      if (!this.#ending) tell(`process ${this.pid} (${this.kind}) has ended by itself: ${signal ?? `status ${code}`}`);
    });
  }

  begin(): void {
    this.target.begin({ lingering: true });
  }

  /** Calls up to now. */
  calls(column: Column): number {
    readSync(this.#fd, this.#rows, 0, this.#rows.length, 0);
    let sum = 0;
    const first = COLUMNS.indexOf(column);
    for (let row = 0; row < ROWS; row++) sum += Number(this.#rows.readBigUInt64LE((row * ROW_COLUMNS + first) * U64));
    return sum;
  }

  place(place: Place): { readonly address: Address; readonly expected: string } {
    return { address: address(this.#moved + BigInt(soak.offset(place))), expected: soak.text(place, 8) };
  }

  /** Where the library's function is now, if it is loaded. */
  pluginPlace(): Address | undefined {
    const text = readMappings(this.pid)?.find(({ path, executable }) => path === plugin.path && executable);
    const offset = pluginOffset();
    return text && address(text.start + BigInt(offset - text.offset));
  }

  signal(signal: NodeJS.Signals): void {
    if (signal === 'SIGCONT') this.continued++;
    this.target.process.kill(signal);
  }

  /**
   * What a process that was let go must not have: a byte of text that is not its file's, and, once threads that slept
   * in the kernel have come out of it, a tracer.
   */
  async faultsWhenFree(): Promise<readonly string[]> {
    const text = readMappings(this.pid)?.find(({ path, executable }) => path === soak.path && executable);
    if (text === undefined) return [`process ${this.pid} has no text`];
    const length = Number(text.end - text.start);
    const file = Buffer.alloc(length);
    readFileSync(soak.path).copy(file, 0, text.offset, text.offset + length);
    const differs = readMemory(this.pid, text.start, length) !== file.toString('hex');
    const faults = differs ? [`process ${this.pid}: text differs`] : [];
    let traced = this.#tracedThreads();
    for (let patience = 5000; traced.length > 0 && patience > 0; patience--) {
      await sleep(1);
      traced = this.#tracedThreads();
    }
    return [...faults, ...traced.map((tid) => `thread ${tid} of process ${this.pid} is traced after it was let go`)];
  }

  #tracedThreads(): readonly string[] {
    return readdirSync(`/proc/${this.pid}/task`).filter((tid) => {
      try {
        return !/^TracerPid:\t0$/m.test(readFileSync(`/proc/${this.pid}/task/${tid}/status`, 'latin1'));
      } catch {
        // It has ended meanwhile.
        return false;
      }
    });
  }

  /** Asks it to end, and waits for that. What is wrong with how it ended, and with what it says. */
  async end(): Promise<readonly string[]> {
    this.#ending = true;
    this.target.process.stdin?.write('\n');
    const { output, code, signal } = await this.target.end();
    if (code === null) return [`process ${this.pid} was killed by ${signal ?? '?'}`];
    const said = JSON.parse(output) as Testimony;
    const wrong: [boolean, string][] = [
      [said.violation !== '', `its check of ${said.violation} failed`],
      [said.traps !== said.ownTraps, `it made ${said.ownTraps} SIGTRAPs and got ${said.traps}`],
      [said.interruptedReads !== 0, `${said.interruptedReads} reads gave EINTR`],
      [said.interruptedWaits > this.continued, `${said.interruptedWaits} waits gave EINTR, of ${this.continued}`],
      [said.threadsLeft !== 0, `${said.threadsLeft} threads were left`],
      [said.descriptorsLeft !== 0, `${said.descriptorsLeft} descriptors were left`],
      [code !== 0, `its exit status is ${code}`],
    ];
    return wrong.filter(([holds]) => holds).map(([, what]) => `process ${this.pid} (${this.kind}): ${what}`);
  }

  kill(): void {
    this.#ending = true;
    this.target.process.kill('SIGKILL');
  }

  dispose(): void {
    this.kill();
    closeSync(this.#fd);
    rmSync(this.#file, { force: true });
  }
}

let offset: number | undefined;

/** File offset of plugin_run. */
function pluginOffset(): number {
  return (offset ??= symbolOffsets(plugin.path).get('plugin_run')!);
}
