/** What micro-operations read and write, derived from the list itself. */
import { type MicroOperations, operandsOf, type Value, valuesOf } from './ir';
import { type Flag, FLAGS, type GeneralRegister } from '../machine/registers';
import { type UserRegisterName } from '../machine/state';

export interface MemoryAccess {
  readonly address: Value;
  readonly bytes: number;
}

export interface Effects {
  /** 64-bit registers of which any part is used. Writing only a part of a register does not count as reading it. */
  readonly registersRead: ReadonlySet<GeneralRegister>;
  readonly registersWritten: ReadonlySet<GeneralRegister>;
  readonly flagsRead: ReadonlySet<Flag>;
  /** Set to a value that is defined. */
  readonly flagsWritten: ReadonlySet<Flag>;
  readonly flagsUndefined: ReadonlySet<Flag>;
  readonly loads: readonly MemoryAccess[];
  readonly stores: readonly MemoryAccess[];
  readonly jumps: boolean;
}

export function effectsOf(operations: MicroOperations): Effects {
  const registersRead = new Set<GeneralRegister>();
  const registersWritten = new Set<GeneralRegister>();
  const flagsRead = new Set<Flag>();
  const flagsWritten = new Set<Flag>();
  const flagsUndefined = new Set<Flag>();
  const loads: MemoryAccess[] = [];
  const stores: MemoryAccess[] = [];
  let jumps = false;

  const seen = new Set<Value>();
  const read = (value: Value): void => {
    if (seen.has(value)) return;
    seen.add(value);
    if (value.op === 'register') registersRead.add(value.register);
    else if (value.op === 'flag') flagsRead.add(value.flag);
    else if (value.op === 'flags') for (const flag of FLAGS) flagsRead.add(flag);
    operandsOf(value).forEach(read);
  };

  // Of a repetition: one round.
  for (const statement of operations.flatMap((outer) => (outer.kind === 'repeat' ? outer.body : [outer]))) {
    valuesOf(statement).forEach(read);
    if (statement.kind === 'load') loads.push({ address: statement.address, bytes: bytesOf(statement.into) });
    else if (statement.kind === 'store') stores.push({ address: statement.address, bytes: bytesOf(statement.values) });
    else if (statement.kind === 'setRegister') registersWritten.add(statement.register);
    else if (statement.kind === 'setFlag') flagsWritten.add(statement.flag);
    else if (statement.kind === 'undefine') for (const flag of statement.flags) flagsUndefined.add(flag);
    else if (statement.kind === 'jump') jumps = true;
  }
  return { registersRead, registersWritten, flagsRead, flagsWritten, flagsUndefined, loads, stores, jumps };
}

/** Size of consecutive values in memory. */
export function bytesOf(values: readonly Value[]): number {
  return values.reduce((bytes, { width }) => bytes + width / 8, 0);
}

/**
 * The fields of user_regs_struct that must be written back. RIP is already one byte after the site, so a one-byte
 * instruction that doesn't jump does not write it.
 */
export function userRegistersWritten(effects: Effects, length: number): readonly UserRegisterName[] {
  const fields: UserRegisterName[] = [...effects.registersWritten];
  if (effects.flagsWritten.size > 0) fields.push('eflags');
  if (effects.jumps || length > 1) fields.push('rip');
  return fields;
}
