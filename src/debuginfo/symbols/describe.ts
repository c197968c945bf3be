/** What an address belongs to: source line, function, and who the function is inlined into. */
import { AT } from '../dwarf/constants';
import { type Entry } from '../dwarf/entry';
import { type SourceLine } from '../model/model';
import { isFunction } from './blocks';
import { inherited, qualifiedNameOf } from './names';
import { type Program } from './program';

export interface AddressDescription {
  readonly line: SourceLine | undefined;
  readonly function: string | undefined;
  readonly inlinedInto: readonly string[];
  /** The line of the function's name (DW_AT_decl_line), which comes before its statements'. */
  readonly declarationLine?: number;
}

export function describeAddress(program: Program, address: number): AddressDescription {
  const unit = program.unitAt(address);
  const table = unit && program.lines.tableOf(unit);
  const row = table?.rowAt(address);
  const functions = program.blocksAt(address).filter(isFunction).reverse();
  const names = functions.map(nameForReading);
  const declarationLine = functions[0] && inherited(functions[0], (entry) => entry.unsigned(AT.decl_line));
  return {
    ...(declarationLine !== undefined && { declarationLine }),
    line: table && row !== undefined ? program.lines.lineOfRow(table, row) : undefined,
    function: names[0],
    inlinedInto: names.slice(1),
  };
}

function nameForReading(entry: Entry): string {
  return qualifiedNameOf(entry) ?? '(unnamed function)';
}
