/**
 * Functions that GCC has split (-fpartial-inlining, a part of -O2). Their beginning, often a test that returns at once,
 * stays or is copied into callers, and calls a function NAME.part.N with the rest, which may be inlined there again. To
 * the debug information the rest is one more instance of the function; but a call has entered it at its beginning
 * already, and would count twice.
 *
 * Clones (NAME.constprop.N, NAME.isra.N) are whole functions, and code put aside as unlikely (NAME.cold) is of the
 * function's own ranges.
 */
import { AT, TAG } from '../dwarf/constants';
import { type Entry } from '../dwarf/entry';
import { entryAddress, isFunction } from './blocks';
import { declarationOf, inherited } from './names';
import { type Program } from './program';

const REST = /\.part\.\d+/;

/**
 * The instances through which calls enter: without the outlined part of functions that are entered at their beginning.
 */
export function withoutRests(program: Program, instances: readonly Entry[]): Entry[] {
  const entered = new Set(instances.filter((entry) => !isRest(program, entry)).map(functionKey));
  return instances.filter((entry) => !isRest(program, entry) || !entered.has(functionKey(entry)));
}

/** The instance itself; for an outlined part that was inlined after its beginning, the instance of both. */
export function wholeInstance(instance: Entry): Entry {
  let whole = instance;
  for (let around = beginningAround(whole); around; around = beginningAround(around)) whole = around;
  return whole;
}

function isRest(program: Program, instance: Entry): boolean {
  return instance.tag === TAG.subprogram ? isOutlinedRest(program, instance) : wholeInstance(instance) !== instance;
}

/** Only its symbol tells. */
function isOutlinedRest(program: Program, instance: Entry): boolean {
  const address = entryAddress(instance);
  const symbol = address === undefined ? undefined : program.facts.functionSymbol(address);
  return symbol !== undefined && symbol.address === address && REST.test(symbol.name);
}

/**
 * The instance of the same function around one that was called where that function is declared: no such call is in the
 * source.
 */
function beginningAround(instance: Entry): Entry | undefined {
  if (instance.tag !== TAG.inlined_subroutine) return undefined;
  let around = instance.parent;
  while (around && !isFunction(around)) around = around.parent;
  if (!around || functionKey(around) !== functionKey(instance)) return undefined;
  const isArtificial =
    isSame(instance.unsigned(AT.call_line), declared(instance, AT.decl_line)) &&
    isSame(instance.unsigned(AT.call_column), declared(instance, AT.decl_column));
  return isArtificial ? around : undefined;
}

function declared(instance: Entry, attribute: number): number | undefined {
  return inherited(instance, (origin) => origin.unsigned(attribute));
}

function isSame(called: number | undefined, there: number | undefined): boolean {
  return called !== undefined && called === there;
}

/** Identifies a function, for any of its instances. */
export function functionKey(entry: Entry): number {
  return declarationOf(entry).key;
}
