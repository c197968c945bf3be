/**
 * The blocks around an address, from its out-of-line function inwards: lexical blocks and inlined functions (DWARF 5
 * §3.3.8, §3.5).
 */
import { assertExists } from '../../base/assert';
import { partitionPointOf } from '../../base/binarySearch';
import { AT, TAG } from '../dwarf/constants';
import { Entry } from '../dwarf/entry';
import { type AddressRange, entryRanges } from '../dwarf/ranges';
import { type Unit } from '../dwarf/unit';

interface Block {
  /** In the unit's entry table. */
  readonly index: number;
  readonly ranges: readonly AddressRange[];
}

/** The blocks right in an entry, by address. */
export class InnerBlocks {
  /** `highest`: the highest end of the ranges up to this one. */
  readonly #ranges: readonly (AddressRange & { readonly block: Block; readonly highest: number })[];

  /** `around`: the entry, in the unit's table. */
  constructor(unit: Unit, around: number) {
    const { entries } = unit;
    let highest = 0;
    this.#ranges = [...entries.children(around)]
      .filter((index) => BLOCKS.has(entries.tags[index]!))
      .flatMap((index) => {
        const block = { index, ranges: entryRanges(Entry.of(entries, index)) };
        return block.ranges.map(({ low, high }) => ({ low, high, block }));
      })
      .sort((a, b) => a.low - b.low)
      .map((range) => ({ ...range, highest: (highest = Math.max(highest, range.high)) }));
  }

  /** Those that hold `address` or end there, in the order in which they are described. */
  touching(address: number): readonly Block[] {
    const found = new Set<Block>();
    const after = partitionPointOf(this.#ranges, ({ low }) => low <= address);
    for (let at = after - 1; at >= 0; at--) {
      const { high, highest, block } = assertExists(this.#ranges[at], 'range');
      if (highest < address) break;
      if (high >= address) found.add(block);
    }
    return [...found].sort((a, b) => a.index - b.index);
  }
}

/** Keeps the inner blocks of a unit's entries: all rows of a function ask for its blocks. */
export interface BlockIndex {
  blocksIn(around: number): InnerBlocks;
}

const BLOCKS = new Set<number>([TAG.lexical_block, TAG.inlined_subroutine]);

/**
 * `subprogram` and, inside it, each block that holds `address`, outermost first. `index`: of its unit. `view`: which of
 * several rows of the line table at that address is meant (see {@link LineTable.viewOf}); inlined functions that start
 * at a later one are left out. `hasLine`: whether a function has that row's line.
 */
export function blocksAt(
  index: BlockIndex,
  subprogram: Entry,
  address: number,
  view = Infinity,
  hasLine: (instance: Entry) => boolean = () => false,
): Entry[] {
  const chain = [subprogram];
  const { entries } = subprogram.unit;
  for (let around: Entry | undefined = subprogram; around;) {
    around = innerBlock(around);
    if (around) chain.push(around);
  }
  return chain;

  function innerBlock(around: Entry): Entry | undefined {
    for (const block of index.blocksIn(around.index).touching(address)) {
      const entry = Entry.of(entries, block.index);
      if (holds(entry, block.ranges)) return entry;
    }
    return undefined;
  }

  function holds(block: Entry, ranges: readonly AddressRange[]): boolean {
    const range = ranges.find(({ low, high }) => address >= low && address < high) ?? endingAt(block, ranges);
    return range !== undefined && !(range.low === address && startsAfter(block, address, view, hasLine));
  }

  /** A statement that left no instruction stands after the last one of its function. */
  function endingAt(block: Entry, ranges: readonly AddressRange[]): AddressRange | undefined {
    const range = block.tag === TAG.inlined_subroutine ? ranges.find(({ high }) => high === address) : undefined;
    return range && hasLine(block) ? range : undefined;
  }
}

/**
 * gcc numbers the states of the program at one address (views), and says at which of them an inlined function is
 * entered. It says so for one copy of it: where another stretch of its code starts, the rows that speak of its lines
 * are its own.
 */
function startsAfter(block: Entry, address: number, view: number, hasLine: (instance: Entry) => boolean): boolean {
  if (view === Infinity || block.tag !== TAG.inlined_subroutine) return false;
  if (entryAddress(block) !== address) return !hasLine(block);
  return (block.unsigned(AT.GNU_entry_view) ?? 0) > view;
}

export function isFunction(entry: Entry): boolean {
  return entry.tag === TAG.subprogram || entry.tag === TAG.inlined_subroutine;
}

/** The last function in a chain of blocks: an inlined one, or the out-of-line one itself. */
export function innermostFunction(chain: readonly Entry[]): Entry {
  return chain.findLast(isFunction) ?? assertExists(chain[0], 'function around a block');
}

/** Where an instance is entered: its DW_AT_entry_pc, else its lowest address of its first range (DWARF 5 §2.18). */
export function entryAddress(instance: Entry): number | undefined {
  const entryPc = instance.attribute(AT.entry_pc);
  const first = entryRanges(instance)[0]?.low;
  if (!entryPc) return instance.address(AT.low_pc) || first;
  // Since DWARF 5 it may be an offset from the base address of the instance.
  const offset = entryPc.unsigned();
  return entryPc.address() ?? (offset === undefined ? first : (instance.address(AT.low_pc) ?? first ?? 0) + offset);
}
