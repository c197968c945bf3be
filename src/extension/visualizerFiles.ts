/** Which Natvis files a session gets: those that launch.json names, then the workspace's own. */

/** `given`: of launch.json, where it may be anything; what is wrong with it the adapter says. */
export function visualizerFiles(given: unknown, found: readonly string[]): { readonly visualizerFile?: unknown } {
  const isList = Array.isArray(given);
  if (found.length === 0 || !(given === undefined || typeof given === 'string' || isList)) return {};
  const named: readonly unknown[] = isList ? given : given === undefined ? [] : [given];
  return { visualizerFile: [...named, ...found.toSorted().filter((path) => !named.includes(path))] };
}
