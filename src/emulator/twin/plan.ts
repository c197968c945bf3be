/**
 * How the thread itself executes an atomic instruction that INT3 displaced: by a **twin**, an instruction elsewhere in
 * the program's text that does the same to the same memory when it starts from other registers. The plan says which
 * instructions can be its twin, what they start from, and how to derive the displaced instruction's result from what
 * they leave.
 *
 * Both follow from the lifted form of the instruction without LOCK. Given what memory holds, it computes everything
 * else. Given a well-chosen value instead, it computes the operand that a twin needs: the result of ADD on 0 is the
 * number that XADD must add.
 */
import { lift } from '../families';
import { type Instruction } from '../decode/instruction';
import { type MicroOperations } from '../ir/ir';
import { type TwinForm } from './forms';

export interface TwinPlan {
  /** The instruction's effect, apart from being atomic. */
  readonly operations: MicroOperations;
  /** Of the instruction, in bytes. */
  readonly length: number;
  /** In order of preference; at least one. */
  readonly ways: readonly TwinWay[];
}

/** One form that a twin can have, and how it is used. */
export interface TwinWay {
  readonly form: TwinForm;
  /**
   * The value of memory for computing the twin's operand: all bits 0, all bits 1, the accumulator, or what memory
   * really holds: then the twin is a CMPXCHG that swaps it for the result, perhaps as part of a larger block, and may
   * have to try again.
   */
  readonly given: 'zeros' | 'ones' | 'accumulator' | 'memory';
  /** The twin's source register: the value that the operations would store, the number of the bit in it, or none. */
  readonly source: 'result' | 'bitNumber' | undefined;
  /** Where the old value of memory is afterwards. If nowhere, the flags are the CPU's, or the thread's unchanged. */
  readonly answer: 'source' | 'accumulator' | 'pair' | 'flags' | undefined;
}

type Method = Omit<TwinWay, 'form'> & { readonly mnemonic: string };

const FETCH_ADD: Method = { mnemonic: 'xadd', given: 'zeros', source: 'result', answer: 'source' };

/** The instructions that one twin does at once, by mnemonic. */
const METHODS: Readonly<Record<string, Method | undefined>> = {
  // Instructions that add a number that does not depend on memory: x + c is c for x = 0.
  ...Object.fromEntries(['add', 'sub', 'adc', 'sbb', 'inc', 'dec', 'xadd'].map((name) => [name, FETCH_ADD])),
  or: { mnemonic: 'or', given: 'zeros', source: 'result', answer: 'flags' },
  xor: { mnemonic: 'xor', given: 'zeros', source: 'result', answer: 'flags' },
  and: { mnemonic: 'and', given: 'ones', source: 'result', answer: 'flags' },
  not: { mnemonic: 'xor', given: 'zeros', source: 'result', answer: undefined },
  bts: { mnemonic: 'bts', given: 'zeros', source: 'bitNumber', answer: 'flags' },
  btc: { mnemonic: 'btc', given: 'zeros', source: 'bitNumber', answer: 'flags' },
  btr: { mnemonic: 'btr', given: 'ones', source: 'bitNumber', answer: 'flags' },
  xchg: { mnemonic: 'xchg', given: 'zeros', source: 'result', answer: 'source' },
  // What it stores when the comparison holds.
  cmpxchg: { mnemonic: 'cmpxchg', given: 'accumulator', source: 'result', answer: 'accumulator' },
  cmpxchg8b: { mnemonic: 'cmpxchg8b', given: 'zeros', source: undefined, answer: 'pair' },
  cmpxchg16b: { mnemonic: 'cmpxchg16b', given: 'zeros', source: undefined, answer: 'pair' },
};

/** Widths of the CMPXCHG that can swap an operand of so many bits, the likeliest to be found first. */
const SWAPS: Readonly<Record<number, readonly TwinForm['width'][]>> = {
  8: [8, 32, 64, 16],
  16: [16, 32, 64],
  32: [32, 64],
  64: [64],
};

/** `undefined` if it is not an atomic read-modify-write of memory, or no family has it. */
export function twinPlanOf(instruction: Instruction): TwinPlan | undefined {
  const { mnemonic, lock, repeat, length, operands } = instruction;
  const memory = operands.find((operand) => operand.kind === 'memory');
  // A repeat prefix is a hint about hardware lock elision, which a twin must not have.
  if (memory === undefined || repeat !== undefined || !(lock || mnemonic === 'xchg')) return undefined;
  const operations = lift(instruction);
  const ways = waysOf(mnemonic, memory.width);
  return operations === undefined || ways.length === 0 ? undefined : { operations, length, ways };
}

function waysOf(mnemonic: string, width: number): readonly TwinWay[] {
  const method = METHODS[mnemonic];
  const ways: TwinWay[] = [];
  if (method !== undefined) {
    const { mnemonic: twin, ...rest } = method;
    ways.push({ form: { mnemonic: twin, width: width as TwinForm['width'] }, ...rest });
  }
  for (const swapped of SWAPS[width] ?? []) {
    if (mnemonic === 'cmpxchg' && swapped === width) continue;
    const form = { mnemonic: 'cmpxchg', width: swapped };
    ways.push({ form, given: 'memory', source: 'result', answer: 'accumulator' });
  }
  return ways;
}
