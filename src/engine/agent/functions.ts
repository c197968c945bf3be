/**
 * The WebAssembly functions of one agent program: one for its condition, one for each capture.
 *
 * - `condition: () → i32`, a {@link ConditionResult};
 * - `capture: (start: i32) → i32` writes the capture's header and bytes at `start`, returns where the next one starts.
 *
 * A load that fails or a division by zero ends the function at once, from whatever depth.
 */
import { assertExists } from '../../base/assert';
import { type AgentOperation, CaptureStatus } from '../../contract/agent/operations';
import { CAPTURE_HEADER_BYTES } from '../../contract/hits';
import { State, UserRegister } from '../../emulator/machine/state';
import { Code, type FunctionIndex } from '../../wasm/module';
import { type OpName } from '../../wasm/opcodes';
import { Layout } from '../tracing/arena';
import { StringEnd } from '../tracing/targetMemory';
import { Xsave } from '../surrogate/xsave';
import { BINARY, UNARY } from './arithmetic';

/** Functions that the compiled ones call. */
export interface Runtime {
  /** (length, destination) → bytes read, from the address in {@link Layout.agentAddress}. */
  readonly read: FunctionIndex;
  /** (limit, destination, unit) → length, or one of {@link StringEnd}. */
  readonly readString: FunctionIndex;
  /** (start) → end of a capture that says which address could not be read. */
  readonly unreadable: FunctionIndex;
  /** (start) → end of a capture that says that a divisor was 0. */
  readonly divisionByZero: FunctionIndex;
  /** (start, reason) → end of a capture that says that the value is missing. */
  readonly missing: FunctionIndex;
}

/** ConditionResult.failed, of compile.ts. */
const CONDITION_FAILED = 2;

export function conditionFunction(operations: readonly AgentOperation[], runtime: Runtime): Code {
  const code = new Code({ parameters: [], results: ['i32'] });
  const fail = (): void => void code.i32(CONDITION_FAILED).op('return');
  new PartCompiler(code, runtime, { unreadable: fail, divisionByZero: fail, missing: fail }).compile(operations);
  return code.i64(0n).op('i64_ne');
}

export function captureFunction(operations: readonly AgentOperation[], runtime: Runtime): Code {
  const code = new Code({ parameters: ['i32'], results: ['i32'] });
  const start = 0;
  const part = new PartCompiler(code, runtime, {
    unreadable: () => void code.get(start).call(runtime.unreadable).op('return'),
    divisionByZero: () => void code.get(start).call(runtime.divisionByZero).op('return'),
    missing: (reason) => void code.get(start).i32(reason).call(runtime.missing).op('return'),
  });
  code.get(start).i32(CAPTURE_HEADER_BYTES).op('i32_add').set(part.cursor);
  part.compile(operations);
  // CaptureStatus.truncated is 1, complete is 0: the flag is the status.
  code.get(start).get(part.truncated).memory('i32_store', 0);
  code
    .get(start)
    .get(part.cursor)
    .get(start)
    .op('i32_sub')
    .i32(CAPTURE_HEADER_BYTES)
    .op('i32_sub')
    .memory('i32_store', 4);
  return code.get(part.cursor).i32(7).op('i32_add').i32(-8).op('i32_and');
}

export function readFailure(): Code {
  const code = new Code({ parameters: ['i32'], results: ['i32'] });
  code.get(0).i32(CaptureStatus.unreadable).memory('i32_store', 0);
  code.get(0).i32(8).memory('i32_store', 4);
  code.get(0).i32(0).memory('i64_load', Layout.agentAddress).memory('i64_store', CAPTURE_HEADER_BYTES);
  return code
    .get(0)
    .i32(CAPTURE_HEADER_BYTES + 8)
    .op('i32_add');
}

export function divisionFailure(): Code {
  const code = new Code({ parameters: ['i32'], results: ['i32'] });
  code.get(0).i32(CaptureStatus.divisionByZero).memory('i32_store', 0);
  code.get(0).i32(0).memory('i32_store', 4);
  return code.get(0).i32(CAPTURE_HEADER_BYTES).op('i32_add');
}

export function missingValue(): Code {
  const code = new Code({ parameters: ['i32', 'i32'], results: ['i32'] });
  code.get(0).i32(CaptureStatus.missing).memory('i32_store', 0);
  code.get(0).i32(8).memory('i32_store', 4);
  code.get(0).get(1).op('i64_extend_i32_u').memory('i64_store', CAPTURE_HEADER_BYTES);
  return code
    .get(0)
    .i32(CAPTURE_HEADER_BYTES + 8)
    .op('i32_add');
}

const LOADS: Readonly<Record<number, OpName>> = {
  1: 'i64_load8_u',
  2: 'i64_load16_u',
  4: 'i64_load32_u',
  8: 'i64_load',
};
const STORES: Readonly<Record<number, OpName>> = {
  1: 'i64_store8',
  2: 'i64_store16',
  4: 'i64_store32',
  8: 'i64_store',
};

/** Emits what leaves the function when an operation can't be done. */
interface Failures {
  readonly unreadable: () => void;
  readonly divisionByZero: () => void;
  readonly missing: (reason: number) => void;
}

