/** The command line: argv → {@link Command}. It knows nothing about files or processes; its errors are `bad-option`. */
import { parseArgs, type ParseArgsConfig } from 'node:util';
import { messageOf, SidestepError } from '../base/errors';
import { type Follow } from '../contract/messages';
import { type Elevation, ELEVATIONS } from '../session/engine/elevation';
import { type USAGE } from './usage';

/** What `run` and `attach` have in common. */
export interface TracingOptions {
  /** From -p and -f, in the order in which they were given. */
  readonly probes: readonly ProbeSource[];
  readonly format: 'text' | 'json';
  /** A file path; undefined: standard error. */
  readonly output: string | undefined;
  readonly durationMs: number | undefined;
  readonly maxHits: number | undefined;
  readonly debugDirectories: readonly string[];
  /** Natvis files, earlier ones first. */
  readonly natvisFiles: readonly string[];
  /** Debuginfod's cache and servers are used. */
  readonly debuginfod: boolean;
  readonly follow: Follow;
  /** How many sites a pattern may have; undefined: the session's default. */
  readonly maxSites?: number;
  /** What starts the engine as root; undefined: it is not elevated. */
  readonly elevation: Elevation | undefined;
}

/** What the commands that run nothing have in common. */
export interface AnalysisOptions {
  readonly json: boolean;
  /** Further directories with separate debug files. */
  readonly debugDirectories?: readonly string[];
}

export type ProbeSource =
  { readonly kind: 'line'; readonly text: string } | { readonly kind: 'file'; readonly path: string };

export type Command =
  | { readonly kind: 'help'; readonly topic: keyof typeof USAGE }
  | { readonly kind: 'version' }
  | {
      readonly kind: 'run';
      readonly program: string;
      readonly args: readonly string[];
      readonly tracing: TracingOptions;
    }
  | { readonly kind: 'attach'; readonly pid: number; readonly tracing: TracingOptions }
  | (AnalysisOptions & {
      readonly kind: 'sites';
      readonly binary: string;
      readonly location: string;
      readonly maxSites?: number;
    })
  | (AnalysisOptions & { readonly kind: 'coverage'; readonly binaries: readonly string[] })
  | (AnalysisOptions & {
      readonly kind: 'verify';
      readonly binaries: readonly string[];
      /** From how many states each instruction runs. */
      readonly states: number;
      /** undefined: any. */
      readonly seed: number | undefined;
      /** How many instructions at most; undefined: all. */
      readonly limit: number | undefined;
    });

