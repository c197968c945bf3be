/** The functions that a name means as a value: their addresses. */
import { AT, TAG } from '../dwarf/constants';
import { type Entry } from '../dwarf/entry';
import { entryAddress } from './blocks';
import { functionInstances } from './functionInstances';
import { type LookupContext } from './globals';
import { declarationOf, qualifiedNameOf, shortNameOf } from './names';
import { type Program } from './program';

export interface NamedFunction {
  readonly qualified: string;
  readonly entry: Entry;
  readonly address: number;
}

/** Those of the nearest scope that has the name, each once. `::name` is one that has this name in full. */
export function functionsNamed(program: Program, query: string, from: LookupContext): readonly NamedFunction[] {
  const isFull = query.startsWith('::');
  const name = isFull ? query.slice(2) : query;
  const visible = (isFull ? [['']] : from.visible).map((prefixes) => prefixes.map((prefix) => prefix + name));
  const found = new Map<number, NamedFunction & { readonly rank: number }>();
  for (const entry of functionInstances(program, name)) {
    const address = entry.tag === TAG.subprogram ? entryAddress(entry) : undefined;
    if (address === undefined || found.has(address)) continue;
    const [qualified, short] = [qualifiedNameOf(entry) ?? '', shortNameOf(entry)];
    const scope = visible.findIndex((group) => group.includes(qualified) || group.includes(short));
    if (scope < 0 && isFull) continue;
    const declared = declarationOf(entry);
    // Another file's own function is not visible.
    const isHidden = declared.unit !== from.unit && !declared.has(AT.external);
    const rank = (scope < 0 ? visible.length : scope) * 2 + (isHidden ? 1 : 0);
    found.set(address, { qualified, entry, address, rank });
  }
  const nearest = Math.min(...[...found.values()].map(({ rank }) => rank));
  return [...found.values()].filter(({ rank }) => rank === nearest);
}
