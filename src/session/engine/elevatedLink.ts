/**
 * An engine that runs as root, started by sudo or pkexec, while this process is a user's. Neither passes descriptors
 * on, so it connects to a socket in a directory that only this user and root can enter. Where sudo wants a password and
 * has no terminal, one is opened if there is a way.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type Socket } from 'node:net';
import { constants } from 'node:os';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { assertExists } from '../../base/assert';
import { messageOf, SidestepError } from '../../base/errors';
import { elevated, type Elevation, elevationRefused, type PasswordSource, wantsPassword } from './elevation';
import { type Command, debuggeeStreams, engineCommand, type EngineLink, type Handed } from './engineLink';
import { type Connections, Meeting } from './meeting';
import { startStarter } from './execStub';

/** Opens a terminal that runs the command. Rejects where there is none. */
export type OpenTerminal = (command: readonly string[]) => Promise<void>;

export interface ElevatedOptions extends Handed {
  readonly script: string;
  readonly as: Elevation;
  /** For the password, where this process has no terminal. */
  readonly openTerminal?: OpenTerminal;
}

/**
 * $0: a directory. This shell's number is written there, and the status of a command that fails, also when the terminal
 * is closed.
 */
const IN_TERMINAL = `echo $$ > "$0/shell"; trap 'echo 1 > "$0/status"' HUP; "$@" || echo $? > "$0/status"`;

/** As shells count. */
const SIGNAL_STATUS_BASE = 128;

export function linkElevated(options: ElevatedOptions): EngineLink {
  const commands = new PassThrough();
  const messages = new PassThrough();
  const errors = new PassThrough();
  let starter: ChildProcess | undefined;
  let onDecided: (isConnected: boolean) => void;
  const decided = new Promise<boolean>((resolve) => (onDecided = resolve));
  return {
    commands,
    messages,
    errors,
    ended: converse(options, { commands, messages, errors }, (isConnected) => onDecided(isConnected)),
    get debuggee() {
      return starter === undefined
        ? { stdin: undefined, stdout: undefined, stderr: undefined }
        : debuggeeStreams(starter, [0, 1, 2]);
    },
    async prepareLaunch(wanted) {
      // A password may take its time.
      if (!(await decided)) return wanted;
      starter = await startStarter(wanted.cwd, options);
      return { ...wanted, starter: assertExists(starter.pid, 'pid of the starter') };
    },
  };
}

interface Streams {
  readonly commands: PassThrough;
  readonly messages: PassThrough;
  readonly errors: PassThrough;
}

/** From the start of the engine to its end. `onDecided`: it is there, or there will be none. */
async function converse(
  options: ElevatedOptions,
  streams: Streams,
  onDecided: (isConnected: boolean) => void,
): Promise<string | SidestepError> {
  let meeting: Meeting | undefined;
  try {
    meeting = await Meeting.open();
    const connections = await Promise.race([start(options, meeting), once(streams.commands, 'finish')]);
    if (!isConnected(connections)) return 'the session ended before it was there';
    const [conversation, errors] = connections;
    meeting.met();
    onDecided(true);
    streams.commands.pipe(conversation);
    // It is read only.
    errors.end();
    await Promise.all([passOn(conversation, streams.messages), passOn(errors, streams.errors)]);
    return 'its connection has ended';
  } catch (error) {
    return error instanceof SidestepError ? error : new SidestepError('elevation-refused', messageOf(error));
  } finally {
    onDecided(false);
    await meeting?.giveUp();
  }
}

function isConnected(outcome: Connections | unknown[]): outcome is Connections {
  return outcome.length === 2;
}

/** Resolves when all that came was read. */
async function passOn(socket: Socket, to: PassThrough): Promise<void> {
  socket.pipe(to, { end: false });
  socket.on('end', () => socket.end());
  socket.on('close', () => to.end());
  await once(to, 'end');
}

async function start({ script, as, openTerminal }: ElevatedOptions, meeting: Meeting): Promise<Connections> {
  const { command, env } = engineCommand(script);
  const variables = Object.entries(env).map(([name, value]) => `${name}=${value}`);
  const through = variables.length === 0 ? [] : ['/usr/bin/env', ...variables];
  const engine = [...through, ...command, meeting.path, String(process.pid)];
  const source: PasswordSource =
    process.env['SUDO_ASKPASS'] !== undefined ? 'askpass' : openTerminal === undefined ? 'terminal' : 'none';
  const first = await Promise.race([meeting.connections, failureOf(elevated(as, engine, source), meeting)]);
  if (!('said' in first)) return ofRoot(first, script, as);
  if (as === 'sudo' && source === 'none' && openTerminal !== undefined && wantsPassword(first.said)) {
    return ofRoot(await inTerminal(elevated(as, engine, 'terminal'), openTerminal, meeting), script, as);
  }
  throw elevationRefused(as, first.status, first.said);
}

/** The directory lets in root and this user. Only root was asked to come: the connections, if they are both root's. */
async function ofRoot(connections: Connections, script: string, as: Elevation): Promise<Connections> {
  const {
    command: [program, ...args],
    env,
  } = engineCommand(script);
  const child = spawn(program, [...args, '--peers'], {
    stdio: ['ignore', 'pipe', 'ignore', ...connections],
    env,
  });
  const users = await text(assertExists(child.stdout, 'pipe of the users')).catch(() => '');
  if (users === '0 0') return connections;
  for (const connection of connections) connection.destroy();
  throw elevationRefused(as, 1, 'the process that connected does not run as root');
}

interface Failure {
  /** `undefined`: it could not be started. */
  readonly status: number | undefined;
  readonly said: string;
}

/** Runs a command; resolves when it has failed. */
async function failureOf([command, ...args]: Command, meeting: Meeting): Promise<Failure> {
  const child = spawn(command, args, {
    // sudo opens the terminal itself.
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, LC_ALL: 'C' },
  });
  meeting.invited(child);
  const said = text(child.stderr).catch(() => '');
  const status = await new Promise<number | undefined>((resolve) => {
    child.once('error', () => resolve(undefined));
    child.once('exit', (code, signal) =>
      resolve(code ?? SIGNAL_STATUS_BASE + (signal === null ? 0 : constants.signals[signal])),
    );
  });
  // The engine has connected, or is about to be heard of.
  if (status === 0) return new Promise(() => undefined);
  return { status, said: status === undefined ? '' : await said };
}

async function inTerminal(
  command: readonly string[],
  openTerminal: OpenTerminal,
  meeting: Meeting,
): Promise<Connections> {
  meeting.hasTerminal = true;
  try {
    await openTerminal(['/bin/sh', '-c', IN_TERMINAL, meeting.directory, ...command]);
  } catch {
    meeting.hasTerminal = false;
    throw elevationRefused('sudo', 1, 'a terminal is required');
  }
  const failed = new Promise<never>((_, reject) => {
    void meeting
      .terminalEnded()
      .then((status) => reject(elevationRefused('sudo', status, 'its terminal shows the reason')));
  });
  return Promise.race([meeting.connections, failed]);
}
