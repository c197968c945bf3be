/** Paths and names of files in which `*` stands for any characters but `/`. */

/** Matches as a whole; `before`, `after`: what else may stand there, as a regular expression with its anchor. */
export function pathPattern(text: string, before = '^', after = '$'): RegExp {
  const parts = text.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`${before}${parts.join('[^/]*')}${after}`);
}
