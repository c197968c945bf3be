/** Starts an engine: as this user's, or as root's where that is asked for. */
import { type Elevation } from './elevation';
import { linkElevated, type OpenTerminal } from './elevatedLink';
import { type Engine } from './engine';
import { type DebuggeeStdio, linkToChild, type TerminalUse } from './engineLink';
import { EngineProcess } from './engineProcess';

export interface EngineOptions {
  /** Path of the bundled engine. */
  readonly script: string;
  /** What the debuggee's stdin, stdout and stderr are; nothing by default. */
  readonly stdio?: DebuggeeStdio;
  /** Descriptors of this process, above 2, that the debuggee gets under the same numbers; none by default. */
  readonly descriptors?: readonly number[];
  readonly terminal: TerminalUse;
  /**
   * Who starts the engine as root, unless this process is root's already; by default nobody does, and it is this
   * user's.
   */
  readonly elevation?: Elevation | undefined;
  /** For the password that sudo asks for, where this process has no terminal. */
  readonly openTerminal?: OpenTerminal;
}

export type StartEngine = (options: EngineOptions) => Engine;

const NO_STREAMS: DebuggeeStdio = ['ignore', 'ignore', 'ignore'];

/** It never fails at once: an engine that can't start is one that is soon gone. */
export function startEngine({
  script,
  stdio = NO_STREAMS,
  descriptors = [],
  terminal,
  elevation,
  openTerminal,
}: EngineOptions): Engine {
  const handed = { stdio, descriptors, terminal };
  return new EngineProcess(
    elevation === undefined || process.getuid?.() === 0
      ? linkToChild(script, handed)
      : linkElevated({ script, as: elevation, ...handed, ...(openTerminal && { openTerminal }) }),
  );
}
