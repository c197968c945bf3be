/** Units whose description lies where Sidestep does not look: in .dwo files (split DWARF, DWARF 5 §7.3.2). */
import { AT } from '../dwarf/constants';
import { type DebugInfo, ifWellFormed } from '../dwarf/debugInfo';

/** A sentence for the user, or none. */
export function unreadUnits(info: DebugInfo): string[] {
  const skeletons = info.units.filter((unit) => ifWellFormed(() => unit.isSkeleton) ?? false);
  const [first] = skeletons;
  if (!first) return [];
  const name = first.root?.string(AT.dwo_name) ?? first.root?.string(AT.GNU_dwo_name) ?? 'a .dwo file';
  const others = skeletons.length > 1 ? ` and ${skeletons.length - 1} more` : '';
  return [
    `${info.sections.path} describes its variables in ${name}${others}, which can't be read: lines and functions work, ` +
      'variables do not. Compile without -gsplit-dwarf.',
  ];
}
