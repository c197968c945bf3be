/**
 * MOVS, STOS, LODS, SCAS, CMPS, alone and repeated (Intel SDM vol. 1 §7.3.9). Every operand is where RSI or RDI points,
 * which then moves on by its size, up or down as DF says.
 */
import { type Block, type Value } from '../ir/ir';
import { type Family, type Lift, type Lifting } from '../ir/lift';
import { add, constant, flag, isNotZero, not, register, select, subtract } from '../ir/values';
import { subtractFlags } from './arithmeticFlags';

interface StringInstruction {
  readonly name: string;
  /** Of one round, without moving on. */
  readonly round: Lift;
  /** Ends at a comparison that differs (REPE) or does not (REPNE). */
  readonly compares?: boolean;
  readonly block?: (lifting: Lifting) => Block;
}

function compare(lifting: Lifting): void {
  const [left, right] = [lifting.read(0), lifting.read(1)];
  lifting.setFlags(subtractFlags(left, right, subtract(left, right)));
}

const INSTRUCTIONS: readonly StringInstruction[] = [
  {
    name: 'movs',
    round: (lifting) => lifting.write(0, lifting.read(1)),
    block: (lifting) => ({
      kind: 'copy',
      from: lifting.address(lifting.memory(1)),
      to: lifting.address(lifting.memory(0)),
      bytes: lifting.width(0) / 8,
    }),
  },
  {
    name: 'stos',
    round: (lifting) => lifting.write(0, lifting.read(1)),
    block: (lifting) => ({
      kind: 'fill',
      to: lifting.address(lifting.memory(0)),
      value: lifting.read(1),
      bytes: lifting.width(0) / 8,
    }),
  },
  { name: 'lods', round: (lifting) => lifting.write(0, lifting.read(1)) },
  { name: 'scas', round: compare, compares: true },
  { name: 'cmps', round: compare, compares: true },
];

const SIZES = ['b', 'w', 'd', 'q'];

export const strings: Family = Object.fromEntries(
  INSTRUCTIONS.flatMap((instruction) => SIZES.map((size) => [instruction.name + size, liftString(instruction)])),
);

function liftString({ round, compares = false, block }: StringInstruction): Lift {
  return (lifting) => {
    const { repeat } = lifting.instruction;
    if (repeat === undefined) {
      round(lifting);
      moveOn(lifting);
      return;
    }
    const counter = addressSize(lifting);
    const count = register('rcx', counter);
    // Whether a count of 0 clears the upper half of RCX is up to the processor.
    if (counter === 32) lifting.guard(isNotZero(count));
    lifting.repeat(
      (body) => {
        round(body);
        moveOn(body);
        body.set('rcx', subtract(count, constant(counter, 1)));
      },
      {
        counter,
        until: compares ? endOf(repeat) : undefined,
        block: counter === 64 ? block?.(lifting) : undefined,
      },
    );
  };
}

function endOf(repeat: 'rep' | 'repne'): Value {
  return repeat === 'rep' ? not(flag('ZF')) : flag('ZF');
}

function addressSize(lifting: Lifting): 32 | 64 {
  const operand = lifting.instruction.operands.find(({ kind }) => kind === 'memory');
  return operand?.kind === 'memory' ? operand.addressSize : 64;
}

/** RSI and RDI, whichever the operands use, to the next value. */
function moveOn(lifting: Lifting): void {
  for (const operand of lifting.instruction.operands) {
    if (operand.kind !== 'memory' || operand.base === undefined || operand.base === 'rip') continue;
    const { base, width, addressSize: size } = operand;
    const step = select(flag('DF'), constant(size, -width / 8), constant(size, width / 8));
    lifting.set(base, add(register(base, size), step));
  }
}
