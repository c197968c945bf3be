/**
 * The functions of one unit by address; its functions and global variables by what they are an instance or definition
 * of.
 */
import { partitionPointOf } from '../../base/binarySearch';
import { AT, TAG } from '../dwarf/constants';
import { ifWellFormed } from '../dwarf/debugInfo';
import { Entry } from '../dwarf/entry';
import { type AddressRange, entryRanges } from '../dwarf/ranges';
import { type Unit } from '../dwarf/unit';
import { type BlockIndex, InnerBlocks } from './blocks';

const FUNCTIONS = new Set<number>([TAG.subprogram, TAG.inlined_subroutine]);
/** Variables in these are local. */
const INSIDE = new Set<number>([...FUNCTIONS, TAG.lexical_block]);

const COMPLETIONS = [AT.abstract_origin, AT.specification];

interface FunctionRange extends AddressRange {
  /** In the unit's entry table. */
  readonly index: number;
}

export class UnitFunctions implements BlockIndex {
  readonly #unit: Unit;
  readonly #isCode: (address: number) => boolean;
  #byAddress: readonly FunctionRange[] | undefined;
  #instances: Map<number, number[]> | undefined;
  /** By the entry that they are in. */
  readonly #blocks = new Map<number, InnerBlocks>();

  constructor(unit: Unit, isCode: (address: number) => boolean) {
    this.#unit = unit;
    this.#isCode = isCode;
  }

  /** The out-of-line function whose code holds `address`. */
  functionAt(address: number): Entry | undefined {
    const ranges = this.ranges();
    const range = ranges[partitionPointOf(ranges, ({ low }) => low <= address) - 1];
    return range && address < range.high ? Entry.of(this.#unit.entries, range.index) : undefined;
  }

  blocksIn(around: number): InnerBlocks {
    let blocks = this.#blocks.get(around);
    if (!blocks) {
      blocks = new InnerBlocks(this.#unit, around);
      this.#blocks.set(around, blocks);
    }
    return blocks;
  }

  /** Code of the unit's out-of-line functions, by address. */
  ranges(): readonly FunctionRange[] {
    if (!this.#byAddress) {
      const { entries } = this.#unit;
      const ranges: FunctionRange[] = [];
      for (let index = 0; index < entries.length; index++) {
        if (entries.tags[index] !== TAG.subprogram) continue;
        for (const { low, high } of ifWellFormed(() => entryRanges(Entry.of(entries, index))) ?? []) {
          if (this.#isCode(low)) ranges.push({ low, high, index });
        }
      }
      this.#byAddress = ranges.sort((a, b) => a.low - b.low);
    }
    return this.#byAddress;
  }

  /**
   * Functions, inlined instances and global variables of this unit whose origin or declaration is the entry with `key`.
   */
  instancesOf(key: number): Entry[] {
    this.#instances ??= this.#indexInstances();
    return (this.#instances.get(key) ?? []).map((index) => Entry.of(this.#unit.entries, index));
  }

  #indexInstances(): Map<number, number[]> {
    const { entries } = this.#unit;
    const instances = new Map<number, number[]>();
    for (let index = 0; index < entries.length; index++) {
      const tag = entries.tags[index]!;
      const isGlobal = tag === TAG.variable && !INSIDE.has(entries.tags[entries.parents[index]!]!);
      if (!FUNCTIONS.has(tag) && !isGlobal) continue;
      const completes = COMPLETIONS.find((attribute) => entries.has(index, attribute));
      if (completes === undefined) continue;
      const key = ifWellFormed(() => Entry.of(entries, index).referenceKey(completes));
      if (key === undefined) continue;
      const known = instances.get(key);
      if (known) known.push(index);
      else instances.set(key, [index]);
    }
    return instances;
  }
}
