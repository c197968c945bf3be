/** Comparing source paths of the user's machine with those of the machine that built the program. */

/** Whether `path` ends in the whole components of `suffix`. */
export function isPathSuffix(path: string, suffix: string): boolean {
  const wanted = suffix.replace(/^(\.\/)+/, '');
  return path === wanted || path.endsWith(`/${wanted}`);
}

/** How many whole components two paths share at their ends. */
export function commonSuffixLength(a: string, b: string): number {
  const left = a.split('/').reverse();
  const right = b.split('/').reverse();
  let shared = 0;
  while (shared < left.length && shared < right.length && left[shared] === right[shared]) shared++;
  return shared;
}
