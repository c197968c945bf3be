/** Source files as DAP names them: the name is for people, the path is the file's own. */
import { existsSync } from 'node:fs';
import { basename } from 'node:path';
import { type DebugProtocol } from '@vscode/debugprotocol';
import { printableName } from '../../base/printable';

export function toSource(path: string): DebugProtocol.Source {
  return { name: printableName(basename(path)), path };
}

/** With the hint that an editor can't show it, when the file is not on this machine. */
export function toLoadedSource(path: string): DebugProtocol.Source {
  return existsSync(path) ? toSource(path) : { ...toSource(path), presentationHint: 'deemphasize' };
}
