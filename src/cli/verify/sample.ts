/** Some of many: reservoir sampling (Vitter, "Random Sampling with a Reservoir", 1985, algorithm R). */
import { type Random } from '../../emulator/oracle/random';

export class Sample<T> {
  readonly items: T[] = [];
  #seen = 0;

  /** `size`: the most items kept, each of the incoming ones with equal probability. */
  constructor(
    private readonly size: number,
    private readonly random: Random,
  ) {}

  add(item: T): void {
    this.#seen++;
    if (this.items.length < this.size) {
      this.items.push(item);
      return;
    }
    const place = this.random.below(this.#seen);
    if (place < this.size) this.items[place] = item;
  }
}
