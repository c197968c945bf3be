/**
 * What launch.json says: the arguments of `launch` and `attach`, checked key by key. Keys that are not known are the
 * editor's own. A value that is wrong is an error that names its key.
 */
import { dirname, isAbsolute, resolve } from 'node:path';
import { type Follow } from '../../contract/messages';
import { type Elevation, ELEVATIONS } from '../../session/engine/elevation';
import { badConfiguration } from '../protocol/errors';

type Raw = Readonly<Record<string, unknown>>;

export type ConsoleKind = 'internalConsole' | 'integratedTerminal' | 'externalTerminal';

export interface TracingConfiguration {
  readonly sourceMap: Readonly<Record<string, string>>;
  readonly debugDirectories: readonly string[];
  /** Natvis files, absolute, earlier ones first. */
  readonly visualizerFiles: readonly string[];
  /** Debuginfod's cache and servers are used. */
  readonly debuginfod: boolean;
  readonly follow: Follow;
  /** How many sites a pattern may have; undefined: the session's default. */
  readonly maxSites?: number;
  /** What starts the engine as root; undefined: it is not elevated. */
  readonly elevation: Elevation | undefined;
}

export interface LaunchConfiguration extends TracingConfiguration {
  /** Absolute. */
  readonly program: string;
  readonly args: readonly string[];
  /** Absolute. */
  readonly cwd: string;
  /** Changes to the environment; null takes a variable away. */
  readonly env: Readonly<Record<string, string | null>>;
  readonly envFile: string | undefined;
  readonly console: ConsoleKind;
}

export interface AttachConfiguration extends TracingConfiguration {
  readonly pid: number;
}

const FOLLOWS: readonly Follow[] = ['none', 'children'];
const CONSOLES: readonly ConsoleKind[] = ['internalConsole', 'integratedTerminal', 'externalTerminal'];

export function readLaunch(raw: Raw): LaunchConfiguration {
  const program = text(raw, 'program');
  if (program === undefined || program === '') {
    throw badConfiguration('program', 'is missing', 'Give the path of an ELF executable, compiled with -g.');
  }
  const given = text(raw, 'cwd');
  if (given === undefined && !isAbsolute(program)) {
    throw badConfiguration('program', 'must be an absolute path if "cwd" is not given');
  }
  const cwd = resolve(given ?? dirname(program));
  const envFile = text(raw, 'envFile');
  return {
    ...readTracing(raw, cwd),
    program: resolve(cwd, program),
    args: texts(raw, 'args') ?? [],
    cwd,
    env: record(raw, 'env', isTextOrNull, 'strings or null') ?? {},
    envFile: envFile === undefined ? undefined : resolve(cwd, envFile),
    console: oneOf(raw, 'console', CONSOLES) ?? 'internalConsole',
  };
}

export function readAttach(raw: Raw): AttachConfiguration {
  const key = raw['pid'] === undefined && raw['processId'] !== undefined ? 'processId' : 'pid';
  const given = raw[key];
  const pid = typeof given === 'number' || typeof given === 'string' ? Number(given) : NaN;
  if (raw[key] === undefined)
    throw badConfiguration('pid', 'is missing', 'Give the process id, or ${command:pickProcess}.');
  if (!Number.isInteger(pid) || pid <= 0)
    throw badConfiguration(key, `must be a process id, not ${JSON.stringify(raw[key])}`);
  return { ...readTracing(raw), pid };
}

/** `cwd`: what paths are relative to; undefined: they must be absolute. */
function readTracing(raw: Raw, cwd?: string): TracingConfiguration {
  return {
    sourceMap: record(raw, 'sourceMap', isText, 'strings') ?? {},
    debugDirectories: texts(raw, 'debugDirectories') ?? [],
    visualizerFiles: readVisualizerFiles(raw, cwd),
    debuginfod: flag(raw, 'debuginfod') ?? true,
    follow: oneOf(raw, 'follow', FOLLOWS) ?? 'none',
    ...readMaxSites(raw),
    elevation: readElevation(raw),
  };
}

function readVisualizerFiles(raw: Raw, cwd: string | undefined): readonly string[] {
  const given = raw['visualizerFile'];
  const paths = isText(given) ? [given] : (texts(raw, 'visualizerFile', 'a string or a list of strings') ?? []);
  const relative = paths.find((path) => !isAbsolute(path));
  if (cwd === undefined && relative !== undefined) {
    throw badConfiguration('visualizerFile', `must be an absolute path, not ${JSON.stringify(relative)}`);
  }
  return paths.map((path) => resolve(cwd ?? '/', path));
}

function readMaxSites(raw: Raw): { readonly maxSites?: number } {
  const value = raw['maxSites'];
  if (value === undefined) return {};
  if (typeof value === 'number' && Number.isSafeInteger(value) && value > 0) return { maxSites: value };
  throw badConfiguration('maxSites', 'must be a whole number from 1 on');
}

function readElevation(raw: Raw): Elevation | undefined {
  const elevation = oneOf(raw, 'elevate', ['none', ...ELEVATIONS] as const);
  return elevation === 'none' ? undefined : elevation;
}

const isText = (value: unknown): value is string => typeof value === 'string';
const isTextOrNull = (value: unknown): value is string | null => value === null || isText(value);

function text(raw: Raw, key: string): string | undefined {
  const value = raw[key];
  if (value === undefined || isText(value)) return value;
  throw badConfiguration(key, 'must be a string');
}

function flag(raw: Raw, key: string): boolean | undefined {
  const value = raw[key];
  if (value === undefined || typeof value === 'boolean') return value;
  throw badConfiguration(key, 'must be true or false');
}

function texts(raw: Raw, key: string, what = 'a list of strings'): readonly string[] | undefined {
  const value = raw[key];
  if (value === undefined) return undefined;
  if (Array.isArray(value) && value.every(isText)) return value;
  throw badConfiguration(key, `must be ${what}`);
}

function record<T>(
  raw: Raw,
  key: string,
  accepts: (value: unknown) => value is T,
  what: string,
): Readonly<Record<string, T>> | undefined {
  const value = raw[key];
  if (value === undefined) return undefined;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw badConfiguration(key, `must be an object whose values are ${what}`);
  }
  const result: Record<string, T> = {};
  for (const [name, entry] of Object.entries(value)) {
    if (!accepts(entry)) throw badConfiguration(`${key}.${name}`, `must be one of ${what}`);
    result[name] = entry;
  }
  return result;
}

function oneOf<T extends string>(raw: Raw, key: string, choices: readonly T[]): T | undefined {
  const value = raw[key];
  if (value === undefined) return undefined;
  const choice = choices.find((candidate) => candidate === value);
  if (choice === undefined) throw badConfiguration(key, `must be one of ${choices.join(', ')}`);
  return choice;
}
