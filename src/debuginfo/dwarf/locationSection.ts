/** .debug_loclists (DWARF 5 §7.29) and .debug_loc (DWARF 4 §2.6.2) of one file. */
import { OverlapLimit } from '../../base/overlapLimit';
import { type ListBase, ListWalk } from './addressLists';
import { type DebugSections } from './sections';

export type LocationSection = '.debug_loc' | '.debug_loclists';

export class LocationLists {
  readonly #sections: DebugSections;
  readonly #isSplit: boolean;
  /** What was found at one address: many variables may name one list. */
  #pc: number | undefined;
  readonly #found = new Map<string, Uint8Array | undefined>();
  #limit: OverlapLimit | undefined;

  /** `isSplit`: of a .dwo or .dwp file. */
  constructor(sections: DebugSections, isSplit: boolean) {
    this.#sections = sections;
    this.#isSplit = isSplit;
  }

  /** The expression that the list at `offset` of `section` has for `pc`; undefined where nothing holds. */
  at(
    section: LocationSection,
    offset: number,
    unit: ListBase & { readonly key: number },
    pc: number,
  ): Uint8Array | undefined {
    const all = this.#sections.reader(section);
    if (pc !== this.#pc) {
      this.#pc = pc;
      this.#found.clear();
      this.#limit = undefined;
    }
    const name = `${section}${unit.key}:${offset}`;
    if (this.#found.has(name)) return this.#found.get(name);
    if (offset > all.end) throw all.malformed('a location list lies past its end', offset);
    const reader = all.at(offset);
    const kinds = section === '.debug_loc' && this.#isSplit ? '.debug_loc.dwo' : section;
    const expression = search(new ListWalk(reader, kinds, unit), pc);
    this.#limit ??= new OverlapLimit(all.origin, all.end);
    this.#limit.read(offset, reader.offset - offset);
    this.#found.set(name, expression);
    return expression;
  }
}

function search(walk: ListWalk, pc: number): Uint8Array | undefined {
  const { reader } = walk;
  let otherwise: Uint8Array | undefined;
  while (walk.next()) {
    const expression = reader.bytes(walk.hasShortLengths ? reader.u16() : reader.uleb());
    if (walk.isDefault) otherwise = expression;
    else if (pc >= walk.low && pc < walk.high) return expression;
  }
  return otherwise;
}
