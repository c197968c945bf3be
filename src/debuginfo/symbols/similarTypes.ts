/** Types whose names are near to one that means none, or that means several. */
import { AT, TYPE_TAGS } from '../dwarf/constants';
import { ifWellFormed } from '../dwarf/debugInfo';
import { Entry } from '../dwarf/entry';
import { type Unit } from '../dwarf/unit';
import { lastComponent, matchesName } from '../names/query';
import { mostSimilar } from '../names/similarity';
import { qualifiedNameOf } from './names';

/** Names in full, best first. */
export function similarTypes(units: Iterable<Unit>, name: string): readonly string[] {
  const wanted = name.replace(/^(?:struct|class|union|enum) /, '');
  const last = lastComponent(wanted);
  const meant = new Set<string>();
  const byLast = new Map<string, string>();
  for (const { entries } of units) {
    for (let index = 1; index < entries.length; index++) {
      if (!TYPE_TAGS.has(entries.tags[index] ?? 0) || !entries.has(index, AT.name)) continue;
      const qualified = ifWellFormed(() => qualifiedNameOf(Entry.of(entries, index)));
      if (qualified === undefined) continue;
      if (matchesName(qualified, wanted)) meant.add(qualified);
      else byLast.set(ownName(qualified), qualified);
    }
  }
  const similar = mostSimilar(ownName(last), byLast.keys()).flatMap((each) => byLast.get(each) ?? []);
  return [...meant, ...similar];
}

/** Without the scopes or the package before it. */
function ownName(qualified: string): string {
  return lastComponent(qualified).replace(/^.*\./, '');
}
