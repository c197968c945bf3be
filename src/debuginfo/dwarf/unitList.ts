/** The units of a section, each made when it is first asked for. */
import { partitionPoint } from '../../base/binarySearch';
import { type Unit } from './unit';
import { type UnitPlaces } from './unitDirectory';

export class UnitList {
  readonly #places: UnitPlaces;
  readonly #read: (offset: number, end: number) => Unit;
  readonly #units: (Unit | undefined)[];

  constructor(places: UnitPlaces, read: (offset: number, end: number) => Unit) {
    this.#places = places;
    this.#read = read;
    this.#units = new Array<Unit | undefined>(places.offsets.length).fill(undefined);
  }

  /** The unit that the byte at `offset` belongs to. */
  at(offset: number): Unit | undefined {
    const { offsets, ends } = this.#places;
    const index = partitionPoint(ends.length, (unit) => ends[unit]! <= offset);
    return index < ends.length && offsets[index]! <= offset ? this.#unit(index) : undefined;
  }

  /** Those that have one of the marks (`UNIT_MARK`), without those at the offsets of `known`. */
  *marked(marks: number, known: ReadonlySet<number>): IterableIterator<Unit> {
    const { offsets, marks: all } = this.#places;
    for (let index = 0; index < offsets.length; index++) {
      if ((all[index]! & marks) !== 0 && !known.has(offsets[index]!)) yield this.#unit(index);
    }
  }

  all(): Unit[] {
    return this.#units.map((_, index) => this.#unit(index));
  }

  #unit(index: number): Unit {
    const { offsets, ends } = this.#places;
    return (this.#units[index] ??= this.#read(offsets[index]!, ends[index]!));
  }
}
