/**
 * Constructors and destructors of several variants (Itanium C++ ABI §5.1.4.3): complete object (C1, D1), base object
 * (C2, D2), deleting (D0), and the common code that GCC makes of them (C4, D4; -fdeclone-ctor-dtor). Where one variant
 * hands over to another, a call passes both: the place is in the one that is reached last. Its linkage name identifies
 * a variant; its calls and jumps show what it hands over to.
 */
import { AT, TAG } from '../dwarf/constants';
import { type Entry } from '../dwarf/entry';
import { entryRanges, isIn } from '../dwarf/ranges';
import { entryAddress } from './blocks';
import { withoutTemplateArguments } from '../names/query';
import { inherited, linkageNameOf, qualifiedNameOf } from './names';
import { type Program } from './program';

/** Which variant hands over to which: to one with a higher rank. */
const RANKS = ['C3', 'D0', 'C1', 'D1', 'C2', 'D2', 'C4', 'D4', 'C5', 'D5'];

const DELETING = RANKS.indexOf('D0');
/** Abstract instances of common code have no linkage name. */
const UNKNOWN = { rank: -1, rest: '' };

interface Variant {
  readonly rank: number;
  /** The linkage name without the variant: the same for all variants of one. */
  readonly rest: string;
}

/** Leaves out instances from which a call goes on to another variant of the same constructor or destructor. */
export function withoutHandingOver(program: Program, instances: readonly Entry[]): Entry[] {
  if (instances.length < 2) return [...instances];
  return instances.filter((entry) => !handsOver(program, entry));
}

function handsOver(program: Program, instance: Entry): boolean {
  const own = variantOfInstance(program, instance);
  if (!own) return false;
  if (inlinesNext(instance, own)) return true;
  const address = entryAddress(instance);
  const subprogram = address === undefined ? undefined : program.functionAt(address);
  const ranges = entryRanges(instance);
  for (const { address: at, target } of (subprogram && program.flowOf(subprogram)?.exits()) ?? []) {
    const other = isIn(ranges, at) ? variantAt(program, target) : undefined;
    if (other && other.rest === own.rest && other.rank > own.rank) return true;
  }
  return false;
}

/**
 * Whether the next variant was inlined as the body of this one: the same function of the source, as another abstract
 * one.
 */
function inlinesNext(instance: Entry, own: Variant): boolean {
  for (const child of instance.children()) {
    if (child.tag !== TAG.inlined_subroutine || !isSameSource(child, instance)) continue;
    // Nothing may be left of a body that does nothing.
    if (entryRanges(child).length === 0) continue;
    if (own.rank === DELETING || rootKey(child) !== rootKey(instance)) return true;
  }
  return false;
}

function isSameSource(one: Entry, other: Entry): boolean {
  return [AT.decl_file, AT.decl_line, AT.decl_column].every((attribute) => {
    const read = (entry: Entry): number | undefined => inherited(entry, (origin) => origin.unsigned(attribute));
    return read(one) === read(other);
  });
}

function rootKey(instance: Entry): number | undefined {
  return instance.reference(AT.abstract_origin)?.key;
}

function variantOfInstance(program: Program, instance: Entry): Variant | undefined {
  // Most functions are neither.
  if (!isStructorName(instance)) return undefined;
  const address = instance.tag === TAG.subprogram ? entryAddress(instance) : undefined;
  return (
    (address === undefined ? undefined : variantAt(program, address)) ?? variantOf(linkageNameOf(instance)) ?? UNKNOWN
  );
}

/** Class and function have one name, or the function's begins with a tilde. */
function isStructorName(instance: Entry): boolean {
  const [last = '', before] = withoutTemplateArguments(qualifiedNameOf(instance) ?? '')
    .split('::')
    .reverse();
  return last.startsWith('~') || last === before;
}

/** Symbols know more than debug information: common code has none of its own there. */
function variantAt(program: Program, address: number): Variant | undefined {
  const symbol = program.facts.functionSymbol(address);
  return symbol?.address === address ? variantOf(symbol.name) : undefined;
}

function variantOf(linkageName: string | undefined): Variant | undefined {
  const found = /^(_ZN.*?)([CD][0-5])(E.*)$/.exec(linkageName ?? '');
  if (!found) return undefined;
  const [, before, variant, after] = found as unknown as [string, string, string, string];
  return { rank: RANKS.indexOf(variant), rest: `${before}${variant.charAt(0)}${after}` };
}
