/**
 * The process in which the surrogate runs instructions: the engine starts and traces it, and it never runs code of its
 * own. Instructions are written over its text, each into a slot of its own; an operand lies on its stack. It is
 * stopped, except for the moment in which it runs one instruction.
 */
import { SidestepError } from '../../base/errors';
import { type Disposable } from '../../base/lifetime';
import { INT3, PAGE_BYTES } from '../../base/x86';
import { type Mapping } from '../../contract/messages';
import { FOREVER_SECONDS } from '../linux/sleeper';
import { sleeper } from '../linux/sleeper';
import { errnoText } from '../linux/errno';
import { libc } from '../linux/libc';
import { readMappings } from '../linux/proc';
import { type Ptrace, TraceOption } from '../tracing/ptrace';
import { getExtendedState, getRegistersTo, setExtendedState, setRegistersFrom } from '../linux/registerSets';
import { FAULTS, Signal } from '../linux/signals';
import { spawn } from '../linux/spawn';
import { type Waiter } from '../tracing/wait';
import { kill } from '../linux/processes';
import { decodeWaitStatus, isEnd, type WaitStatus } from '../linux/waitStatus';
import { type Area, AreaLayout } from './area';
import { ExtendedState } from './extendedState';
import { type CpuidResult, type XsaveLayout, xsaveLayout } from './xsave';

/** The longest instruction and the INT3 after it: two words of PTRACE_POKETEXT. */
const SLOT_BYTES = 16;
const WORD = 8;

/** An operand begins in the first page and may end in the second. */
const OPERAND_PAGES = 2;
/** The top of the stack holds arguments; below it the kernel has mapped 128 KB when the program starts. */
const OPERAND_BELOW_TOP = 0x8000;

/**
 * How often the engine polls for the stop before it sleeps. Measured: the stop comes within 10 µs if the scratch
 * process has a processor. Fewer polls would sleep, and pay for waking up, needlessly; more would waste time if it has
 * none.
 */
const SPINS = 100;
/**
 * If polling found no stop, the scratch process has no processor of its own, and polling only keeps it from running.
 * The next runs, this many, sleep at once. Then polling is tried again: too often wastes SPINS polls, too rarely misses
 * a processor that is free again.
 */
const SLEEPS = 16;

/**
 * How many stops for other reasons one run tolerates. It bounds the run when another process sends signals without end.
 */
const DISTURBANCES = 16;

const SYS_SCHED_SETAFFINITY = 203;

/** `lost`: the process was killed, or does not do what it should. */
export type RunResult = 'done' | 'fault' | 'lost';

export class ScratchProcess implements Disposable {
  readonly pid: number;
  readonly #ptrace: Ptrace;
  readonly #waiter: Waiter;
  readonly #area: Area;
  readonly #slots: number;
  readonly #slotCount: number;
  readonly #operandPage: number;
  readonly #placed = new Map<object, number>();
  #sleeps = 0;
  /** Its end was reported: the number may be another process's by now. */
  #ended = false;
  /** Of NT_X86_XSTATE. */
  readonly xsave: XsaveLayout;
  readonly extendedState: ExtendedState;

