/** One part of an agent program, operation by operation, as WebAssembly. */
import { assertExists } from '../../base/assert';
import { loopFuel, loops } from '../../contract/agent/fuel';
import { type AccessSize, type AgentOperation } from '../../contract/agent/operations';
import { State, UserRegister } from '../../emulator/machine/state';
import { type Code, type FunctionIndex } from '../../wasm/module';
import { type OpName } from '../../wasm/opcodes';
import { Layout, LINE_BYTES } from '../tracing/arena';
import { StringEnd } from '../tracing/targetMemory';
import { Xsave } from '../surrogate/xsave';
import { BINARY, UNARY } from './arithmetic';
import { Control, type Failures } from './control';

/** Functions that the compiled ones call. */
export interface Runtime {
  /** (length, destination) → bytes read, from the address in {@link Layout.agentAddress}. */
  readonly read: FunctionIndex;
  /** The same for captures that loop. */
  readonly readNear: FunctionIndex;
  /** (limit, destination, unit) → length, or one of {@link StringEnd}. */
  readonly readString: FunctionIndex;
  /** (start) → end of a capture that says which address could not be read. */
  readonly unreadable: FunctionIndex;
  /** (start) → end of a capture that says that a divisor was 0. */
  readonly divisionByZero: FunctionIndex;
  /** (start, reason) → end of a capture that says that the value is missing. */
  readonly missing: FunctionIndex;
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

export class PartCompiler {
  readonly #code: Code;
  readonly #runtime: Runtime;
  readonly #control: Control;
  readonly #isCapture: boolean;
  /** {@link Runtime.read} or {@link Runtime.readNear}. */
  #reader: FunctionIndex;
  readonly #first: number;
  readonly #second: number;
  readonly #count: number;
  readonly #read: number;
  /** i64 locals by the variable's number, and the i32 local that counts the saved values: only where they are used. */
  readonly #variables = new Map<number, number>();
  /** i32 local: where the next captured byte goes. */
  readonly cursor: number;
  /** i32 local: whether a limit cut something off. */
  readonly truncated: number;

  constructor(code: Code, runtime: Runtime, failures: Failures) {
    this.#code = code;
    this.#runtime = runtime;
    this.#reader = runtime.read;
    this.#isCapture = failures.cut === undefined;
    this.#first = code.local('i64');
    this.#second = code.local('i64');
    this.#count = code.local('i32');
    this.#read = code.local('i32');
    this.cursor = code.local('i32');
    this.truncated = code.local('i32');
    this.#control = new Control(
      code,
      { cursor: this.cursor, truncated: this.truncated, scratch: this.#count },
      failures,
    );
  }

  compile(operations: readonly AgentOperation[]): void {
    const fuel = loopFuel(operations);
    if (this.#isCapture && loops(operations)) this.#reader = this.#runtime.readNear;
    this.#control.begin(operations);
    operations.forEach((operation, index) => {
      this.#compileOne(operation, fuel.get(index) ?? 0);
    });
    this.#control.finish();
  }

  #compileOne(operation: AgentOperation, fuel: number): void {
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
        this.#load(operation.size);
        return;
      case 'missing':
        this.#control.fail('missing', operation.reason);
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
      case 'get':
        code.get(this.#variable(operation.local));
        return;
      case 'set':
        code.set(this.#variable(operation.local));
        return;
      case 'save':
        code.set(this.#first);
        this.#control.save(this.#first);
        return;
      case 'restore':
        this.#control.restore();
        return;
      case 'saved':
        this.#control.countSaved();
        return;
      case 'if':
      case 'when':
        this.#control.branch(operation.op);
        return;
      case 'else':
        code.op('else');
        return;
      case 'loop':
        this.#control.loop(operation.limit, fuel);
        return;
      case 'leave':
        code.i64(0n).op('i64_ne');
        this.#control.leave();
        return;
      case 'frame':
        this.#control.frame();
        return;
      case 'end':
        this.#control.end();
        return;
      case 'room':
        this.#control.room(operation.bytes);
        return;
      case 'capture':
        this.#control.checkRoom(operation.size);
        code
          .set(this.#first)
          .get(this.cursor)
          .get(this.#first)
          .memory(assertExists(STORES[operation.size], 'store'), 0);
        this.#advance(() => code.i32(operation.size));
        return;
      case 'captureMemory':
        this.#popAddress();
        this.#control.checkRoom(operation.size);
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
      divisionByZero: () => {
        this.#control.fail('divisionByZero');
      },
    });
  }

  /** The address on the stack → {@link Layout.agentAddress}. */
  #popAddress(): void {
    this.#code.set(this.#first).i32(0).get(this.#first).memory('i64_store', Layout.agentAddress);
  }

  #load(size: AccessSize): void {
    const code = this.#code;
    const load = assertExists(LOADS[size], 'load');
    const isNear = this.#reader === this.#runtime.readNear;
    if (isNear) {
      // What has been read already needs no call.
      const offset = (): Code =>
        code
          .get(this.#second)
          .op('i32_wrap_i64')
          .i32(LINE_BYTES - 1)
          .op('i32_and');
      code.tee(this.#second).i64(BigInt(-LINE_BYTES)).op('i64_and');
      code.i32(0).memory('i64_load', Layout.agentLineAddress).op('i64_eq');
      offset()
        .i32(LINE_BYTES - size)
        .op('i32_le_u', 'i32_and')
        .open('if', 'i64');
      offset().memory(load, Layout.agentLine).op('else').get(this.#second);
    }
    this.#popAddress();
    this.#readBytes(
      () => code.i32(size),
      () => code.i32(Layout.agentOperand),
    );
    code.i32(0).memory(load, Layout.agentOperand);
    if (isNear) code.op('end');
  }

  #readBytes(length: () => Code, destination: () => Code): void {
    length();
    destination().call(this.#reader);
    length().op('i32_ne').open('if');
    this.#control.fail('unreadable');
    this.#code.op('end');
  }

  #captureString(limit: number, unit: number): void {
    const code = this.#code;
    this.#popAddress();
    const most = this.#control.limit(limit, unit);
    most().get(this.cursor).i32(unit).call(this.#runtime.readString).tee(this.#count);
    code.i32(StringEnd.unreadable).op('i32_eq').open('if');
    this.#control.fail('unreadable');
    code.op('end');
    code.get(this.#count).i32(StringEnd.missing).op('i32_eq').open('if');
    code.i32(1).set(this.truncated);
    most().set(this.#count).op('end');
    this.#advance(() => code.get(this.#count));
  }

  #captureSlice(limit: number): void {
    const code = this.#code;
    code.set(this.#second);
    this.#popAddress();
    const most = this.#control.limit(limit, 1);
    code.get(this.#second);
    most().op('i64_extend_i32_u', 'i64_gt_u').open('if');
    code.i32(1).set(this.truncated);
    most().op('i64_extend_i32_u').set(this.#second).op('end');
    code.get(this.#second).op('i32_wrap_i64').set(this.#count);
    const advance = (): void => {
      this.#advance(() => code.get(this.#read));
    };
    code.get(this.#count).get(this.cursor).call(this.#reader).tee(this.#read);
    code.get(this.#count).op('i32_ne').open('if');
    // A frame keeps what could be read.
    if (this.#control.isFramed) advance();
    this.#control.fail('unreadable');
    code.op('end');
    advance();
  }

  #variable(number: number): number {
    const known = this.#variables.get(number);
    if (known !== undefined) return known;
    const local = this.#code.local('i64');
    this.#variables.set(number, local);
    return local;
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
