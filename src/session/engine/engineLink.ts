/** The way to an engine: what carries requests there, and messages and last words back, however it was started. */
import { type ChildProcess, spawn } from 'node:child_process';
import { type Readable, type Writable } from 'node:stream';
import { assertExists } from '../../base/assert';
import { type SidestepError } from '../../base/errors';
import { type Requests } from '../../contract/messages';
import { DEBUGGEE_DESCRIPTORS, type DebuggeeStreams } from './engine';

/** What a stream of the debuggee is: a descriptor of this process, nothing, or a pipe to this process. */
export type DebuggeeStream = number | 'ignore' | 'pipe';

export type DebuggeeStdio = readonly [DebuggeeStream, DebuggeeStream, DebuggeeStream];

/**
 * `shared`: the debuggee stays in this process's terminal session and process group, so that it can read the terminal
 * and gets its Ctrl-C. `detached`: it gets a session of its own, without a terminal.
 */
export type TerminalUse = 'shared' | 'detached';

/** What a program that is launched has of this process. */
export interface Handed {
  readonly stdio: DebuggeeStdio;
  /** Descriptors above 2 that it gets under the same numbers. */
  readonly descriptors: readonly number[];
  readonly terminal: TerminalUse;
}

export interface EngineLink {
  readonly commands: Writable;
  readonly messages: Readable;
  /** What it prints about unforeseen errors. */
  readonly errors: Readable;
  /** Resolves when it is gone and all that it has sent was read: how it ended; an error where it never began. */
  readonly ended: Promise<string | SidestepError>;
  /** From the answer to `launch` on, at the latest. */
  readonly debuggee: DebuggeeStreams;
  /** What `launch` is to say instead. */
  prepareLaunch(wanted: Requests['launch']['arguments']): Promise<Requests['launch']['arguments']>;
}

/** A program and its arguments. */
export type Command = readonly [string, ...string[]];

/** The command that runs the engine's script, and the environment that it needs. */
export function engineCommand(script: string): { readonly command: Command; readonly env: Record<string, string> } {
  const isElectron = process.versions['electron'] !== undefined;
  return { command: [process.execPath, script], env: isElectron ? { ELECTRON_RUN_AS_NODE: '1' } : {} };
}

/**
 * An engine that is a child of this process, on pipes. It never fails at once: one that can't start is one that is soon
 * gone.
 */
export function linkToChild(script: string, { stdio, descriptors, terminal }: Handed): EngineLink {
  const {
    command: [program, ...args],
    env,
  } = engineCommand(script);
  const environment = { ...process.env, ...env };
  // Editors put the hooks of their own debuggers there.
  delete environment['NODE_OPTIONS'];
  const child = spawn(program, args, {
    stdio: ['pipe', 'pipe', 'pipe', ...stdio, ...descriptors],
    detached: terminal === 'detached',
    env: environment,
  });
  return {
    commands: assertExists(child.stdin, "the engine's command pipe"),
    messages: assertExists(child.stdout, "the engine's message pipe"),
    errors: assertExists(child.stderr, "the engine's error pipe"),
    ended: endOf(child),
    debuggee: debuggeeStreams(child, DEBUGGEE_DESCRIPTORS),
    prepareLaunch: (wanted) => {
      const first = 3 + stdio.length;
      const moves = descriptors.map((number, index) => [first + index, number] as const);
      return Promise.resolve({ ...wanted, descriptors: moves });
    },
  };
}

/**
 * Not the child's 'close': a debuggee that outlives a killed engine keeps its own streams open, which are pipes of the
 * child too.
 */
async function endOf(child: ChildProcess): Promise<string> {
  const read = Promise.all([child.stdout, child.stderr].map((pipe) => closed(pipe)));
  const how = await new Promise<string>((resolve) => {
    child.on('error', (error) => resolve(`it can't be started: ${error.message}`));
    child.on('exit', (code, signal) =>
      resolve(signal === null ? `it ended with status ${code ?? 'unknown'}` : `it was ended by ${signal}`),
    );
  });
  await read;
  return how;
}

/** Resolves when all that came through the pipe was read. */
function closed(pipe: Readable | null): Promise<void> {
  return new Promise((resolve) => (pipe ? pipe.on('close', resolve) : resolve()));
}

/** `descriptors`: those of the child that are the debuggee's 0, 1 and 2. */
export function debuggeeStreams(child: ChildProcess, descriptors: readonly number[]): DebuggeeStreams {
  const [stdin, stdout, stderr] = descriptors.map((descriptor) => child.stdio[descriptor] ?? undefined);
  return {
    stdin: stdin as Writable | undefined,
    stdout: stdout as Readable | undefined,
    stderr: stderr as Readable | undefined,
  };
}
