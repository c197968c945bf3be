/**
 * The agent's verifier. A verified program can't underflow its stack, can't loop, can't name an unknown register and
 * can't append more than a hit record holds. The engine runs only verified programs, because they come over a pipe.
 */
import { SidestepError } from '../../base/errors';
import {
  AGENT_LIMITS,
  AGENT_REGISTERS,
  BINARY_OPERATIONS,
  UNARY_OPERATIONS,
  type AgentOperation,
  type AgentProgram,
} from './operations';

type OperationName = AgentOperation['op'];

/** What an operation takes from the stack and leaves on it. */
interface StackEffect {
  readonly pops: number;
  readonly pushes: number;
}

function effects<N extends OperationName>(names: readonly N[], pops: number, pushes: number): Record<N, StackEffect> {
  return Object.fromEntries(names.map((name) => [name, { pops, pushes }])) as Record<N, StackEffect>;
}

/** The stack effect of each operation; for `if`, `else` and `end`, their effect apart from nesting. */
const STACK_EFFECTS: Readonly<Record<OperationName, StackEffect>> = {
  ...effects(BINARY_OPERATIONS, 2, 1),
  ...effects(UNARY_OPERATIONS, 1, 1),
  ...effects(['const', 'register', 'vector', 'missing'], 0, 1),
  ...effects(['load', 'extend'], 1, 1),
  ...effects(['capture', 'captureMemory', 'captureString', 'drop', 'if'], 1, 0),
  ...effects(['captureSlice'], 2, 0),
  dup: { pops: 1, pushes: 2 },
  swap: { pops: 2, pushes: 2 },
  else: { pops: 0, pushes: 0 },
  end: { pops: 0, pushes: 0 },
};

const REGISTERS: ReadonlySet<string> = new Set(AGENT_REGISTERS);
const ACCESS_SIZES: ReadonlySet<number> = new Set([1, 2, 4, 8]);

/** The most that one part of a program can need. */
export interface AgentBounds {
  /** Values on the operand stack. */
  readonly stack: number;
  /** Bytes appended to the capture. */
  readonly captureBytes: number;
}

/**
 * Checks a whole program against the rules of {@link AgentProgram} and {@link AGENT_LIMITS}. Throws `engine-protocol`;
 * its place names the part of the program (`section`) and the operation's index in it (`offset`).
 */
export function verifyAgent(program: AgentProgram): void {
  if (program.condition !== undefined) verifyCondition(program.condition);
  if (program.captures.length > AGENT_LIMITS.captures) {
    throw refused('program', 0, `${program.captures.length} captures; the limit is ${AGENT_LIMITS.captures}`);
  }
  let hitBytes = 0;
  program.captures.forEach((operations, index) => {
    hitBytes += (verifyCapture(operations, index).captureBytes + 7) & ~7;
    if (hitBytes > AGENT_LIMITS.hitBytes) {
      throw refused(`capture ${index}`, 0, `the captures of a hit may hold ${AGENT_LIMITS.hitBytes} bytes together`);
    }
  });
}

/** A condition leaves one value and appends nothing. */
function verifyCondition(operations: readonly AgentOperation[]): void {
  const part = new Part('condition', operations);
  part.run();
  if (part.height !== 1) throw part.refuse(`a condition must leave one value; this one leaves ${part.height}`);
  if (part.captures > 0) throw part.refuse("a condition can't capture");
}

/**
 * Checks one capture: it leaves an empty stack. Throws `engine-protocol`.
 * @returns what the capture can need at most.
 */
export function verifyCapture(operations: readonly AgentOperation[], index: number): AgentBounds {
  const part = new Part(`capture ${index}`, operations);
  part.run();
  if (part.height !== 0)
    throw part.refuse(`a capture must leave an empty stack; this one leaves ${part.height} values`);
  return { stack: part.deepest, captureBytes: part.captureBytes };
}

/** One walk over one list of operations, following the height of the stack through both branches of every `if`. */
class Part {
  height = 0;
  deepest = 0;
  captures = 0;
  captureBytes = 0;
  #at = 0;
  /** The stack may not fall below this height: the values below an open branch belong to the surrounding code. */
  #floor = 0;
  readonly #open: { readonly floor: number; readonly outerFloor: number; hasElse: boolean }[] = [];

  constructor(
    readonly name: string,
    readonly operations: readonly AgentOperation[],
  ) {}

