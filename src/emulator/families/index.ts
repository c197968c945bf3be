/** All families in one table. */
import { type Instruction } from '../decode/instruction';
import { type MicroOperations } from '../ir/ir';
import { type Family, type Lift, Lifting } from '../ir/lift';
import { arithmetic } from './arithmetic';
import { bitManipulation } from './bitManipulation';
import { bits } from './bits';
import { conditions } from './conditions';
import { control } from './control';
import { conversions } from './conversions';
import { faults } from './faults';
import { flagTransfers } from './flagTransfers';
import { logic } from './logic';
import { moves } from './moves';
import { multiplication } from './multiplication';
import { shifts } from './shifts';
import { stack } from './stack';
import { strings } from './strings';

const FAMILIES: Readonly<Record<string, Family>> = {
  moves,
  stack,
  arithmetic,
  multiplication,
  logic,
  shifts,
  bits,
  bitManipulation,
  conditions,
  conversions,
  flagTransfers,
  strings,
  control,
  faults,
};

const LIFTS: ReadonlyMap<string, Lift> = new Map(Object.values(FAMILIES).flatMap((family) => Object.entries(family)));

/** The mnemonics that can be lifted, by family. */
export function liftedMnemonics(): Readonly<Record<string, readonly string[]>> {
  return Object.fromEntries(Object.entries(FAMILIES).map(([name, family]) => [name, Object.keys(family)]));
}

/** What the instruction does; `undefined` if no family has it. Not for instructions that {@link refusalOf} refuses. */
export function lift(instruction: Instruction): MicroOperations | undefined {
  const known = LIFTS.get(instruction.mnemonic);
  // Vector instructions share some names (movsd, cmpsd) but not their operands; AMD's extinct XOP encoding shares
  // bextr.
  if (known === undefined || instruction.operands.some(({ kind }) => kind === 'other')) return undefined;
  if (instruction.code.startsWith('XOP_')) return undefined;
  const lifting = new Lifting(instruction);
  known(lifting);
  return lifting.statements;
}
