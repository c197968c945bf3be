/** What a name that a user typed matches, and what debug information stores of it. Names alone: no entries. */

/**
 * `name` without template arguments: `max<int>` → `max`, `Map<K, V>::find` → `Map::find`; operators keep their signs.
 */
export function withoutTemplateArguments(name: string): string {
  if (!name.includes('<') || /\boperator\s*[<-]/.test(name)) return name;
  let depth = 0;
  let plain = '';
  let before = '';
  for (const character of name) {
    if (character === '<') depth++;
    // Rust writes the type of a function `fn(A) -> B`.
    else if (character === '>' && depth > 0 && before !== '-') depth--;
    else if (depth === 0) plain += character;
    before = character;
  }
  return plain;
}

/** A query's last component, which is what debug information stores as a name. */
export function lastComponent(query: string): string {
  const plain = withoutTemplateArguments(query);
  const at = plain.lastIndexOf('::');
  return at < 0 ? plain : plain.slice(at + 2);
}

/** `parse(int, char)` → `parse`: the parameter list that a user may have copied along. Go's `(*T).method` stays. */
export function withoutParameters(query: string): string {
  return /[^(]\(.*\)( const)?$/.test(query) && !/operator\(\)$/.test(query) ? query.replace(/\(.*$/, '') : query;
}

/** Whether a query means this qualified name: whole, or from the start of one of its components. */
export function matchesName(qualified: string, query: string): boolean {
  return endsInName(qualified, query) || endsInName(withoutTemplateArguments(qualified), query);
}

function endsInName(qualified: string, query: string): boolean {
  if (!qualified.endsWith(query)) return false;
  const before = qualified.slice(0, qualified.length - query.length);
  // Go: people leave out where a package comes from, `net/` of `net/http.Client`.
  return before === '' || /(?:::|\.|\/)$/.test(before);
}
