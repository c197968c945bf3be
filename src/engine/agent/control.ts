/**
 * What an agent's part does next: branches, loops, frames, and where it goes when an operation can't be done. Parts
 * without loops and frames compile to the branches alone.
 */
import { assertExists } from '../../base/assert';
import {
  AGENT_LIMITS,
  type AgentOperation,
  CaptureStatus,
  FRAME_HEADER_BYTES,
  FrameStatus,
} from '../../contract/agent/operations';
import { type Code } from '../../wasm/module';
import { Layout } from '../tracing/arena';

/** Emit what leaves the function when an operation can't be done. */
export interface Failures {
  readonly unreadable: () => void;
  readonly divisionByZero: () => void;
  readonly missing: (reason: number) => void;
  /** When it has no fuel or no room left; undefined: the capture ends there, truncated. */
  readonly cut: (() => void) | undefined;
}

/** Locals (i32) of the part. */
interface Locals {
  readonly cursor: number;
  readonly truncated: number;
  readonly scratch: number;
}

/** After its header, a failed frame has what it collected and a u64. */
const FAILURE_BYTES = 8;

/** An open block; `depth`: of the block that a branch to its end names. */
type Open =
  | { readonly kind: 'if' | 'when' }
  | { readonly kind: 'loop'; readonly depth: number; readonly again: number }
  /** Locals: where it begins, whether what holds it is truncated, how many values were saved. */
  | {
      readonly kind: 'frame';
      readonly depth: number;
      readonly start: number;
      readonly outerTruncated: number;
      readonly savedBefore: number | undefined;
    };

export class Control {
  readonly #code: Code;
  readonly #locals: Locals;
  readonly #failures: Failures;
  readonly #open: Open[] = [];
  /** Of the block around all, which a capture that has enough leaves. */
  #outermost: number | undefined;
  /** i32 locals: the end of the room; how many values are saved; the status of a frame that failed. */
  #roomEnd: number | undefined;
  #saved: number | undefined;
  #failure: number | undefined;

  constructor(code: Code, locals: Locals, failures: Failures) {
    this.#code = code;
    this.#locals = locals;
    this.#failures = failures;
  }

