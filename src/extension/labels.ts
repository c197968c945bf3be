/**
 * Names of processes and files in what VS Code shows. Its lists take `$(name)` for an icon, its notifications
 * `[text](command:…)` for a link that runs a command; any process may have such a name.
 */
import { printableName } from '../base/printable';

/**
 * For a label, description or detail of a QuickPick item. A backslash makes an icon's name text (VS Code,
 * base/common/iconLabels).
 */
export function plainLabel(name: string): string {
  return printableName(name).replace(/\\?\$\(/g, '\\$(');
}

/** For a notification. */
export function plainNotice(name: string): string {
  return printableName(name).replace(/\]\(/g, '] (');
}
