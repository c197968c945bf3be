/** Names near to one that was not found: what "did you mean" offers. */

const MAX_OFFERED = 5;

/** Letters that a name may differ in from `wanted` and still be offered: a third of them. */
export function similarityLimit(wanted: string): number {
  return Math.max(1, Math.floor(wanted.length / 3));
}

/** Whether `name` is `wanted` or near enough to be offered for it. */
export function isSimilar(wanted: string, name: string): boolean {
  const limit = similarityLimit(wanted);
  if (Math.abs(name.length - wanted.length) > limit) return false;
  return name === wanted || editDistance(wanted.toLowerCase(), name.toLowerCase(), limit) <= limit;
}

/** The names nearest to `wanted`, best first; none that differs in more than a third of its letters. */
export function mostSimilar(wanted: string, names: Iterable<string>): string[] {
  const limit = similarityLimit(wanted);
  const lower = wanted.toLowerCase();
  const scored: { readonly name: string; readonly distance: number }[] = [];
  for (const name of names) {
    if (name === wanted || Math.abs(name.length - wanted.length) > limit) continue;
    // Another case is nearer than another letter.
    const distance = editDistance(lower, name.toLowerCase(), limit);
    if (distance <= limit) scored.push({ name, distance });
  }
  scored.sort((a, b) => a.distance - b.distance || a.name.localeCompare(b.name));
  return [...new Set(scored.map(({ name }) => name))].slice(0, MAX_OFFERED);
}

/** The same for a pattern in which `*` is any letters: names that it would match with a few other letters. */
export function nearestToPattern(pattern: string, names: Iterable<string>): string[] {
  const letters = pattern.replaceAll('*', '').length;
  const limit = Math.max(1, Math.floor(letters / 3));
  const lower = pattern.toLowerCase();
  const scored = new Map<string, number>();
  for (const name of names) {
    if (name.length < letters - limit || scored.has(name)) continue;
    const distance = patternDistance(lower, name.toLowerCase());
    if (distance <= limit) scored.set(name, distance);
  }
  return [...scored]
    .sort(([a, from], [b, to]) => from - to || a.localeCompare(b))
    .slice(0, MAX_OFFERED)
    .map(([name]) => name);
}

/**
 * The ends of `paths` that are as long as `wanted`, in components, and nearest to it; those whose file has the very
 * name come first.
 */
export function similarFiles(wanted: string, paths: readonly string[]): string[] {
  const components = wanted.split('/');
  const ends = new Set(paths.map((path) => path.split('/').slice(-components.length).join('/')));
  const sameName = [...ends].filter((end) => end.split('/').at(-1) === components.at(-1));
  return [...new Set([...sameName, ...mostSimilar(wanted, ends)])].slice(0, MAX_OFFERED);
}

/**
 * Insertions, deletions, replacements and swaps of neighbours that turn `a` into `b`; anything above `limit` counts as
 * more.
 */
function editDistance(a: string, b: string, limit: number): number {
  let beforeLast = new Uint32Array(b.length + 1);
  let last = Uint32Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = new Uint32Array(b.length + 1);
    current[0] = row;
    for (let column = 1; column <= b.length; column++) {
      const cost = a[row - 1] === b[column - 1] ? 0 : 1;
      let distance = Math.min(last[column]! + 1, current[column - 1]! + 1, last[column - 1]! + cost);
      if (row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]) {
        distance = Math.min(distance, beforeLast[column - 2]! + 1);
      }
      current[column] = distance;
    }
    if (Math.min(...current) > limit) return limit + 1;
    beforeLast = last;
    last = current;
  }
  return last[b.length]!;
}

/** Insertions, deletions and replacements that make `pattern` match `name`. */
function patternDistance(pattern: string, name: string): number {
  let last = Uint32Array.from({ length: name.length + 1 }, (_, column) => column);
  for (const letter of pattern) {
    const current = new Uint32Array(name.length + 1);
    const isAny = letter === '*';
    current[0] = last[0]! + (isAny ? 0 : 1);
    for (let column = 1; column <= name.length; column++) {
      const [above, before] = [last[column]!, current[column - 1]!];
      const replaced = last[column - 1]! + (letter === name[column - 1] ? 0 : 1);
      current[column] = isAny ? Math.min(above, before) : Math.min(above + 1, before + 1, replaced);
    }
    last = current;
  }
  return last[name.length]!;
}
