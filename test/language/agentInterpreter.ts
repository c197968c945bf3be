/**
 * Agent programs, run the plain way: one bigint stack, one operation after the other. The engine compiles programs to
 * WebAssembly; this is what they mean, and what the language's tests run them on.
 */
import { littleEndian } from '../../src/base/littleEndian';
import { loopFuel } from '../../src/contract/agent/fuel';
import {
  AGENT_LIMITS,
  CaptureStatus,
  FRAME_HEADER_BYTES,
  FrameStatus,
  type AgentOperation,
  type AgentRegister,
} from '../../src/contract/agent/operations';
import { type Capture } from '../../src/contract/hits';

/** What a program can see of a thread. */
export interface Machine {
  readonly registers: Partial<Record<AgentRegister, bigint>>;
  /** xmm0 to xmm15, 16 bytes each. */
  readonly vectors?: readonly Uint8Array[];
  /** The byte at an address, undefined where nothing is mapped. */
  readonly byteAt: (address: bigint) => number | undefined;
}

/** Memory of separate blocks. */
export function memoryOf(blocks: Readonly<Record<string, Uint8Array>>): Machine['byteAt'] {
  const sorted = Object.entries(blocks).map(([address, bytes]) => [BigInt(address), bytes] as const);
  return (address) => {
    const block = sorted.find(([start, bytes]) => address >= start && address < start + BigInt(bytes.length));
    return block?.[1][Number(address - block[0])];
  };
}

class Failure extends Error {
  constructor(
    readonly status: CaptureStatus,
    readonly bytes: Uint8Array = new Uint8Array(),
  ) {
    super('the program ends here');
  }
}

/** The capture has no fuel or no room left. */
class Cut extends Error {}

/** Out of the innermost loop. */
class Leave extends Error {}

/** What a failed frame has after what it collected. */
const FAILURE_BYTES = 8;

const u64 = (value: bigint) => BigInt.asUintN(64, value);
const s64 = (value: bigint) => BigInt.asIntN(64, value);
const bool = (value: boolean) => (value ? 1n : 0n);

function toFloat(bits: bigint): number {
  return new Float64Array(BigUint64Array.of(u64(bits)).buffer)[0]!;
}

function ofFloat(value: number): bigint {
  return new BigUint64Array(Float64Array.of(value).buffer)[0]!;
}

function saturated(bits: bigint, low: bigint, high: bigint): bigint {
  const value = toFloat(bits);
  if (Number.isNaN(value)) return 0n;
  if (value === Infinity) return high;
  if (value === -Infinity) return low;
  const whole = BigInt(Math.trunc(value));
  return whole < low ? low : whole > high ? high : whole;
}

function divided(divisor: bigint, quotient: () => bigint): bigint {
  if (divisor === 0n) throw new Failure(CaptureStatus.divisionByZero);
  return quotient();
}

const BINARY: Readonly<Record<string, (left: bigint, right: bigint) => bigint>> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  divS: (a, b) => divided(b, () => s64(a) / s64(b)),
  divU: (a, b) => divided(b, () => a / b),
  remS: (a, b) => divided(b, () => s64(a) % s64(b)),
  remU: (a, b) => divided(b, () => a % b),
  and: (a, b) => a & b,
  or: (a, b) => a | b,
  xor: (a, b) => a ^ b,
  shl: (a, b) => a << (b & 63n),
  shrS: (a, b) => s64(a) >> (b & 63n),
  shrU: (a, b) => a >> (b & 63n),
  eq: (a, b) => bool(a === b),
  ne: (a, b) => bool(a !== b),
  ltS: (a, b) => bool(s64(a) < s64(b)),
  ltU: (a, b) => bool(a < b),
  leS: (a, b) => bool(s64(a) <= s64(b)),
  leU: (a, b) => bool(a <= b),
  gtS: (a, b) => bool(s64(a) > s64(b)),
  gtU: (a, b) => bool(a > b),
  geS: (a, b) => bool(s64(a) >= s64(b)),
  geU: (a, b) => bool(a >= b),
  addF: (a, b) => ofFloat(toFloat(a) + toFloat(b)),
  subF: (a, b) => ofFloat(toFloat(a) - toFloat(b)),
  mulF: (a, b) => ofFloat(toFloat(a) * toFloat(b)),
  divF: (a, b) => ofFloat(toFloat(a) / toFloat(b)),
  eqF: (a, b) => bool(toFloat(a) === toFloat(b)),
  neF: (a, b) => bool(toFloat(a) !== toFloat(b)),
  ltF: (a, b) => bool(toFloat(a) < toFloat(b)),
  leF: (a, b) => bool(toFloat(a) <= toFloat(b)),
  gtF: (a, b) => bool(toFloat(a) > toFloat(b)),
  geF: (a, b) => bool(toFloat(a) >= toFloat(b)),
};