class PartCompiler {
  readonly #code: Code;
  readonly #runtime: Runtime;
  readonly #failures: Failures;
  readonly #first: number;
  readonly #second: number;
  readonly #count: number;
  /** i32 local: where the next captured byte goes. */
  readonly cursor: number;
  /** i32 local: whether a limit cut something off. */
  readonly truncated: number;

  constructor(code: Code, runtime: Runtime, failures: Failures) {
    this.#code = code;
    this.#runtime = runtime;
    this.#failures = failures;
    this.#first = code.local('i64');
    this.#second = code.local('i64');
    this.#count = code.local('i32');
    this.cursor = code.local('i32');
    this.truncated = code.local('i32');
  }

  compile(operations: readonly AgentOperation[]): void {
    for (const operation of operations) this.#compileOne(operation);
  }

  #compileOne(operation: AgentOperation): void {
    const code = this.#code;
    switch (operation.op) {
      case 'const':
        code.i64(operation.value);
        return;
      case 'register':
        code.i32(0).memory('i64_load', Layout.state + State.registers + UserRegister[operation.register]);
        // INT3 has left it one byte after the site.
        if (operation.register === 'rip') code.i64(-1n).op('i64_add');
        return;
      case 'vector':
        code
          .i32(0)
          .memory(
            assertExists(LOADS[operation.size], 'load'),
            Layout.vectors + Xsave.xmm + 16 * operation.register + operation.offset,
          );
        return;
      case 'load':
        this.#popAddress();
        this.#readBytes(
          () => code.i32(operation.size),
          () => code.i32(Layout.agentOperand),
        );
        code.i32(0).memory(assertExists(LOADS[operation.size], 'load'), Layout.agentOperand);
        return;
      case 'missing':
        this.#failures.missing(operation.reason);
        return;
      case 'extend':
        this.#extend(operation.bits, operation.signed);
        return;
      case 'dup':
        code.tee(this.#first).get(this.#first);
        return;
      case 'drop':
        code.op('drop');
        return;
      case 'swap':
        code.set(this.#first).set(this.#second).get(this.#first).get(this.#second);
        return;
      case 'if':
        code.i64(0n).op('i64_ne').open('if', 'i64');
        return;
      case 'else':
      case 'end':
        code.op(operation.op);
        return;
      case 'capture':
        code
          .set(this.#first)
          .get(this.cursor)
          .get(this.#first)
          .memory(assertExists(STORES[operation.size], 'store'), 0);
        this.#advance(() => code.i32(operation.size));
        return;
      case 'captureMemory':
        this.#popAddress();
        this.#readBytes(
          () => code.i32(operation.size),
          () => code.get(this.cursor),
        );
        this.#advance(() => code.i32(operation.size));
        return;
      case 'captureString':
        this.#captureString(operation.limit, operation.unit ?? 1);
        return;
      case 'captureSlice':
        this.#captureSlice(operation.limit);
        return;
      default:
        this.#arithmetic(operation.op);
    }
  }

  #arithmetic(name: keyof typeof BINARY | keyof typeof UNARY): void {
    const rule = name in BINARY ? BINARY[name as keyof typeof BINARY] : UNARY[name as keyof typeof UNARY];
    rule(this.#code, {
      scratch: this.#first,
      dividend: this.#second,
      divisionByZero: this.#failures.divisionByZero,
    });
  }

  /** The address on the stack → {@link Layout.agentAddress}. */
  #popAddress(): void {
    this.#code.set(this.#first).i32(0).get(this.#first).memory('i64_store', Layout.agentAddress);
  }

  #readBytes(length: () => Code, destination: () => Code): void {
    length();
    destination().call(this.#runtime.read);
    length().op('i32_ne').open('if');
    this.#failures.unreadable();
    this.#code.op('end');
  }

  #captureString(limit: number, unit: number): void {
    const code = this.#code;
    this.#popAddress();
    code.i32(limit).get(this.cursor).i32(unit).call(this.#runtime.readString).tee(this.#count);
    code.i32(StringEnd.unreadable).op('i32_eq').open('if');
    this.#failures.unreadable();
    code.op('end');
    code.get(this.#count).i32(StringEnd.missing).op('i32_eq').open('if');
    code.i32(1).set(this.truncated).i32(limit).set(this.#count).op('end');
    this.#advance(() => code.get(this.#count));
  }

  #captureSlice(limit: number): void {
    const code = this.#code;
    code.set(this.#second);
    this.#popAddress();
    code.get(this.#second).i64(BigInt(limit)).op('i64_gt_u').open('if');
    code.i32(1).set(this.truncated).i64(BigInt(limit)).set(this.#second).op('end');
    code.get(this.#second).op('i32_wrap_i64').set(this.#count);
    this.#readBytes(
      () => code.get(this.#count),
      () => code.get(this.cursor),
    );
    this.#advance(() => code.get(this.#count));
  }

  #advance(length: () => Code): void {
    this.#code.get(this.cursor);
    length().op('i32_add').set(this.cursor);
  }

  #extend(bits: number, signed: boolean): void {
    const spare = BigInt(64 - bits);
    if (spare === 0n) return;
    this.#code
      .i64(spare)
      .op('i64_shl')
      .i64(spare)
      .op(signed ? 'i64_shr_s' : 'i64_shr_u');
  }
}