const TRACING = {
  probe: { type: 'string', short: 'p', multiple: true },
  file: { type: 'string', short: 'f', multiple: true },
  format: { type: 'string' },
  output: { type: 'string', short: 'o' },
  duration: { type: 'string' },
  'max-hits': { type: 'string' },
  'max-sites': { type: 'string' },
  'debug-dir': { type: 'string', multiple: true },
  natvis: { type: 'string', multiple: true },
  'no-debuginfod': { type: 'boolean' },
  follow: { type: 'string' },
  elevate: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const satisfies ParseArgsConfig['options'];

const ANALYSIS = {
  json: { type: 'boolean' },
  'debug-dir': { type: 'string', multiple: true },
  help: { type: 'boolean', short: 'h' },
} as const satisfies ParseArgsConfig['options'];

const LOCATING = { ...ANALYSIS, 'max-sites': { type: 'string' } } as const satisfies ParseArgsConfig['options'];

const VERIFICATION = {
  ...ANALYSIS,
  states: { type: 'string' },
  seed: { type: 'string' },
  limit: { type: 'string' },
} as const satisfies ParseArgsConfig['options'];

const DEFAULT_STATES = 8;
/** All states of an instruction are in memory at once. */
const MAX_STATES = 10_000;
/** Seeds are 32 bits. */
const MAX_SEED = 0xffff_ffff;

/** `argv` without node and script. Throws SidestepError `bad-option`. */
export function parseCommand(argv: readonly string[]): Command {
  const [name, ...rest] = argv;
  switch (name) {
    case undefined:
      throw usageError('a command is missing', 'sidestep');
    case '--help':
    case '-h':
    case 'help':
      return { kind: 'help', topic: 'sidestep' };
    case '--version':
    case '-V':
      return { kind: 'version' };
    case 'run':
      return parseRun(rest);
    case 'attach':
      return parseAttach(rest);
    case 'sites':
      return parseSites(rest);
    case 'coverage':
      return parseCoverage(rest);
    case 'verify':
      return parseVerify(rest);
    default:
      throw usageError(`there is no command ${JSON.stringify(name)}`, 'sidestep');
  }
}

/**
 * The program starts at `--` or at the first word that is not an option; everything after that belongs to the program.
 */
function parseRun(argv: readonly string[]): Command {
  const { tokens } = parseArgs({ args: [...argv], options: TRACING, strict: false, tokens: true });
  const start = tokens.find((token) => token.kind === 'option-terminator' || token.kind === 'positional');
  const head = argv.slice(0, start?.index);
  const [program, ...args] = argv.slice(
    start?.kind === 'option-terminator' ? start.index + 1 : (start?.index ?? argv.length),
  );
  const { values } = parse('run', () => parseArgs({ args: head, options: TRACING, tokens: true }));
  if (values.help) return { kind: 'help', topic: 'run' };
  if (program === undefined) throw usageError('run needs a program', 'run');
  return { kind: 'run', program, args, tracing: tracingOptions('run', head, values) };
}

function parseAttach(argv: readonly string[]): Command {
  const { values, positionals } = parse('attach', () =>
    parseArgs({ args: [...argv], options: TRACING, allowPositionals: true }),
  );
  if (values.help) return { kind: 'help', topic: 'attach' };
  const [pid, surplus] = positionals;
  if (pid === undefined) throw usageError('attach needs a process id', 'attach');
  if (surplus !== undefined)
    throw usageError(`attach takes one process id, not also ${JSON.stringify(surplus)}`, 'attach');
  return {
    kind: 'attach',
    pid: positiveInteger('attach', 'the process id', pid),
    tracing: tracingOptions('attach', argv, values),
  };
}

function parseSites(argv: readonly string[]): Command {
  const { values, positionals } = parse('sites', () =>
    parseArgs({ args: [...argv], options: LOCATING, allowPositionals: true }),
  );
  if (values.help) return { kind: 'help', topic: 'sites' };
  const [binary, location, surplus] = positionals;
  if (binary === undefined || location === undefined) throw usageError('sites needs a binary and a location', 'sites');
  if (surplus !== undefined) throw usageError(`sites takes one location, not also ${JSON.stringify(surplus)}`, 'sites');
  return { kind: 'sites', binary, location, ...analysisOptions(values), ...maxSites('sites', values['max-sites']) };
}

function parseCoverage(argv: readonly string[]): Command {
  const { values, positionals } = parse('coverage', () =>
    parseArgs({ args: [...argv], options: ANALYSIS, allowPositionals: true }),
  );
  if (values.help) return { kind: 'help', topic: 'coverage' };
  if (positionals.length === 0) throw usageError('coverage needs a binary', 'coverage');
  return { kind: 'coverage', binaries: positionals, ...analysisOptions(values) };
}

function parseVerify(argv: readonly string[]): Command {
  const { values, positionals } = parse('verify', () =>
    parseArgs({ args: [...argv], options: VERIFICATION, allowPositionals: true }),
  );
  if (values.help) return { kind: 'help', topic: 'verify' };
  if (positionals.length === 0) throw usageError('verify needs a binary', 'verify');
  const { states, seed, limit } = values;
  return {
    kind: 'verify',
    binaries: positionals,
    ...analysisOptions(values),
    states: states === undefined ? DEFAULT_STATES : integer('verify', '--states', states, [1, MAX_STATES]),
    seed: seed === undefined ? undefined : integer('verify', '--seed', seed, [0, MAX_SEED]),
    limit: limit === undefined ? undefined : positiveInteger('verify', '--limit', limit),
  };
}

function analysisOptions(values: {
  readonly json?: boolean | undefined;
  readonly 'debug-dir'?: readonly string[] | undefined;
}): AnalysisOptions {
  const directories = values['debug-dir'];
  return { json: values.json ?? false, ...(directories && { debugDirectories: directories }) };
}

interface TracingValues {
  readonly format?: string | undefined;
  readonly output?: string | undefined;
  readonly duration?: string | undefined;
  readonly 'max-hits'?: string | undefined;
  readonly 'max-sites'?: string | undefined;
  readonly 'debug-dir'?: readonly string[] | undefined;
  readonly natvis?: readonly string[] | undefined;
  readonly 'no-debuginfod'?: boolean | undefined;
  readonly follow?: string | undefined;
  readonly elevate?: string | undefined;
}

function tracingOptions(topic: 'run' | 'attach', argv: readonly string[], values: TracingValues): TracingOptions {
  const format = values.format ?? 'text';
  if (format !== 'text' && format !== 'json') {
    throw usageError(`--format must be text or json, not ${JSON.stringify(format)}`, topic);
  }
  const follow = values.follow ?? 'none';
  if (follow !== 'none' && follow !== 'children') {
    throw usageError(`--follow must be none or children, not ${JSON.stringify(follow)}`, topic);
  }
  const elevation = ELEVATIONS.find((one) => one === values.elevate);
  if (values.elevate !== undefined && elevation === undefined) {
    throw usageError(`--elevate must be ${ELEVATIONS.join(' or ')}, not ${JSON.stringify(values.elevate)}`, topic);
  }
  const maxHits = values['max-hits'];
  return {
    probes: probeSources(argv),
    format,
    output: values.output,
    durationMs: values.duration === undefined ? undefined : milliseconds(topic, values.duration),
    maxHits: maxHits === undefined ? undefined : positiveInteger(topic, '--max-hits', maxHits),
    debugDirectories: values['debug-dir'] ?? [],
    natvisFiles: values.natvis ?? [],
    debuginfod: values['no-debuginfod'] !== true,
    follow,
    ...maxSites(topic, values['max-sites']),
    elevation,
  };
}

function maxSites(topic: keyof typeof USAGE, text: string | undefined): { readonly maxSites?: number } {
  return text === undefined ? {} : { maxSites: positiveInteger(topic, '--max-sites', text) };
}

/** -p and -f in the order of the command line, which numbers the probes. */
function probeSources(argv: readonly string[]): ProbeSource[] {
  const { tokens } = parseArgs({ args: [...argv], options: TRACING, allowPositionals: true, tokens: true });
  return tokens.flatMap((token): ProbeSource[] => {
    if (token.kind !== 'option' || token.value === undefined) return [];
    if (token.name === 'probe') return [{ kind: 'line', text: token.value }];
    return token.name === 'file' ? [{ kind: 'file', path: token.value }] : [];
  });
}

function milliseconds(topic: 'run' | 'attach', text: string): number {
  if (!/^\d+(\.\d*)?$|^\.\d+$/.test(text)) {
    throw usageError(`--duration must be in seconds, such as 10 or 0.5, not ${JSON.stringify(text)}`, topic);
  }
  return Number(text) * 1000;
}

function positiveInteger(topic: keyof typeof USAGE, what: string, text: string): number {
  return integer(topic, what, text, [1, Number.MAX_SAFE_INTEGER]);
}

function integer(
  topic: keyof typeof USAGE,
  what: string,
  text: string,
  [least, most]: readonly [number, number],
): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < least || value > most) {
    const range = most === Number.MAX_SAFE_INTEGER ? `${least} on` : `${least} to ${most}`;
    throw usageError(`${what} must be a whole number from ${range}, not ${JSON.stringify(text)}`, topic);
  }
  return value;
}

/** Runs Node's parser and rewords its errors. */
function parse<T>(topic: keyof typeof USAGE, parser: () => T): T {
  try {
    return parser();
  } catch (error) {
    throw usageError(messageOf(error).split(/\. |\.?\n/)[0] ?? '', topic);
  }
}

function usageError(message: string, topic: keyof typeof USAGE): SidestepError {
  const help = topic === 'sidestep' ? 'sidestep --help' : `sidestep ${topic} --help`;
  return new SidestepError('bad-option', message, { advice: `Run ${help} to see the usage.` });
}