const UNARY: Readonly<Record<string, (value: bigint) => bigint>> = {
  neg: (a) => -a,
  not: (a) => ~a,
  isZero: (a) => bool(a === 0n),
  negF: (a) => a ^ (1n << 63n),
  singleToDouble: (a) => ofFloat(new Float32Array(Uint32Array.of(Number(a & 0xffff_ffffn)).buffer)[0]!),
  doubleToSingle: (a) => BigInt(new Uint32Array(Float32Array.of(toFloat(a)).buffer)[0]!),
  fromS: (a) => ofFloat(Number(s64(a))),
  fromU: (a) => ofFloat(Number(a)),
  toS: (a) => saturated(a, -(1n << 63n), (1n << 63n) - 1n),
  toU: (a) => saturated(a, 0n, (1n << 64n) - 1n),
};

class Run {
  readonly stack: bigint[] = [];
  readonly captured: number[] = [];
  readonly locals = new BigUint64Array(AGENT_LIMITS.locals);
  readonly saved: bigint[] = [];
  room = Infinity;
  truncated = false;

  constructor(
    readonly machine: Machine,
    /** Shared by the captures of a hit. */
    readonly supply: { fuel: number },
  ) {}

  run(operations: readonly AgentOperation[]): void {
    const fuel = loopFuel(operations);
    const runRange = (start: number, end: number): void => {
      for (let at = start; at < end; at++) {
        const operation = operations[at]!;
        const { op } = operation;
        if (op !== 'if' && op !== 'when' && op !== 'loop' && op !== 'frame') {
          this.step(operation);
          continue;
        }
        const close = closing(operations, at, ['end']);
        const middle = closing(operations, at, ['else', 'end']);
        if (op === 'loop') this.loop(operation.limit, fuel.get(at)!, () => runRange(at + 1, close));
        else if (op === 'frame') this.frame(() => runRange(at + 1, close));
        else if (this.pop() !== 0n) runRange(at + 1, middle);
        else if (middle !== close) runRange(middle + 1, close);
        at = close;
      }
    };
    runRange(0, operations.length);
  }

  loop(limit: number, fuel: number, pass: () => void): void {
    try {
      for (let count = 0; count < limit; count++) {
        this.supply.fuel -= fuel;
        if (this.supply.fuel < 0) {
          this.supply.fuel += fuel;
          throw new Cut();
        }
        pass();
      }
    } catch (thrown) {
      if (thrown instanceof Leave) return;
      throw thrown;
    }
    this.truncated = true;
  }

  frame(body: () => void): void {
    this.checkRoom(FRAME_HEADER_BYTES + FAILURE_BYTES);
    const start = this.captured.length;
    const outer = { truncated: this.truncated, saved: this.saved.length, stack: this.stack.length };
    this.captured.push(...words(FrameStatus.open, 0));
    this.truncated = false;
    this.room -= FAILURE_BYTES;
    let status: number | undefined;
    try {
      body();
    } catch (thrown) {
      if (!(thrown instanceof Failure)) throw thrown;
      status = thrown.status;
      this.captured.push(...(thrown.bytes.length > 0 ? thrown.bytes : new Uint8Array(FAILURE_BYTES)));
    }
    this.room += FAILURE_BYTES;
    status ??= this.status();
    const header = words(status, this.captured.length - start - FRAME_HEADER_BYTES);
    this.captured.splice(start, FRAME_HEADER_BYTES, ...header);
    this.truncated = outer.truncated;
    this.saved.length = Math.min(this.saved.length, outer.saved);
    this.stack.length = outer.stack;
  }

  status(): CaptureStatus {
    return this.truncated ? CaptureStatus.truncated : CaptureStatus.complete;
  }

  checkRoom(bytes: number): void {
    if (this.captured.length + bytes > this.room) throw new Cut();
  }

