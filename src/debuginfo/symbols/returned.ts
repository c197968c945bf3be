/**
 * What a function returns, and whether its value is where the ABI has it: compilers that see all callers of a function
 * need not keep to the ABI, and debug information does not say where they did not.
 */
import { AT, TAG } from '../dwarf/constants';
import { ifWellFormed } from '../dwarf/debugInfo';
import { Entry } from '../dwarf/entry';
import { type Returned } from '../model/model';
import { markingOf } from './marking';
import { declarationOf, inherited, languageOf, nameOf } from './names';
import { type Program } from './program';
import { type Types } from './types';

/** DW_CC_normal (DWARF 5 §7.15). */
const NORMAL = 1;

const UNUSED = '<not available: the compiler may leave out a value that no caller uses>';
const OTHER_ABI = "<not available: the function does not keep to the system's ABI>";
/** Options of GCC that change where values are returned; it writes its options into its name. */
const OTHER_ABIS = /\s-(?:fpcc-struct-return|mabi=ms|mx32)\b/;
const CHANGED = '<not available: the compiler changed what this copy returns>';

/** `symbols`: those at the function's entry. */
export function returnedOf(
  program: Program,
  types: Types,
  subprogram: Entry,
  symbols: readonly { readonly name: string; readonly local: boolean }[],
): Returned {
  const language = languageOf(declarationOf(subprogram).unit);
  const unreliable = whyUnreliable(program, subprogram, symbols);
  const results = language === 'go' ? goResults(types, subprogram) : resultOf(types, subprogram);
  return { language, results, ...(unreliable !== undefined && { unreliable }) };
}

function resultOf(types: Types, subprogram: Entry): Returned['results'] {
  const type = ifWellFormed(() =>
    inherited(subprogram, (origin) => (origin.has(AT.type) ? types.typeOf(origin) : undefined)),
  );
  return type === undefined || type.kind === 'void' ? [] : [{ name: undefined, type }];
}

/** Go describes results as parameters that are variables. */
function goResults(types: Types, subprogram: Entry): Returned['results'] {
  return [...subprogram.children()].flatMap((child) => {
    if (child.tag !== TAG.formal_parameter) return [];
    const isResult = inherited(child, (origin) => origin.flag(AT.variable_parameter) || undefined) === true;
    const type = inherited(child, (origin) => (origin.has(AT.type) ? types.typeOf(origin) : undefined));
    return isResult && type !== undefined ? [{ name: nameOf(child), type }] : [];
  });
}

function whyUnreliable(
  program: Program,
  subprogram: Entry,
  symbols: Parameters<typeof returnedOf>[3],
): string | undefined {
  const convention = inherited(subprogram, (origin) => origin.unsigned(AT.calling_convention));
  if (convention !== undefined && convention !== NORMAL) return OTHER_ABI;
  const { unit } = subprogram;
  const producer = Entry.rootOf(unit)?.string(AT.producer) ?? '';
  if (OTHER_ABIS.test(producer)) return OTHER_ABI;
  if (languageOf(unit) === 'go') {
    return /\bregabi\b/.test(producer) ? undefined : '<not available: this version of Go returns values on the stack>';
  }
  if (!isOptimised(program, subprogram)) return undefined;
  // GCC names the copies whose parameters and results it changed (-fipa-sra).
  if (producer.startsWith('GNU ')) return isWhole(symbols.map(({ name }) => name)) ? undefined : CHANGED;
  // LLVM does not, but only changes what no other file can call: DeadArgumentElimination.
  return symbols.some(({ local }) => !local) ? undefined : UNUSED;
}

function isWhole(names: readonly string[]): boolean {
  return names.length > 0 && names.every((name) => !/\.isra\.\d+/.test(name));
}

function isOptimised(program: Program, subprogram: Entry): boolean {
  const table = program.lines.tableOf(subprogram.unit);
  return (
    (table !== undefined && markingOf(table, subprogram.unit) !== 'plain') ||
    [AT.call_all_calls, AT.GNU_all_call_sites].some((attribute) => subprogram.flag(attribute))
  );
}
