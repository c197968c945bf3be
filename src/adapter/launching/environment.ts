/** The debuggee's environment: the adapter's own, then `envFile`, then `env`. */
import { readFileSync } from 'node:fs';
import { messageOf } from '../../base/errors';
import { type LaunchConfiguration } from './configuration';
import { badConfiguration } from '../protocol/errors';

/** Set by editors for the adapter's own start; it would turn an Electron program that is debugged into Node. */
const NOT_INHERITED = new Set(['ELECTRON_RUN_AS_NODE']);

export type EnvironmentChanges = Readonly<Record<string, string | null>>;

/** What `envFile` and `env` say together. */
export function environmentChanges({ env, envFile }: Pick<LaunchConfiguration, 'env' | 'envFile'>): EnvironmentChanges {
  return { ...(envFile === undefined ? {} : readEnvironmentFile(envFile)), ...env };
}

/**
 * The whole environment of a program that the engine starts itself: `NAME=value` each. `inherited`: such a list, too.
 */
export function completeEnvironment(inherited: readonly string[], changes: EnvironmentChanges): readonly string[] {
  const kept = inherited.filter((variable) => {
    const name = variable.slice(0, variable.indexOf('='));
    return !NOT_INHERITED.has(name) && !Object.hasOwn(changes, name);
  });
  const set = Object.entries(changes).flatMap(([name, value]) => (value === null ? [] : [`${name}=${value}`]));
  return [...kept, ...set];
}

function readEnvironmentFile(path: string): Record<string, string> {
  try {
    return parseEnvironment(readFileSync(path, 'utf8'));
  } catch (error) {
    throw badConfiguration('envFile', `can't be read: ${messageOf(error)}`);
  }
}

/**
 * `NAME=value` a line; `#` starts a comment line, `export ` may stand in front, quotes around the value are taken off.
 */
export function parseEnvironment(text: string): Record<string, string> {
  const result: Record<string, string> = {};
  for (const line of text.split(/\r?\n/)) {
    const match = /^\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*?)\s*$/.exec(line);
    const [, name, value] = match ?? [];
    if (name !== undefined && value !== undefined) result[name] = value.replace(/^(["'])(.*)\1$/, '$2');
  }
  return result;
}
