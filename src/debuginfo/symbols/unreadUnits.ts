/** Units whose descriptions lie in .dwo files (DWARF 5 §7.3.2) that can't be had, as far as they were wanted. */
import { type Program } from './program';

/** .dwo files that are named at most. */
const MAX_NAMED = 3;

/** A sentence for the user, or none. */
export function unreadUnits({ info, split }: Program): string[] {
  const missing = split.missing();
  if (missing.length === 0) return [];
  const named = missing
    .slice(0, MAX_NAMED)
    .map(({ name, reason }) => (reason === undefined ? name : `${name} (${reason})`));
  const others = missing.length > named.length ? ` and ${missing.length - named.length} more` : '';
  return [
    `${info.file.path} describes its functions and variables in .dwo files, and can't have ${named.join(', ')}${others}: ` +
      'there, lines and functions with symbols work; variables, types and inlined functions do not. ' +
      'Rebuild it, or put the .dwo files, or a .dwp file made of them, beside it.',
  ];
}
