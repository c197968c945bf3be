/** The code of one source line in one out-of-line function, and in one function's instance there. */
import { type FlowInstruction } from '../../base/controlFlow';
import { type Entry } from '../dwarf/entry';
import { type LineTable } from '../dwarf/lineTable';
import { type FunctionFlow } from './functionFlow';
import { type Program } from './program';

export interface LineRow {
  readonly table: LineTable;
  readonly row: number;
  readonly address: number;
}

export interface LineCode {
  readonly program: Program;
  readonly subprogram: Entry;
  /** The function that has the line: the out-of-line one, or one that is inlined there. */
  readonly instance: Entry;
  /** Its statement rows, those in the stretch that is entered first, otherwise by address. Never empty. */
  readonly rows: readonly LineRow[];
}

/** An instruction of the line, with the column that the line table gives it. */
export interface LineInstruction {
  readonly instruction: FlowInstruction;
  readonly column: number;
}

export function columnOf({ table, row }: LineRow): number {
  return table.columns[row]!;
}

/** All instructions of the line that do something: neither padding nor where a block or the function only ends. */
export function instructionsOf({ rows }: LineCode, flow: FunctionFlow): readonly LineInstruction[] {
  const [{ table, row: known }] = rows as [LineRow];
  return flow.instructions.flatMap((instruction) => {
    if (EMPTY.has(instruction.kind)) return [];
    const row = table.rowAt(instruction.address);
    const isOwn =
      row !== undefined && table.lines[row] === table.lines[known] && table.files[row] === table.files[known];
    return isOwn ? [{ instruction, column: table.columns[row]! }] : [];
  });
}

const EMPTY: ReadonlySet<FlowInstruction['kind']> = new Set(['pad', 'jump', 'return', 'end', 'invalid']);

/** Whether the instruction at `address` is of another line. */
export function isForeign(table: LineTable, row: number, address: number): boolean {
  const its = table.rowAt(address);
  return its !== undefined && table.lines[its] !== table.lines[row];
}
