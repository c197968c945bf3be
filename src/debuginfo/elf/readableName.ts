/**
 * Mangled symbol names that spell a plain qualified name (Itanium C++ ABI §5.1; Rust's legacy mangling borrows it):
 * `Parser::parse` for `_ZN6Parser5parseERK4Text`. For programs without debug information, so that their functions can
 * be found by the names in their sources. Names with templates, operators or substitutions stay as they are.
 */
import { assertExists } from '../../base/assert';

/** The qualified name that `symbol` spells, without parameters; undefined when it is not mangled or not that simple. */
export function readableName(symbol: string): string | undefined {
  if (!symbol.startsWith('_Z')) return undefined;
  // L: internal linkage.
  const single = /^_ZL?(?=\d)/.exec(symbol);
  if (single) return sourceNames(symbol, single[0].length, 1)?.names[0];
  // Qualifiers of member functions come before the names: restrict, volatile, const, & and &&.
  const nested = /^_ZN[rVK]*[RO]?(St|L)?(?=\d)/.exec(symbol);
  const parts = nested && sourceNames(symbol, nested[0].length, Infinity);
  if (!nested || !parts) return undefined;
  const names = nested[1] === 'St' ? ['std', ...parts.names] : parts.names;
  const last = assertExists(names.at(-1), 'last name');
  const special = /^([CD])[0-5]E/.exec(symbol.slice(parts.end));
  if (special) return [...names, special[1] === 'C' ? last : `~${last}`].join('::');
  if (symbol[parts.end] !== 'E') return undefined;
  // Rust ends its paths with a hash.
  return (/^h[0-9a-f]{16}$/.test(last) ? names.slice(0, -1) : names).map(unescapeRust).join('::');
}

/** Length-prefixed names from `at` on. */
function sourceNames(
  symbol: string,
  at: number,
  limit: number,
): { readonly names: string[]; readonly end: number } | undefined {
  const names: string[] = [];
  let end = at;
  while (names.length < limit) {
    const length = /^\d+/.exec(symbol.slice(end));
    if (!length) break;
    const start = end + length[0].length;
    end = start + Number(length[0]);
    if (end > symbol.length || end === start) return undefined;
    names.push(symbol.slice(start, end));
  }
  return names.length > 0 ? { names, end } : undefined;
}

const RUST_ESCAPES: Readonly<Record<string, string>> = {
  LT: '<',
  GT: '>',
  RF: '&',
  BP: '*',
  LP: '(',
  RP: ')',
  C: ',',
  u20: ' ',
  u7b: '{',
  u7d: '}',
  u5b: '[',
  u5d: ']',
};

function unescapeRust(name: string): string {
  return name
    .replace(/^_(?=\$)/, '')
    .replace(/\$(\w+)\$/g, (whole, code: string) => RUST_ESCAPES[code] ?? whole)
    .replaceAll('..', '::');
}
