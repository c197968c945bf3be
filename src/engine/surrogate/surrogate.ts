/**
 * Executes an instruction that no family lifts, as its plan says: copies the thread's registers, extended state and
 * memory operand to a scratch process, runs that one instruction there, and copies back what it changed. Memory is
 * written first, because that is what can fail; nothing has been changed then, and the thread runs the instruction
 * itself.
 */
import { SidestepError } from '../../base/errors';
import { type Disposable } from '../../base/lifetime';
import { PAGE_BYTES } from '../../base/x86';
import { type Host } from '../../emulator/emulator';
import { FLAG_BITS, GENERAL_REGISTERS, STATUS_FLAGS, TRAP_FLAG } from '../../emulator/machine/registers';
import { State, type UserRegisterName } from '../../emulator/machine/state';
import { operandAddress } from '../../emulator/surrogate/address';
import { type PlannedOperand, type SurrogatePlan } from '../../emulator/surrogate/plan';
import { type Arena, Layout } from '../tracing/arena';
import { type Ptrace } from '../tracing/ptrace';
import { Registers } from '../tracing/registers';
import { type Waiter } from '../tracing/wait';
import { Area, AreaLayout } from './area';
import { type ExtendedState } from './extendedState';
import { ScratchProcess } from './scratchProcess';
import { FILLS, type Piece, selectedPieces } from './selectedBytes';
import { type X87Pointers, X87State } from './x87State';

/** The thread whose instruction it is. Its registers are in the arena's {@link State}. */
export interface SurrogateHost extends Host {
  /**
   * Copies its XSAVE area to where the struct iovec at `vector`, an address of this process, says; false if it can't.
   */
  loadExtendedState(vector: number): boolean;
  /** Sets it from there. `before`: the address of what it was, `length` bytes, so that it can be undone. */
  storeExtendedState(vector: number, before: number, length: number): boolean;
  /** The number of the processor it last ran on. */
  processor(): number | undefined;
}

/** One execution: where things lie. */
interface Execution {
  readonly plan: SurrogatePlan;
  readonly process: ScratchProcess;
  /** Of the instruction, in the scratch process. */
  readonly code: number;
  /** Of the operand, in the thread's process and in the scratch process. */
  readonly linear: bigint;
  readonly scratch: number;
  /** The pointers that the x87 gets in the scratch process, and those that the program should see. */
  readonly own: X87Pointers | undefined;
  readonly program: X87Pointers | undefined;
}

const PAGE = BigInt(PAGE_BYTES);

export class Surrogate implements Disposable {
  readonly #ptrace: Ptrace;
  readonly #waiter: Waiter;
  readonly #host: SurrogateHost;
  readonly #area = new Area();
  readonly #x87 = new X87State(this.#area.view);
  /** {@link State.operand}, and its address for system calls. */
  readonly #operand: Uint8Array;
  readonly #operandAddress: number;
  readonly #state: DataView;
  /** The thread's. */
  readonly #registers: Registers;
  #process: ScratchProcess | undefined;

  constructor(arena: Arena, ptrace: Ptrace, waiter: Waiter, host: SurrogateHost) {
    this.#ptrace = ptrace;
    this.#waiter = waiter;
    this.#host = host;
    const operand = Layout.state + State.operand;
    this.#operand = arena.u8.subarray(operand, operand + State.operandCapacity);
    this.#operandAddress = arena.address(operand);
    this.#state = new DataView(arena.memory.buffer, Layout.state, State.bytes);
    this.#registers = new Registers(arena.memory.buffer, Layout.registers);
  }