  begin(operations: readonly AgentOperation[]): void {
    const names = new Set(operations.map(({ op }) => op));
    if (names.has('save')) this.#saved = this.#code.local('i32');
    if (names.has('frame')) this.#failure = this.#code.local('i32');
    const canBeCut = names.has('loop') || names.has('room') || names.has('save');
    if (canBeCut && this.#failures.cut === undefined) this.#outermost = this.#code.open('block').depth;
  }

  finish(): void {
    if (this.#outermost !== undefined) this.#code.op('end');
  }

  // ---- blocks
  // -------------------------------------------------------------------------------------------------------------

  /** The condition is on the stack. */
  branch(kind: 'if' | 'when'): void {
    this.#code
      .i64(0n)
      .op('i64_ne')
      .open('if', kind === 'if' ? 'i64' : undefined);
    this.#open.push({ kind });
  }

  loop(limit: number, fuel: number): void {
    const code = this.#code;
    const left = code.local('i32');
    code.i32(limit).set(left);
    const { depth } = code.open('block');
    const again = code.open('loop').depth;
    this.#open.push({ kind: 'loop', depth, again });
    code.get(left).op('i32_eqz').open('if');
    if (this.#failures.cut) this.#failures.cut();
    else code.i32(1).set(this.#locals.truncated).branchTo('br', depth);
    code.op('end').get(left).i32(1).op('i32_sub').set(left);
    const { scratch } = this.#locals;
    code.i32(0).memory('i32_load', Layout.agentFuel).i32(fuel).op('i32_sub').tee(scratch).i32(0).op('i32_lt_s');
    this.#cutIf();
    code.i32(0).get(scratch).memory('i32_store', Layout.agentFuel);
  }

  /** The condition, an i32, is on the stack. */
  leave(): void {
    const loop = this.#open.findLast(({ kind }) => kind === 'loop');
    if (loop?.kind === 'loop') this.#code.branchTo('br_if', loop.depth);
  }

  frame(): void {
    const code = this.#code;
    const { cursor, truncated } = this.#locals;
    const [roomEnd, saved] = [assertExists(this.#roomEnd, 'room'), this.#saved];
    this.checkRoom(FRAME_HEADER_BYTES + FAILURE_BYTES);
    code.get(roomEnd).i32(FAILURE_BYTES).op('i32_sub').set(roomEnd);
    const [start, outerTruncated] = [code.local('i32'), code.local('i32')];
    code.get(cursor).tee(start).i32(FrameStatus.open).memory('i32_store', 0);
    code.get(cursor).i32(FRAME_HEADER_BYTES).op('i32_add').set(cursor);
    code.get(truncated).set(outerTruncated).i32(0).set(truncated);
    const savedBefore = saved === undefined ? undefined : code.local('i32');
    if (saved !== undefined && savedBefore !== undefined) code.get(saved).set(savedBefore);
    const { depth } = code.open('block');
    this.#open.push({ kind: 'frame', depth, start, outerTruncated, savedBefore });
  }

  end(): void {
    const code = this.#code;
    const block = assertExists(this.#open.pop(), 'block');
    if (block.kind === 'loop') code.branchTo('br', block.again).op('end');
    code.op('end');
    if (block.kind === 'frame') this.#endFrame(block);
  }

  #endFrame({ start, outerTruncated, savedBefore }: Open & { kind: 'frame' }): void {
    const code = this.#code;
    const { cursor, truncated } = this.#locals;
    const [roomEnd, failure, saved] = [this.#roomEnd, this.#failure, this.#saved].map((local) => local ?? 0) as [
      number,
      number,
      number,
    ];
    code.get(start);
    code.get(cursor).get(start).op('i32_sub').i32(FRAME_HEADER_BYTES).op('i32_sub').i32(16).op('i32_shl');
    code.get(failure).get(truncated).get(failure).op('select', 'i32_or').memory('i32_store', 0);
    code.get(outerTruncated).set(truncated).i32(0).set(failure);
    code.get(roomEnd).i32(FAILURE_BYTES).op('i32_add').set(roomEnd);
    if (savedBefore === undefined) return;
    code.get(saved).get(savedBefore).get(saved).get(savedBefore).op('i32_lt_u', 'select').set(saved);
  }

  // ---- room
  // ---------------------------------------------------------------------------------------------------------------

  room(bytes: number): void {
    this.#roomEnd = this.#code.local('i32');
    this.#code.get(this.#locals.cursor).i32(bytes).op('i32_add').set(this.#roomEnd);
  }

  /** Ends the capture if `bytes` do not fit. */
  checkRoom(bytes: number): void {
    if (this.#roomEnd === undefined) return;
    this.#code.get(this.#locals.cursor).i32(bytes).op('i32_add').get(this.#roomEnd).op('i32_gt_u');
    this.#cutIf();
  }

  /** What pushes (i32) how many bytes may be appended, at most `limit`, in whole units. */
  limit(limit: number, unit: number): () => Code {
    const code = this.#code;
    const roomEnd = this.#roomEnd;
    if (roomEnd === undefined) return () => code.i32(limit);
    const most = code.local('i32');
    code.get(roomEnd).get(this.#locals.cursor).op('i32_sub').i32(-unit).op('i32_and').tee(most).i32(limit);
    code.get(most).i32(limit).op('i32_lt_u', 'select').set(most);
    return () => code.get(most);
  }

  // ---- saved values
  // ---------------------------------------------------------------------------------------------------------------

  /** `value`: an i64 local. */
  save(value: number): void {
    const code = this.#code;
    const saved = assertExists(this.#saved, 'saved values');
    code.get(saved).i32(AGENT_LIMITS.saved).op('i32_eq');
    this.#cutIf();
    code.get(saved).i32(3).op('i32_shl').get(value).memory('i64_store', Layout.agentSaved);
    code.get(saved).i32(1).op('i32_add').set(saved);
  }

  restore(): void {
    const code = this.#code;
    const saved = this.#saved;
    if (saved === undefined) {
      code.i64(0n);
      return;
    }
    code.get(saved).open('if', 'i64');
    code.get(saved).i32(1).op('i32_sub').tee(saved).i32(3).op('i32_shl').memory('i64_load', Layout.agentSaved);
    code.op('else').i64(0n).op('end');
  }

  countSaved(): void {
    if (this.#saved === undefined) this.#code.i64(0n);
    else this.#code.get(this.#saved).op('i64_extend_i32_u');
  }

  // ---- failures
  // ---------------------------------------------------------------------------------------------------------------

  get isFramed(): boolean {
    return this.#open.some(({ kind }) => kind === 'frame');
  }

  /** Leaves the innermost frame, or the function. */
  fail(kind: 'unreadable' | 'divisionByZero' | 'missing', reason = 0): void {
    const code = this.#code;
    const frame = this.#open.findLast((open) => open.kind === 'frame');
    if (frame?.kind !== 'frame') {
      if (kind === 'missing') this.#failures.missing(reason);
      else this.#failures[kind]();
      return;
    }
    const { cursor } = this.#locals;
    code.get(cursor);
    if (kind === 'unreadable') code.i32(0).memory('i64_load', Layout.agentAddress);
    else code.i64(BigInt(reason));
    code.memory('i64_store', 0).get(cursor).i32(FAILURE_BYTES).op('i32_add').set(cursor);
    code.i32(CaptureStatus[kind]).set(assertExists(this.#failure, 'failure')).branchTo('br', frame.depth);
  }

  /** An i32 on the stack says whether the part has no more fuel or room. */
  #cutIf(): void {
    const code = this.#code;
    code.open('if');
    if (this.#failures.cut) this.#failures.cut();
    else code.i32(1).set(this.#locals.truncated).branchTo('br', assertExists(this.#outermost, 'outermost block'));
    code.op('end');
  }
}