  /**
   * Starts it. Throws `launch-failed`. The area's registers are its own afterwards: selectors that every run must have.
   */
  constructor(ptrace: Ptrace, waiter: Waiter, area: Area) {
    this.#ptrace = ptrace;
    this.#waiter = waiter;
    this.#area = area;
    this.pid = spawn(sleeper(), ['sidestep-surrogate', FOREVER_SECONDS], { newSession: true });
    try {
      this.#stop();
      const mappings = readMappings(this.pid) ?? [];
      const text = found(mappings.filter(({ executable, path }) => executable && path.startsWith('/')).at(-1));
      const stack = found(mappings.find(({ path }) => path === '[stack]'));
      this.#slots = Number(text.start);
      this.#slotCount = Math.floor(Number(text.end - text.start) / SLOT_BYTES);
      this.#operandPage = Number(stack.end) - OPERAND_BELOW_TOP - OPERAND_PAGES * PAGE_BYTES;
      this.#check('PTRACE_GETREGS', getRegistersTo(this.pid, area.address(AreaLayout.registers)));
      const vector = this.#extendedVector(AreaLayout.after, AreaLayout.extendedCapacity);
      this.#check('PTRACE_GETREGSET', getExtendedState(this.pid, vector));
      const bytes = Number(area.view.getBigUint64(AreaLayout.extendedVector + WORD, true));
      this.xsave = xsaveLayout((leaf, subleaf) => this.#cpuid(leaf, subleaf), bytes);
      this.extendedState = new ExtendedState(area.u8, area.view, this.xsave);
    } catch (error) {
      this.dispose();
      throw error;
    }
  }

  /** Whether it is alive. It is stopped, so it can only have its end to report. */
  get alive(): boolean {
    this.#ended ||= this.#waiter.pollFor(this.pid) !== false;
    return !this.#ended;
  }

  /** The address of an instruction's code, written there when it is first asked for. `key` stands for the code. */
  place(key: object, code: Uint8Array): number | undefined {
    const known = this.#placed.get(key);
    if (known !== undefined) return known;
    // All slots are taken: the instructions that are still wanted come back one by one.
    if (this.#placed.size >= this.#slotCount) this.#placed.clear();
    const address = this.#slots + this.#placed.size * SLOT_BYTES;
    const slot = Buffer.alloc(SLOT_BYTES, INT3);
    slot.set(code);
    for (let at = 0; at < SLOT_BYTES; at += WORD) {
      if (this.#ptrace.pokeText(this.pid, address + at, slot.readBigUInt64LE(at)) !== 0) return undefined;
    }
    this.#placed.set(key, address);
    return address;
  }

  /**
   * Where an operand lies that has this address in its own process: as far from a page's start, so that it is aligned
   * alike.
   */
  operandAddress(address: bigint): number {
    return this.#operandPage + Number(address % BigInt(PAGE_BYTES));
  }

  /** Copies `length` bytes at `local`, an address of this process, to `remote`. */
  writeOperand(local: number, remote: number, length: number): boolean {
    const [from, to] = this.#transfer(local, remote, length);
    return libc.process_vm_writev(this.pid, from, 1, to, 1, 0) === length;
  }

  readOperand(local: number, remote: number, length: number): boolean {
    const [to, from] = this.#transfer(local, remote, length);
    return libc.process_vm_readv(this.pid, to, 1, from, 1, 0) === length;
  }

  /** Sets the extended state from the area's `before`. */
  setExtendedState(): boolean {
    return setExtendedState(this.pid, this.#extendedVector(AreaLayout.before, this.xsave.bytes)) === 0;
  }

  /** Gets it into the area's `after`. */
  getExtendedState(): boolean {
    return getExtendedState(this.pid, this.#extendedVector(AreaLayout.after, this.xsave.bytes)) === 0;
  }

  /**
   * Starts from the area's registers, whose RIP points to a slot, and ends after the `length` bytes of its instruction;
   * the area's registers then are the result.
   */
  run(length: number): RunResult {
    const { registers } = this.#area;
    const address = this.#area.address(AreaLayout.registers);
    const end = registers.ip + length + 1;
    if (setRegistersFrom(this.pid, address) !== 0) return 'lost';
    for (let stop = 0; stop < DISTURBANCES; stop++) {
      if (this.#ptrace.resume(this.pid, 0) !== 0) return 'lost';
      const status = this.#wait();
      this.#ended = status === undefined || isEnd(status);
      if (status === undefined || getRegistersTo(this.pid, address) !== 0) return 'lost';
      if (registers.ip === end) return 'done';
      if (status.kind === 'signal' && FAULTS.has(status.signal)) return 'fault';
    }
    return 'lost';
  }

  /** Binds it to one processor, or to none: `undefined`. */
  bind(processor: number | undefined): boolean {
    const { processors, processorsBytes } = AreaLayout;
    const set = this.#area.u8
      .subarray(processors, processors + processorsBytes)
      .fill(processor === undefined ? 0xff : 0);
    if (processor !== undefined) set[processor >>> 3] = 1 << (processor & 7);
    return libc.syscall(SYS_SCHED_SETAFFINITY, this.pid, processorsBytes, this.#area.address(processors), 0, 0) === 0;
  }

  dispose(): void {
    if (!this.#ended) kill(this.pid, Signal.SIGKILL);
    while (!this.#ended) {
      const status = this.#waiter.waitFor(this.pid);
      this.#ended = status === undefined || isEnd(status);
    }
  }

  #stop(): void {
    this.#check('PTRACE_SEIZE', this.#ptrace.seize(this.pid, TraceOption.exitKill));
    this.#check('PTRACE_INTERRUPT', this.#ptrace.interrupt(this.pid));
    const status = this.#waiter.waitFor(this.pid);
    if (status === undefined || isEnd(status)) throw failure('it ended at once');
  }

  #wait(): WaitStatus | undefined {
    if (this.#sleeps > 0) {
      this.#sleeps--;
      return this.#waiter.waitFor(this.pid);
    }
    for (let spin = 0; spin < SPINS; spin++) {
      const stopped = this.#waiter.pollFor(this.pid);
      if (stopped === undefined) return undefined;
      if (stopped) return decodeWaitStatus(this.#waiter.status);
    }
    this.#sleeps = SLEEPS;
    return this.#waiter.waitFor(this.pid);
  }

  /** The processor's own answer: the scratch process executes the instruction. */
  #cpuid(leaf: number, subleaf: number): CpuidResult {
    const { registers } = this.#area;
    const code = this.place(CPUID, CPUID);
    if (code === undefined) throw failure('its text cannot be written');
    registers.ip = code;
    registers.set('rax', leaf);
    registers.set('rcx', subleaf);
    registers.systemCall = -1;
    if (this.run(CPUID.length) !== 'done') throw failure('it does not execute single instructions');
    return {
      eax: registers.low('rax'),
      ebx: registers.low('rbx'),
      ecx: registers.low('rcx'),
      edx: registers.low('rdx'),
    };
  }

  #transfer(local: number, remote: number, length: number): [local: number, remote: number] {
    return [
      this.#area.describe(AreaLayout.localVector, local, length),
      this.#area.describe(AreaLayout.remoteVector, remote, length),
    ];
  }

  #extendedVector(offset: number, length: number): number {
    return this.#area.describe(AreaLayout.extendedVector, this.#area.address(offset), length);
  }

  #check(call: string, errno: number): void {
    if (errno !== 0) throw failure(`${call}: ${errnoText(errno)}`);
  }
}

const CPUID = Uint8Array.of(0x0f, 0xa2);

function found(mapping: Mapping | undefined): Mapping {
  if (mapping === undefined) throw failure('its memory does not have the usual mappings');
  return mapping;
}

function failure(what: string): SidestepError {
  return new SidestepError('launch-failed', `the scratch process for single instructions can't be started: ${what}`);
}