  step(operation: AgentOperation): void {
    switch (operation.op) {
      case 'const': {
        this.push(operation.value);
        return;
      }
      case 'register': {
        this.push(this.machine.registers[operation.register] ?? 0n);
        return;
      }
      case 'vector': {
        const bytes = this.machine.vectors?.[operation.register] ?? new Uint8Array(16);
        this.push(littleEndian(bytes.subarray(operation.offset, operation.offset + operation.size)));
        return;
      }
      case 'load': {
        this.push(littleEndian(this.read(this.pop(), operation.size)));
        return;
      }
      case 'get': {
        this.push(this.locals[operation.local]!);
        return;
      }
      case 'set': {
        this.locals[operation.local] = this.pop();
        return;
      }
      case 'save': {
        if (this.saved.length === AGENT_LIMITS.saved) throw new Cut();
        this.saved.push(this.pop());
        return;
      }
      case 'restore': {
        this.push(this.saved.pop() ?? 0n);
        return;
      }
      case 'saved': {
        this.push(BigInt(this.saved.length));
        return;
      }
      case 'leave': {
        if (this.pop() !== 0n) throw new Leave();
        return;
      }
      case 'room': {
        this.room = operation.bytes;
        return;
      }
      case 'missing':
        throw new Failure(CaptureStatus.missing, bytesOf(BigInt(operation.reason)));
      case 'extend': {
        const { bits, signed } = operation;
        this.push(signed ? BigInt.asIntN(bits, this.pop()) : BigInt.asUintN(bits, this.pop()));
        return;
      }
      case 'dup': {
        this.push(this.stack.at(-1)!);
        return;
      }
      case 'drop':
        return void this.pop();
      case 'swap':
        return void this.stack.push(this.pop(), this.pop());
      case 'capture': {
        const value = this.pop();
        this.checkRoom(operation.size);
        for (let index = 0; index < operation.size; index++)
          this.append([Number((value >> BigInt(index * 8)) & 0xffn)]);
        return;
      }
      case 'captureMemory': {
        const address = this.pop();
        this.checkRoom(operation.size);
        this.append(this.read(address, operation.size));
        return;
      }
      case 'captureString': {
        this.captureString(this.pop(), operation.limit, operation.unit ?? 1);
        return;
      }
      case 'captureSlice': {
        const length = this.pop();
        const limit = Math.min(operation.limit, this.room - this.captured.length);
        const shown = length > BigInt(limit) ? limit : Number(length);
        this.truncated ||= BigInt(shown) < length;
        this.captureSlice(this.pop(), shown);
        return;
      }
      default: {
        const unary = UNARY[operation.op];
        if (unary !== undefined) {
          this.push(unary(this.pop()));
          return;
        }
        const right = this.pop();
        this.push(BINARY[operation.op]!(this.pop(), right));
        return;
      }
    }
  }

  captureSlice(address: bigint, size: number): void {
    const readable = [];
    while (readable.length < size) {
      const byte = this.machine.byteAt(u64(address + BigInt(readable.length)));
      if (byte === undefined) break;
      readable.push(byte);
    }
    this.append(readable);
    if (readable.length < size) {
      throw new Failure(CaptureStatus.unreadable, bytesOf(u64(address + BigInt(readable.length))));
    }
  }

  captureString(address: bigint, limit: number, unit: number): void {
    const left = this.room - this.captured.length;
    limit = Math.min(limit, left === Infinity ? limit : left - (left % unit));
    for (let index = 0; index < limit; index += unit) {
      const character = this.read(address + BigInt(index), unit);
      if (character.every((byte) => byte === 0)) return;
      this.append(character);
    }
    this.truncated = true;
  }

  read(address: bigint, size: number): Uint8Array {
    const bytes = new Uint8Array(size);
    for (let index = 0; index < size; index++) {
      const byte = this.machine.byteAt(u64(address + BigInt(index)));
      if (byte === undefined) throw new Failure(CaptureStatus.unreadable, bytesOf(u64(address)));
      bytes[index] = byte;
    }
    return bytes;
  }

  append(bytes: Iterable<number>): void {
    this.captured.push(...bytes);
  }

  push(value: bigint): void {
    this.stack.push(u64(value));
  }

  pop(): bigint {
    const value = this.stack.pop();
    if (value === undefined) throw new Error('the stack is empty');
    return value;
  }
}

/** Where the first of `wanted` is that belongs to the block which opens at `start`. */
function closing(operations: readonly AgentOperation[], start: number, wanted: readonly string[]): number {
  let depth = 0;
  for (let at = start + 1; at < operations.length; at++) {
    const { op } = operations[at]!;
    if (depth === 0 && wanted.includes(op)) return at;
    if (['if', 'when', 'loop', 'frame'].includes(op)) depth++;
    if (op === 'end') depth--;
  }
  throw new Error('a block has no end');
}

/** Two u16. */
function words(first: number, second: number): Uint8Array {
  return new Uint8Array(Uint16Array.of(first, second).buffer);
}

function bytesOf(value: bigint): Uint8Array {
  return new Uint8Array(BigUint64Array.of(value).buffer);
}

/** Runs one capture of a program; `supply`: what the hit's loops may still burn. */
export function runCapture(
  operations: readonly AgentOperation[],
  machine: Machine,
  supply = { fuel: AGENT_LIMITS.fuel as number },
): Capture {
  const run = new Run(machine, supply);
  try {
    run.run(operations);
  } catch (thrown) {
    if (thrown instanceof Failure) return { status: thrown.status, bytes: thrown.bytes };
    if (!(thrown instanceof Cut)) throw thrown;
    run.truncated = true;
  }
  return { status: run.status(), bytes: Uint8Array.from(run.captured) };
}

/** Runs a condition; undefined when it can't be evaluated. */
export function runCondition(operations: readonly AgentOperation[], machine: Machine): boolean | undefined {
  const run = new Run(machine, { fuel: AGENT_LIMITS.fuel });
  try {
    run.run(operations);
  } catch (thrown) {
    if (thrown instanceof Failure || thrown instanceof Cut) return undefined;
    throw thrown;
  }
  return run.truncated ? undefined : run.pop() !== 0n;
}
