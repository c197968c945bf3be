/**
 * Agent programs, run the plain way: one bigint stack, one operation after the other. The engine compiles programs to
 * WebAssembly; this is what they mean, and what the language's tests run them on.
 */
import { littleEndian } from '../../src/base/littleEndian';
import { CaptureStatus, type AgentOperation, type AgentRegister } from '../../src/contract/agent/operations';
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
  truncated = false;

  constructor(readonly machine: Machine) {}

  run(operations: readonly AgentOperation[]): void {
    for (let at = 0; at < operations.length; at++) {
      const operation = operations[at]!;
      if (operation.op === 'if') {
        if (this.pop() === 0n) at = matching(operations, at, 'else');
      } else if (operation.op === 'else') {
        at = matching(operations, at, 'end');
      } else if (operation.op !== 'end') {
        this.step(operation);
      }
    }
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
        for (let index = 0; index < operation.size; index++)
          this.append([Number((value >> BigInt(index * 8)) & 0xffn)]);
        return;
      }
      case 'captureMemory': {
        this.append(this.read(this.pop(), operation.size));
        return;
      }
      case 'captureString': {
        this.captureString(this.pop(), operation.limit, operation.unit ?? 1);
        return;
      }
      case 'captureSlice': {
        const length = this.pop();
        const shown = length > BigInt(operation.limit) ? operation.limit : Number(length);
        this.truncated ||= BigInt(shown) < length;
        this.append(this.read(this.pop(), shown));
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

  captureString(address: bigint, limit: number, unit: number): void {
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

/** Where the `else` or `end` of the branch that opens at `start` is. */
function matching(operations: readonly AgentOperation[], start: number, wanted: 'else' | 'end'): number {
  let depth = 0;
  for (let at = start + 1; at < operations.length; at++) {
    const { op } = operations[at]!;
    if (depth === 0 && op === wanted) return at;
    if (op === 'if') depth++;
    if (op === 'end') depth--;
  }
  throw new Error(`an \`if\` has no \`${wanted}\``);
}

function bytesOf(value: bigint): Uint8Array {
  return new Uint8Array(BigUint64Array.of(value).buffer);
}

/** Runs one capture of a program. */
export function runCapture(operations: readonly AgentOperation[], machine: Machine): Capture {
  const run = new Run(machine);
  try {
    run.run(operations);
  } catch (thrown) {
    if (thrown instanceof Failure) return { status: thrown.status, bytes: thrown.bytes };
    throw thrown;
  }
  const status = run.truncated ? CaptureStatus.truncated : CaptureStatus.complete;
  return { status, bytes: Uint8Array.from(run.captured) };
}

/** Runs a condition; undefined when it can't be evaluated. */
export function runCondition(operations: readonly AgentOperation[], machine: Machine): boolean | undefined {
  const run = new Run(machine);
  try {
    run.run(operations);
  } catch (thrown) {
    if (thrown instanceof Failure) return undefined;
    throw thrown;
  }
  return run.pop() !== 0n;
}
