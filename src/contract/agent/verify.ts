/**
 * The agent's verifier. A verified program can't underflow its stack, can't name an unknown register, can't append more
 * than a hit record holds, and ends soon. The engine runs only verified programs, because they come over a pipe.
 *
 * Why it ends soon: only `loop` goes back, and its body leaves the stack as it found it. Outside of loops each
 * operation runs at most once, so a part runs at most `operations` of them. Each pass of a loop first pays for all that
 * the pass may run (contract/agent/fuel), so a hit runs at most `operations` for each of its parts and `fuel` for all
 * its captures together, and as much for its condition. No operation takes longer than reading `captureBytes`.
 *
 * Why it stays in its room: without `room`, no append is in a loop, so each runs at most once, and the sum of their
 * sizes is the bound. With it, each append is checked against what is left when it runs.
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

/** The stack effect of each operation; of those that open, divide or close a block, their effect apart from nesting. */
const STACK_EFFECTS: Readonly<Record<OperationName, StackEffect>> = {
  ...effects(BINARY_OPERATIONS, 2, 1),
  ...effects(UNARY_OPERATIONS, 1, 1),
  ...effects(['const', 'register', 'vector', 'missing', 'get', 'restore', 'saved'], 0, 1),
  ...effects(['load', 'extend'], 1, 1),
  ...effects(['capture', 'captureMemory', 'captureString', 'drop', 'if', 'when', 'set', 'save', 'leave'], 1, 0),
  ...effects(['loop', 'frame', 'room'], 0, 0),
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
  if (part.appends) throw part.refuse("a condition can't capture");
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

/** What an operation opens, and `end` closes. */
interface Block {
  readonly kind: 'if' | 'when' | 'loop' | 'frame';
  /** Height of the stack where it begins. */
  readonly floor: number;
  readonly outerFloor: number;
  hasElse: boolean;
}

const BLOCKS: ReadonlySet<string> = new Set(['if', 'when', 'loop', 'frame'] satisfies Block['kind'][]);

/** One walk over one list of operations, following the height of the stack through both branches of every `if`. */
class Part {
  height = 0;
  deepest = 0;
  appends = false;
  captureBytes = 0;
  #at = 0;
  /** The stack may not fall below this height: the values below an open block belong to the surrounding code. */
  #floor = 0;
  readonly #open: Block[] = [];
  #hasRoom = false;

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
    const open = this.#open.at(-1);
    if (open !== undefined) throw this.refuse(`${article(open.kind)} has no \`end\``);
  }

  refuse(what: string): SidestepError {
    return refused(this.name, this.#at, what);
  }

  #step(operation: AgentOperation): void {
    const { op } = operation;
    // The operation came as JSON: its name may be anything.
    if (!Object.hasOwn(STACK_EFFECTS, op)) throw this.refuse(`unknown operation ${op}`);
    this.#checkImmediates(operation);
    const { pops, pushes } = STACK_EFFECTS[op];
    if (this.height - pops < this.#floor) {
      throw this.refuse(`\`${op}\` takes ${pops}, the stack holds ${this.height - this.#floor}`);
    }
    this.height += pushes - pops;
    this.deepest = Math.max(this.deepest, this.height);
    if (this.deepest > AGENT_LIMITS.stack) throw this.refuse(`the stack grows above ${AGENT_LIMITS.stack} values`);
    if (isBlock(op)) this.#enter(op);
    else if (op === 'else') this.#enterElse();
    else if (op === 'end') this.#close();
    else if (op === 'leave') this.#checkLeave();
  }

  #enter(kind: Block['kind']): void {
    this.#open.push({ kind, floor: this.height, outerFloor: this.#floor, hasElse: false });
    this.#floor = this.height;
    this.#checkDepth('loop', AGENT_LIMITS.loopDepth);
    this.#checkDepth('frame', AGENT_LIMITS.frameDepth);
  }

  #checkDepth(kind: Block['kind'], limit: number): void {
    const depth = this.#open.filter((block) => block.kind === kind).length;
    if (depth > limit) throw this.refuse(`${depth} \`${kind}\`s in each other; the limit is ${limit}`);
  }

  #enterElse(): void {
    const block = this.#open.at(-1);
    if (block === undefined || block.hasElse || (block.kind !== 'if' && block.kind !== 'when')) {
      throw this.refuse('`else` without its `if`');
    }
    this.#checkEnd(block);
    block.hasElse = true;
    this.height = block.floor;
  }

  #close(): void {
    const block = this.#open.pop();
    if (block === undefined) throw this.refuse('`end` without its `if`');
    if (block.kind === 'if' && !block.hasElse) throw this.refuse('an `if` has no `else`');
    this.#checkEnd(block);
    this.#floor = block.outerFloor;
  }

  #checkEnd({ kind, floor }: Block): void {
    const left = this.height - floor;
    if (kind === 'if' && left !== 1) {
      throw this.refuse(`each branch of an \`if\` must leave one value; this one leaves ${left}`);
    }
    if (kind !== 'if' && left !== 0) throw this.refuse(`${article(kind)} must leave no value; this one leaves ${left}`);
  }

  /** Nothing may be lost on the way out: no frame's end, no value. */
  #checkLeave(): void {
    const loop = this.#open.findLast(({ kind }) => kind !== 'when');
    if (loop?.kind !== 'loop') {
      throw this.refuse(
        loop === undefined ? '`leave` outside of a loop' : `\`leave\` in ${article(loop.kind)} of the loop`,
      );
    }
    const left = this.height - loop.floor;
    if (left !== 0) throw this.refuse(`a loop must be left without values; here are ${left}`);
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
      case 'get':
      case 'set':
        this.#checkInteger('variable', operation.local, 0, AGENT_LIMITS.locals - 1);
        return;
      case 'loop':
        this.#checkInteger('limit of the loop', operation.limit, 1, AGENT_LIMITS.iterations);
        return;
      case 'room':
        if (this.#at !== 0) throw this.refuse('`room` is not the first operation');
        this.#append(operation.bytes);
        this.#hasRoom = true;
        return;
      case 'frame':
        if (!this.#hasRoom) throw this.refuse('a `frame` needs `room`');
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
    this.appends = true;
    if (this.#hasRoom) return;
    if (this.#open.some(({ kind }) => kind === 'loop')) throw this.refuse('what a loop captures needs `room`');
    this.captureBytes += bytes;
    if (this.captureBytes > AGENT_LIMITS.captureBytes) {
      throw this.refuse(`a capture may hold ${AGENT_LIMITS.captureBytes} bytes`);
    }
  }
}

function article(kind: Block['kind']): string {
  return `${kind === 'if' ? 'an' : 'a'} \`${kind}\``;
}

function isBlock(op: OperationName): op is Block['kind'] {
  return BLOCKS.has(op);
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
