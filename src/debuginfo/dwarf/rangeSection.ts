/** .debug_rnglists (DWARF 5 §7.25) and .debug_ranges (DWARF 4 §2.17.3) of one file. */
import { OverlapLimit } from '../../base/overlapLimit';
import { type ListBase, ListWalk } from './addressLists';
import { type DebugSections } from './sections';

/** [low, high) */
export interface AddressRange {
  readonly low: number;
  readonly high: number;
}

/** Who asks for a list: the entry's own key and its unit. */
export interface ListUser {
  readonly key: number;
  readonly unit: ListBase & { readonly key: number };
}

/** Lists of more ranges are kept once they are read; shorter ones are read again faster than they are found. */
const LONG = 64;

export class RangeLists {
  readonly #sections: DebugSections;
  /** By unit and offset, with the bytes that they take. */
  readonly #long = new Map<string, { readonly ranges: readonly AddressRange[]; readonly size: number }>();
  #limit: OverlapLimit | undefined;

  constructor(sections: DebugSections) {
    this.#sections = sections;
  }

  /** The list at `offset` of `section`, in its own order, without empty ranges. */
  at(section: '.debug_ranges' | '.debug_rnglists', offset: number, user: ListUser): readonly AddressRange[] {
    const name = `${section}${user.unit.key}:${offset}`;
    const known = this.#long.get(name);
    if (known) return this.#shared(section, user, known);
    const all = this.#sections.reader(section);
    if (offset > all.end) throw all.malformed('a range list lies past its end', offset);
    const reader = all.at(offset);
    const walk = new ListWalk(reader, section, user.unit);
    const ranges: AddressRange[] = [];
    while (walk.next()) if (walk.low < walk.high) ranges.push({ low: walk.low, high: walk.high });
    if (ranges.length <= LONG) return ranges;
    const list = { ranges, size: reader.offset - offset };
    this.#long.set(name, list);
    return this.#shared(section, user, list);
  }

  /** The ranges of a long list, which must not be those of many entries: all who look at these look at each range. */
  #shared(
    section: '.debug_ranges' | '.debug_rnglists',
    user: ListUser,
    { ranges, size }: { readonly ranges: readonly AddressRange[]; readonly size: number },
  ): readonly AddressRange[] {
    const { origin, end } = this.#sections.reader(section);
    this.#limit ??= new OverlapLimit(origin, end);
    this.#limit.read(user.key, size);
    return ranges;
  }
}
