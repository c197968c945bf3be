/**
 * Where the sources lie here against where they lay when the program was built: pairs of path prefixes, build → here,
 * as `sourceMap` in launch.json gives them. The longest prefix that fits wins.
 */
import { normalize } from 'node:path/posix';

export class SourceMap {
  readonly #pairs: readonly { readonly built: string; readonly here: string }[];

  constructor(map: Readonly<Record<string, string>> = {}) {
    this.#pairs = Object.entries(map).map(([built, here]) => ({ built: prefix(built), here: prefix(here) }));
  }

  /** Path on this machine of a file that debug information names. */
  toHere(file: string): string {
    return replaceLongest(file, this.#pairs, 'built', 'here');
  }

  /** Path in the debug information of a file on this machine. */
  toBuilt(file: string): string {
    return replaceLongest(file, this.#pairs, 'here', 'built');
  }
}

function prefix(path: string): string {
  const normal = normalize(path);
  return normal.length > 1 && normal.endsWith('/') ? normal.slice(0, -1) : normal;
}

type Side = 'built' | 'here';

function replaceLongest(file: string, pairs: readonly Readonly<Record<Side, string>>[], from: Side, to: Side): string {
  const best = pairs
    .filter((pair) => file === pair[from] || file.startsWith(pair[from] === '/' ? '/' : `${pair[from]}/`))
    .sort((a, b) => b[from].length - a[from].length)[0];
  return best === undefined ? file : normalize(`${best[to]}/${file.slice(best[from].length)}`);
}
