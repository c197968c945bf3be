/** Which unit describes an address: from .debug_aranges where that has the unit, else from the unit's own ranges. */
import { partitionPointOf } from '../../base/binarySearch';
import { readAranges, type UnitRange } from '../dwarf/aranges';
import { type DebugInfo, ifWellFormed } from '../dwarf/debugInfo';
import { Entry } from '../dwarf/entry';
import { type AddressRange, entryRanges } from '../dwarf/ranges';
import { type Unit } from '../dwarf/unit';
import { UNIT_MARK } from '../dwarf/unitDirectory';

export class UnitFinder {
  readonly #info: DebugInfo;
  readonly #isCode: (address: number) => boolean;
  #ranges: readonly UnitRange[] | undefined;

  constructor(info: DebugInfo, isCode: (address: number) => boolean) {
    this.#info = info;
    this.#isCode = isCode;
  }

  unitAt(address: number): Unit | undefined {
    const ranges = (this.#ranges ??= this.#collect());
    const range = ranges[partitionPointOf(ranges, ({ low }) => low <= address) - 1];
    return range && address < range.high ? this.#info.unitAt(range.unitOffset) : undefined;
  }

  #collect(): UnitRange[] {
    const ranges = ifWellFormed(() => readAranges(this.#info.file)) ?? [];
    const known = new Set(ranges.map(({ unitOffset }) => unitOffset));
    for (const unit of this.#info.unitsMarked(UNIT_MARK.code, known)) {
      const { offset: unitOffset } = unit.header;
      const own = ifWellFormed(() => rangesOf(unit)) ?? [];
      for (const { low, high } of own) ranges.push({ low, high, unitOffset });
    }
    return ranges.filter(({ low }) => this.#isCode(low)).sort((a, b) => a.low - b.low);
  }
}

function rangesOf(unit: Unit): readonly AddressRange[] {
  const root = Entry.rootOf(unit);
  return root ? entryRanges(root) : [];
}