  /** Starts the scratch process, unless it is there. Throws `launch-failed`. */
  start(): ScratchProcess {
    if (this.#process?.alive === false) this.#process = undefined;
    return (this.#process ??= new ScratchProcess(this.#ptrace, this.#waiter, this.#area));
  }

  /**
   * As {@link Execute}: 0 when it is done, 1 when nothing was changed and the thread shall run the instruction itself.
   */
  execute(plan: SurrogatePlan): 0 | 1 {
    // A thread that single-steps itself must trap after the instruction.
    if ((this.#registers.flags & TRAP_FLAG) !== 0) return 1;
    const execution = this.#place(plan);
    if (execution === undefined || !this.#load(execution) || !this.#run(execution) || !this.#store(execution)) return 1;
    this.#writeRegisters(plan);
    return 0;
  }

  dispose(): void {
    this.#process?.dispose();
    this.#process = undefined;
  }

  #place(plan: SurrogatePlan): Execution | undefined {
    const process = this.#running();
    const code = process?.place(plan, plan.code);
    if (process === undefined || code === undefined) return undefined;
    const { operand, length, x87 } = plan;
    const { effective, linear } =
      operand === undefined ? { effective: 0n, linear: 0n } : operandAddress(operand.memory, length, this.#state);
    const scratch = process.operandAddress(linear);
    const instruction = BigInt(this.#registers.ip - 1);
    return {
      plan,
      process,
      code,
      linear,
      scratch,
      own: x87 && { opcode: BigInt(x87.opcodeInCode), instruction: BigInt(code), operand: BigInt(scratch) },
      program: x87 && { opcode: BigInt(x87.opcode), instruction, operand: effective },
    };
  }

  #running(): ScratchProcess | undefined {
    try {
      return this.start();
    } catch (error) {
      if (error instanceof SidestepError) return undefined;
      throw error;
    }
  }

  /** Gets the operand and the extended state from the thread. */
  #load({ plan, process, linear, own }: Execution): boolean {
    const { operand, extendedState } = plan;
    if (operand !== undefined) {
      this.#setOperand(linear, operand.bytes);
      if (READS.has(operand.access) && !this.#host.load()) return false;
    }
    if (extendedState) {
      if (!this.#host.loadExtendedState(this.#extended(AreaLayout.before, process))) return false;
      process.extendedState.withhold();
    }
    if (own !== undefined) this.#x87.hide(own);
    return true;
  }

  /** Runs the instruction; what became of operand and state is in this process then. */
  #run(execution: Execution): boolean {
    const { plan, process } = execution;
    if (plan.processorBound) {
      const processor = this.#host.processor();
      if (processor === undefined || !process.bind(processor)) return false;
    }
    const ran =
      plan.operand?.access === 'conditionalWrite'
        ? this.#runOverFills(execution, plan.operand)
        : this.#runOnce(execution);
    if (plan.processorBound) process.bind(undefined);
    if (!ran || !plan.extendedState) return ran;
    return process.getExtendedState() && !(plan.x87 !== undefined && this.#x87.exceptionPending);
  }

  #runOnce({ plan, process, code, scratch }: Execution): boolean {
    const { operand, extendedState } = plan;
    if (operand !== undefined && READS.has(operand.access)) {
      if (!process.writeOperand(this.#operandAddress, scratch, operand.bytes)) return false;
    }
    if (extendedState && !process.setExtendedState()) return false;
    this.#setRegisters(code, operand, scratch);
    const result = process.run(plan.code.length);
    if (result === 'lost') this.dispose();
    if (result !== 'done') return false;
    return (
      operand === undefined ||
      operand.access === 'read' ||
      process.readOperand(this.#operandAddress, scratch, operand.bytes)
    );
  }

  /** A masked store runs twice: see selectedBytes.ts. What the first run left is kept in the area. */
  #runOverFills(execution: Execution, { bytes }: PlannedOperand): boolean {
    return FILLS.every((fill, index) => {
      this.#operand.fill(fill, 0, bytes);
      if (!execution.process.writeOperand(this.#operandAddress, execution.scratch, bytes)) return false;
      if (!this.#runOnce(execution)) return false;
      if (index === 0) this.#area.u8.set(this.#operand.subarray(0, bytes), AreaLayout.operand);
      return true;
    });
  }

  /** Writes memory, then the extended state. */
  #store(execution: Execution): boolean {
    const { plan, process, own, program } = execution;
    if (own !== undefined && program !== undefined) this.#x87.reveal(own, program);
    if (plan.operand !== undefined && plan.operand.access !== 'read' && !this.#storeOperand(execution, plan.operand)) {
      return false;
    }
    if (!plan.extendedState) return true;
    const { extendedState } = process;
    extendedState.merge();
    if (plan.readsStatesInUse && this.#area.registers.low('rcx') === STATES_IN_USE)
      this.#correctStatesInUse(extendedState);
    if (!extendedState.changed) return true;
    const { before, after } = AreaLayout;
    return this.#host.storeExtendedState(
      this.#extended(after, process),
      this.#area.address(before),
      process.xsave.bytes,
    );
  }

  #storeOperand({ linear }: Execution, { bytes, access }: PlannedOperand): boolean {
    if (access !== 'conditionalWrite') return this.#storePiece(linear, { offset: 0, length: bytes });
    const second = this.#operand.slice(0, bytes);
    const first = this.#area.bytes(AreaLayout.operand, bytes);
    const pieces = selectedPieces(first, second);
    // Several stores are all or nothing only within a page; and whether an operand of which nothing is selected can
    // fault depends on the instruction and the processor (Intel SDM vol. 2, MASKMOVDQU).
    if (pieces.length === 0 || (linear % PAGE) + BigInt(bytes) > PAGE) return false;
    return pieces.every((piece) => {
      this.#operand.set(second.subarray(piece.offset, piece.offset + piece.length));
      return this.#storePiece(linear, piece);
    });
  }

  #storePiece(linear: bigint, { offset, length }: Piece): boolean {
    this.#setOperand(linear + BigInt(offset), length);
    return this.#host.store();
  }

  #setOperand(address: bigint, bytes: number): void {
    this.#state.setBigUint64(State.operandAddress, address, true);
    this.#state.setBigUint64(State.operandLength, BigInt(bytes), true);
  }

  /** The thread's registers for the scratch process; its selectors are its own. */
  #setRegisters(code: number, operand: PlannedOperand | undefined, scratch: number): void {
    const { registers } = this.#area;
    for (const name of COPIED) registers.copy(name, this.#registers);
    registers.ip = code;
    // It is in no system call that the kernel might restart.
    registers.systemCall = -1;
    if (operand !== undefined) registers.set(operand.register, scratch);
  }

  /** XGETBV has read what the scratch process has in use. */
  #correctStatesInUse(state: ExtendedState): void {
    const { registers } = this.#area;
    registers.setLow('rax', state.transferredOf(registers.low('rax')) | state.withheld);
  }

  /** What the instruction changed of user_regs_struct. */
  #writeRegisters({ writes, length }: SurrogatePlan): void {
    const results = this.#area.registers;
    const own = this.#registers;
    for (const name of writes) {
      if (name === 'rip') own.ip += length - 1;
      else if (name === 'eflags') own.flags = (own.flags & ~STATUS_MASK) | (results.flags & STATUS_MASK);
      else own.copy(name, results);
    }
  }

  #extended(offset: number, process: ScratchProcess): number {
    return this.#area.describe(AreaLayout.extendedVector, this.#area.address(offset), process.xsave.bytes);
  }
}

/** What XGETBV reads with this in ECX; with 0, which states the system lets programs use. */
const STATES_IN_USE = 1;

const STATUS_MASK = STATUS_FLAGS.reduce((mask, flag) => mask | (1 << FLAG_BITS[flag]), 0);

const COPIED: readonly UserRegisterName[] = [...GENERAL_REGISTERS, 'eflags', 'fs_base', 'gs_base'];

const READS: ReadonlySet<string> = new Set(['read', 'readWrite']);
