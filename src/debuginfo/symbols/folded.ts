/**
 * Functions whose code a linker has folded into that of another one, which is equal (identical code folding:
 * --icf=all). Debug information still describes them, but at an address where no code is: what it says holds in the
 * other's code at the same distance from the start.
 */
import { AT, TAG } from '../dwarf/constants';
import { ifWellFormed } from '../dwarf/debugInfo';
import { type Entry } from '../dwarf/entry';
import { entryRanges } from '../dwarf/ranges';
import { type SourceLine } from '../model/model';
import { namedFunctions } from './functionInstances';
import { instancesOf } from './instances';
import { inherited, linkageNameOf, nameOf, qualifiedNameOf } from './names';
import { type Program } from './program';

export interface FoldedFunction {
  readonly entry: Entry;
  readonly name: string;
  /** Where it is declared: its lines have no code of their own. */
  readonly line: SourceLine | undefined;
  /** The address that its own code would begin at. */
  readonly low: number;
  /** In bytes. */
  readonly size: number;
}

/** The function of this qualified name that has no code left; `symbol`: its symbol's name, where that is known. */
export function findFolded(program: Program, name: string, symbol?: string): FoldedFunction | undefined {
  for (const named of namedFunctions(program, name)) {
    for (const entry of [named, ...instancesOf(program, named)]) {
      const range = ifWellFormed(() => emptiedRange(program, entry));
      const isNamed = symbol === undefined || symbol === linkageNameOf(entry) || symbol === nameOf(entry);
      if (!range || !isNamed) continue;
      return {
        entry,
        name: qualifiedNameOf(entry) ?? name,
        line: declarationOf(program, entry),
        low: range.low,
        size: range.high - range.low,
      };
    }
  }
  return undefined;
}

function emptiedRange(program: Program, entry: Entry): { readonly low: number; readonly high: number } | undefined {
  if (entry.tag !== TAG.subprogram || !entry.has(AT.low_pc)) return undefined;
  const [range] = entryRanges(entry);
  return range && !program.facts.isCode(range.low) ? range : undefined;
}

function declarationOf(program: Program, entry: Entry): SourceLine | undefined {
  const line = inherited(entry, (origin) => origin.unsigned(AT.decl_line));
  const file = inherited(entry, (origin) => {
    const number = origin.unsigned(AT.decl_file);
    return number === undefined ? undefined : program.lines.declaredFile(origin.unit, number);
  });
  return line === undefined || file === undefined ? undefined : { file, line, column: 0 };
}
