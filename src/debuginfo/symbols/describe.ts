/** What an address belongs to: source line, function, and who the function is inlined into. */
import { type Entry } from '../dwarf/entry';
import { type SourceLine } from '../model';
import { isFunction } from './blocks';
import { qualifiedNameOf } from './names';
import { type Program } from './program';

export interface AddressDescription {
  readonly line: SourceLine | undefined;
  readonly function: string | undefined;
  readonly inlinedInto: readonly string[];
}

export function describeAddress(program: Program, address: number): AddressDescription {
  const unit = program.unitAt(address);
  const table = unit && program.lines.tableOf(unit);
  const row = table?.rowAt(address);
  const names = program.blocksAt(address).filter(isFunction).map(nameForReading).reverse();
  return {
    line: row === undefined ? undefined : program.lines.lineOfRow(table!, row),
    function: names[0],
    inlinedInto: names.slice(1),
  };
}

function nameForReading(entry: Entry): string {
  return qualifiedNameOf(entry) ?? '(unnamed function)';
}
