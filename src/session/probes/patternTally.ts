/**
 * What became of the places of a pattern, over all modules and processes, in few words: thousands of places may be
 * refused for a handful of reasons, and warned of in a handful of ways.
 */
import { type SidestepError } from '../../base/errors';
import { type FoundPlace, type Search } from './foundPlace';

/** Why one of a probe's places has no site. */
export interface PlaceFailure {
  readonly place: FoundPlace;
  readonly error: SidestepError;
}

/** How many warnings of single places are shown: more say the same of others. */
const SHOWN_WARNINGS = 5;
/** How many functions without code of their own are named. */
const SHOWN_NAMES = 3;

export class PatternTally {
  readonly #text: string;
  readonly #places = new Set<string>();
  /** Reasons, by place. */
  readonly #refused = new Map<string, string>();
  readonly #inlined = new Set<string>();
  readonly #warnings = new Set<string>();

  /** `text`: the probe's, as the user wrote it. */
  constructor(text: string) {
    this.#text = text;
  }

  /** `warnings`: of single places. */
  add(
    { places, refused = [], inlinedOnly = [] }: Search,
    failures: readonly PlaceFailure[],
    warnings: readonly string[],
  ): void {
    for (const place of places) this.#places.add(keyOf(place));
    for (const error of refused) this.#refuse(error.message, error);
    for (const { place, error } of failures) this.#refuse(keyOf(place), error);
    for (const name of inlinedOnly) this.#inlined.add(name);
    for (const warning of warnings) this.#warnings.add(warning);
  }

  /** `12 of 2,125 places can't be probed: 9 restartable sequence, 3 lock`; undefined if all can. */
  get refusals(): string | undefined {
    if (this.#refused.size === 0) return undefined;
    const sorted = [...this.reasons].sort(([, a], [, b]) => b - a).map(([reason, count]) => `${count} ${reason}`);
    const all = this.#places.size;
    return `${this.#refused.size} of ${all} ${all === 1 ? 'place' : 'places'} can't be probed: ${sorted.join(', ')}`;
  }

  /** How many places can't be probed, by reason. */
  get reasons(): ReadonlyMap<string, number> {
    const counts = new Map<string, number>();
    for (const reason of this.#refused.values()) counts.set(reason, (counts.get(reason) ?? 0) + 1);
    return counts;
  }

  get warnings(): readonly string[] {
    const { refusals } = this;
    const shown = [...this.#warnings].slice(0, SHOWN_WARNINGS);
    const more = this.#warnings.size - shown.length;
    return [
      ...(refusals === undefined ? [] : [`${this.#text}: ${refusals}; hits there are not counted`]),
      ...(this.#inlined.size === 0 ? [] : [this.#inlinedText]),
      ...shown,
      ...(more === 0 ? [] : [`${this.#text}: and ${more} more warnings about single places`]),
    ];
  }

  get #inlinedText(): string {
    const names = [...this.#inlined].slice(0, SHOWN_NAMES).join(', ');
    const etc = this.#inlined.size > SHOWN_NAMES ? ', …' : '';
    return (
      `${this.#text}: left out are functions that match but have no code of their own, because the compiler inlined ` +
      `all their calls: ${this.#inlined.size} (${names}${etc}); name one to probe its copies`
    );
  }

  #refuse(key: string, error: SidestepError): void {
    this.#places.add(key);
    this.#refused.set(key, (error.details.reason ?? error.code).replaceAll('-', ' '));
  }
}

/** The same in every process. */
function keyOf({ module, candidates, function: name, line }: FoundPlace): string {
  const [best] = candidates;
  const at = module && best !== undefined ? `${module.path} ${module.toLink(best)}` : `${best}`;
  return `${at} ${name ?? ''} ${line?.line ?? ''}`;
}
