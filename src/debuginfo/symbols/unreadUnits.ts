/** Units whose description lies where Sidestep does not look: in .dwo files (split DWARF, DWARF 5 §7.3.2). */
import { AT } from '../dwarf/constants';
import { type DebugInfo, ifWellFormed } from '../dwarf/debugInfo';
import { Entry } from '../dwarf/entry';
import { UNIT_MARK } from '../dwarf/unitDirectory';

/** A sentence for the user, or none. */
export function unreadUnits(info: DebugInfo): string[] {
  const marked = [...info.unitsMarked(UNIT_MARK.skeleton)];
  const skeletons = marked.filter((unit) => ifWellFormed(() => unit.isSkeleton) ?? false);
  const [first] = skeletons;
  if (!first) return [];
  const root = Entry.rootOf(first);
  const name = root?.string(AT.dwo_name) ?? root?.string(AT.GNU_dwo_name) ?? 'a .dwo file';
  const others = skeletons.length > 1 ? ` and ${skeletons.length - 1} more` : '';
  return [
    `${info.file.path} describes its variables in ${name}${others}, which can't be read: lines and functions work, ` +
      'variables do not. Compile without -gsplit-dwarf.',
  ];
}