  run(): void {
    if (this.operations.length > AGENT_LIMITS.operations) {
      throw this.refuse(`${this.operations.length} operations; the limit is ${AGENT_LIMITS.operations}`);
    }
    for (const operation of this.operations) {
      this.#step(operation);
      this.#at++;
    }
    if (this.#open.length > 0) throw this.refuse('an `if` has no `end`');
  }

  refuse(what: string): SidestepError {
    return refused(this.name, this.#at, what);
  }

  #step(operation: AgentOperation): void {
    // The operation came as JSON: its name may be anything.
    if (!Object.hasOwn(STACK_EFFECTS, operation.op)) throw this.refuse(`unknown operation ${operation.op}`);
    this.#checkImmediates(operation);
    const { pops, pushes } = STACK_EFFECTS[operation.op];
    if (this.height - pops < this.#floor) {
      throw this.refuse(`\`${operation.op}\` takes ${pops}, the stack holds ${this.height - this.#floor}`);
    }
    this.height += pushes - pops;
    this.deepest = Math.max(this.deepest, this.height);
    if (this.deepest > AGENT_LIMITS.stack) throw this.refuse(`the stack grows above ${AGENT_LIMITS.stack} values`);
    if (operation.op === 'if') this.#enterIf();
    else if (operation.op === 'else') this.#enterElse();
    else if (operation.op === 'end') this.#leaveIf();
  }

  #enterIf(): void {
    this.#open.push({ floor: this.height, outerFloor: this.#floor, hasElse: false });
    this.#floor = this.height;
  }

  #enterElse(): void {
    const branch = this.#open.at(-1);
    if (branch === undefined || branch.hasElse) throw this.refuse('`else` without its `if`');
    this.#checkBranchEnd(branch.floor);
    branch.hasElse = true;
    this.height = branch.floor;
  }

  #leaveIf(): void {
    const branch = this.#open.pop();
    if (branch === undefined) throw this.refuse('`end` without its `if`');
    if (!branch.hasElse) throw this.refuse('an `if` has no `else`');
    this.#checkBranchEnd(branch.floor);
    this.#floor = branch.outerFloor;
  }

  #checkBranchEnd(floor: number): void {
    const left = this.height - floor;
    if (left !== 1) throw this.refuse(`each branch of an \`if\` must leave one value; this one leaves ${left}`);
  }

  #checkImmediates(operation: AgentOperation): void {
    switch (operation.op) {
      case 'const':
        if (typeof operation.value !== 'bigint' || operation.value < -(1n << 63n) || operation.value >= 1n << 64n) {
          throw this.refuse(`the constant ${String(operation.value)} is not a 64-bit value`);
        }
        return;
      case 'register':
        if (!REGISTERS.has(operation.register)) throw this.refuse(`unknown register ${operation.register}`);
        return;
      case 'vector':
        this.#checkInteger('vector register', operation.register, 0, 15);
        // Other sizes are not vector accesses, whatever the type says.
        if (![4, 8].includes(operation.size)) throw this.refuse(`a vector access of ${operation.size} bytes`);
        this.#checkInteger('vector offset', operation.offset, 0, 16 - operation.size);
        return;
      case 'load':
        this.#checkAccess(operation.size);
        return;
      case 'extend':
        this.#checkInteger('width in bits', operation.bits, 1, 64);
        return;
      case 'capture':
        this.#checkAccess(operation.size);
        this.#append(operation.size);
        return;
      case 'captureMemory':
        this.#append(operation.size);
        return;
      case 'captureString':
        // Other units are not characters, whatever the type says.
        if (![undefined, 1, 2, 4].includes(operation.unit)) throw this.refuse(`characters of ${operation.unit} bytes`);
        this.#append(operation.limit);
        return;
      case 'captureSlice':
        this.#append(operation.limit);
        return;
      case 'missing':
        this.#checkInteger('reason', operation.reason, 0, 0xffff_ffff);
        return;
      default:
        return;
    }
  }

  #checkAccess(size: number): void {
    if (!ACCESS_SIZES.has(size)) throw this.refuse(`an access of ${size} bytes`);
  }

  #checkInteger(what: string, value: number, low: number, high: number): void {
    if (!Number.isInteger(value) || value < low || value > high) {
      throw this.refuse(`the ${what} is ${value}, not from ${low} to ${high}`);
    }
  }

  /** Both branches of an `if` count, though only one of them runs: a bound need not be tight. */
  #append(bytes: number): void {
    this.#checkInteger('size of a capture', bytes, 0, AGENT_LIMITS.captureBytes);
    this.captures++;
    this.captureBytes += bytes;
    if (this.captureBytes > AGENT_LIMITS.captureBytes) {
      throw this.refuse(`a capture may hold ${AGENT_LIMITS.captureBytes} bytes`);
    }
  }
}

function refused(section: string, offset: number, what: string): SidestepError {
  return new SidestepError(
    'engine-protocol',
    `the agent program is refused (${section}, operation ${offset}): ${what}`,
    {
      place: { section, offset },
    },
  );
}
