/**
 * What is visible at a place without being written in full: the namespaces, classes and packages around a function, and
 * what `using` brings in (DWARF 5 §3.2.3, §3.2.4).
 */
import { AT, TAG } from '../dwarf/constants';
import { ifWellFormed } from '../dwarf/debugInfo';
import { Entry } from '../dwarf/entry';
import { type Unit } from '../dwarf/unit';
import { type SourceLanguage } from '../model/model';
import { declarationOf, nameOf, qualifiedNameOf } from './names';

export interface VisibleNames {
  /** {@link LookupContext.visible}. */
  readonly prefixes: readonly (readonly string[])[];
  /** What a name's first part stands for, in full: of `using` declarations and of aliases of namespaces. */
  readonly aliases: ReadonlyMap<string, string>;
}

/** `blocks`: the function and the blocks in it, innermost first. */
export function visibleNames(blocks: readonly Entry[], unit: Unit | undefined, language: SourceLanguage): VisibleNames {
  const instance = blocks.at(-1);
  const name = (instance && ifWellFormed(() => qualifiedNameOf(instance))) ?? '';
  const around = language === 'go' ? [packageOf(name)] : scopesAround(name);
  const aliases = new Map<string, string>();
  const used = new Set<string>();
  if (language === 'c++') {
    for (const place of importingPlaces(blocks, unit)) for (const child of place) readImport(child, aliases, used);
  }
  // [namespace.udir]: as if they were declared in the nearest namespace that has both.
  const nearest = [...used].map((prefix) => commonScope(prefix, around));
  const prefixes = [...around, ''].map((scope) => [
    scope,
    ...[...used].filter((prefix, index) => nearest[index] === scope && prefix !== scope),
  ]);
  return { prefixes, aliases };
}

/** `net/http.` of `net/http.(*Server).Serve`. */
function packageOf(name: string): string {
  return /^(?:.*\/)?[^./]*\./.exec(name)?.[0] ?? '';
}

/** `a::B::`, `a::` of `a::B::f`. Template arguments hold names of their own. */
function scopesAround(name: string): string[] {
  const ends: number[] = [];
  let depth = 0;
  for (let at = 0; at < name.length; at++) {
    if (name[at] === '<') depth++;
    else if (name[at] === '>') depth--;
    else if (depth === 0 && name.startsWith('::', at)) ends.push(at + 2);
  }
  const whole = ends.map((end) => name.slice(0, end)).reverse();
  return whole.map((scope) => scope.replaceAll('(anonymous namespace)::', ''));
}

function commonScope(prefix: string, around: readonly string[]): string {
  return around.find((scope) => prefix.startsWith(scope)) ?? '';
}

/** What may hold imports: blocks, the namespaces around the function, the unit. */
function* importingPlaces(blocks: readonly Entry[], unit: Unit | undefined): IterableIterator<Iterable<Entry>> {
  for (const block of blocks) {
    yield block.children();
    const abstract = ifWellFormed(() => block.reference(AT.abstract_origin));
    if (abstract) yield abstract.children();
  }
  const instance = blocks.at(-1);
  let scope = instance && ifWellFormed(() => declarationOf(instance).parent);
  for (; scope && scope.index > 0; scope = scope.parent) if (scope.tag === TAG.namespace) yield scope.children();
  const root = unit && Entry.rootOf(unit);
  if (root) yield importsIn(unit);
}

/** The imports right in a unit, among what may be thousands of entries. */
function* importsIn({ entries }: Unit): IterableIterator<Entry> {
  for (const index of entries.children(0)) {
    const tag = entries.tags[index];
    if (tag === TAG.imported_declaration || tag === TAG.imported_module) yield Entry.of(entries, index);
  }
}

function readImport(entry: Entry, aliases: Map<string, string>, used: Set<string>): void {
  if (entry.tag !== TAG.imported_declaration && entry.tag !== TAG.imported_module) return;
  const imported = ifWellFormed(() => entry.reference(AT.import));
  const full = imported && ifWellFormed(() => qualifiedNameOf(imported));
  if (!imported || full === undefined) return;
  if (entry.tag === TAG.imported_module) used.add(`${full}::`);
  else {
    const alias = ifWellFormed(() => entry.string(AT.name) ?? nameOf(imported));
    if (alias !== undefined && !aliases.has(alias)) aliases.set(alias, full);
  }
}
