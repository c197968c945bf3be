/**
 * The walk through a range list or location list (DWARF 5 §7.7.3, §7.25, §7.29; DWARF 4 §2.6.2, §2.17.3): which
 * addresses each entry is about, whatever the entry's kind. Both sorts of list are encoded alike and differ in the
 * numbers of their kinds.
 */
import { type ByteReader } from '../../base/byteReader';
import { LLE, RLE } from './constants';

/** What a unit gives its lists. */
export interface ListBase {
  /** What offsets are relative to until an entry says otherwise (DWARF 5 §3.1.1). */
  readonly baseAddress: number;
  /** Address number `index` of the unit (DW_FORM_addrx). */
  addressAt(index: number): number;
}

type Step = 'end' | 'pass' | 'bounds' | 'default';

/** Reads one kind of entry, up to the expression in location lists. */
type Kind = (walk: ListWalk) => Step;

const end: Kind = () => 'end';
const base: Kind = (walk) => walk.rebase(walk.reader.number64());
const indexedBase: Kind = (walk) => walk.rebase(walk.indexed());
const indices: Kind = (walk) => walk.bounds(walk.indexed(), walk.indexed());
const indexAndLength: Kind = (walk) => walk.sized(walk.indexed());
const offsets: Kind = (walk) => walk.bounds(walk.base + walk.reader.uleb(), walk.base + walk.reader.uleb());
const addresses: Kind = (walk) => walk.bounds(walk.reader.number64(), walk.reader.number64());
const addressAndLength: Kind = (walk) => walk.sized(walk.reader.number64());
const fallback: Kind = () => 'default';
const views: Kind = (walk) => {
  walk.reader.uleb();
  walk.reader.uleb();
  return 'pass';
};

/** The largest address, which starts a new base in DWARF 4's lists, as a number. */
const BASE_SELECTION = 2 ** 64;

/** DWARF 2 to 4: pairs of addresses and no kinds. */
const pair: Kind = (walk) => {
  const low = walk.reader.number64();
  const high = walk.reader.number64();
  if (low === 0 && high === 0) return 'end';
  return low === BASE_SELECTION ? walk.rebase(high) : walk.bounds(walk.base + low, walk.base + high);
};

const RANGE_KINDS = new Map<number, Kind>([
  [RLE.end_of_list, end],
  [RLE.base_addressx, indexedBase],
  [RLE.startx_endx, indices],
  [RLE.startx_length, indexAndLength],
  [RLE.offset_pair, offsets],
  [RLE.base_address, base],
  [RLE.start_end, addresses],
  [RLE.start_length, addressAndLength],
]);

const LOCATION_KINDS = new Map<number, Kind>([
  [LLE.end_of_list, end],
  [LLE.base_addressx, indexedBase],
  [LLE.startx_endx, indices],
  [LLE.startx_length, indexAndLength],
  [LLE.offset_pair, offsets],
  [LLE.default_location, fallback],
  [LLE.base_address, base],
  [LLE.start_end, addresses],
  [LLE.start_length, addressAndLength],
  [LLE.GNU_view_pair, views],
]);

/** GNU's location lists in .dwo files of DWARF 4: kinds of DWARF 5's with lengths and offsets of four bytes. */
const SPLIT_LOCATION_KINDS = new Map<number, Kind>([
  [0, end],
  [1, indexedBase],
  [2, indices],
  [3, (walk) => walk.sized(walk.indexed(), walk.reader.u32())],
  [4, (walk) => walk.bounds(walk.base + walk.reader.u32(), walk.base + walk.reader.u32())],
]);

/** Sections of lists; the kinds of their entries, undefined where they have none. */
const KINDS = {
  '.debug_ranges': undefined,
  '.debug_rnglists': RANGE_KINDS,
  '.debug_loc': undefined,
  '.debug_loc.dwo': SPLIT_LOCATION_KINDS,
  '.debug_loclists': LOCATION_KINDS,
} as const;

export type ListSection = keyof typeof KINDS;

export class ListWalk {
  /** The addresses of the entry, [low, high). */
  low = 0;
  high = 0;
  /** The entry holds wherever no other one does. */
  isDefault = false;
  base: number;
  /** Before DWARF 5 the length of an expression took two bytes. */
  readonly hasShortLengths: boolean;
  readonly #kinds: ReadonlyMap<number, Kind> | undefined;
  readonly #unit: ListBase;

  /** `reader` stands at the list's start in `section`. */
  constructor(
    readonly reader: ByteReader,
    section: ListSection,
    unit: ListBase,
  ) {
    this.#kinds = KINDS[section];
    this.hasShortLengths = section === '.debug_loc' || section === '.debug_loc.dwo';
    this.#unit = unit;
    this.base = unit.baseAddress;
  }

  /**
   * Goes on to the next entry with addresses; false at the end. In location lists the reader is then at its expression.
   */
  next(): boolean {
    for (;;) {
      const start = this.reader.offset;
      const step = this.#kind(start)(this);
      if (step === 'end') return false;
      if (step === 'pass') continue;
      if (step === 'bounds' && this.low > this.high)
        throw this.reader.malformed('a range ends before it starts', start);
      this.isDefault = step === 'default';
      return true;
    }
  }

  rebase(base: number): Step {
    this.base = base;
    return 'pass';
  }

  bounds(low: number, high: number): Step {
    this.low = low;
    this.high = high;
    return 'bounds';
  }

  sized(low: number, length = this.reader.uleb()): Step {
    return this.bounds(low, low + length);
  }

  indexed(): number {
    return this.#unit.addressAt(this.reader.uleb());
  }

  #kind(start: number): Kind {
    if (!this.#kinds) return pair;
    const number = this.reader.u8();
    const kind = this.#kinds.get(number);
    if (!kind) throw this.reader.malformed(`a list entry of kind ${number} is unknown`, start);
    return kind;
  }
}
