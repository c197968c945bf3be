/**
 * Launching in the editor's terminal. The terminal's shell must start the program, so that it owns the terminal and job
 * control works; but its first instruction must wait for the probes. So the terminal runs a shell script that says
 * which process it is, waits for a word, and then becomes the program by exec; in between it is attached to. It waits
 * by reading from a FIFO and not by stopping itself: the terminal's shell would take a stopped job for one that the
 * user put into the background.
 */
import { execFile } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { access, constants, mkdtemp, open, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { messageOf, SidestepError } from '../../base/errors';
import { ptraceScope } from '../../base/yama';
import { type WaitingProcess } from '../../session/session';
import { type Client } from '../protocol/connection';
import { type LaunchConfiguration } from './configuration';
import { type EnvironmentChanges } from './environment';

/**
 * $0: a directory with the FIFO `go`; the arguments are the program and its own. The file `pid` is whole when it
 * exists.
 */
const TRAMPOLINE = 'echo $$ > "$0/pid.part" && mv "$0/pid.part" "$0/pid" && read -r _ < "$0/go" && exec "$@"';

/**
 * Where Yama's ptrace_scope is 1, a process can only be traced by its parents and by the one that it names itself
 * (prctl(2), PR_SET_PTRACER), which holds on after exec. The shell can't name one; Perl can. It says nothing of a
 * locale that is not there (perldiag(1)), as the program will.
 */
const DECLARE = ['/bin/sh', '-c', 'PERL_BADLANG=0 exec /usr/bin/perl -e "$0" -- "$@"'] as const;
const DECLARATION =
  'delete $ENV{PERL_BADLANG}; syscall(157, 0x59616d61, 0 + shift) == 0 or warn "PR_SET_PTRACER: $!\\n"; exec { $ARGV[0] } @ARGV';
const PERL = '/usr/bin/perl';

/** How long a terminal may take to open. */
const PATIENCE_MS = 30_000;
const POLL_MS = 20;

export interface Circumstances {
  readonly changes: EnvironmentChanges;
  /** The engine's process id. */
  readonly tracer: number;
  /** Aborted when no one waits for the program any more. */
  readonly givenUp: AbortSignal;
}

/** Opens the terminal; `use` must let the process go. */
export async function withWaitingProcess<T>(
  client: Client,
  configuration: LaunchConfiguration,
  circumstances: Circumstances,
  use: (waiting: WaitingProcess) => Promise<T>,
): Promise<T> {
  await checkProgram(configuration.program);
  const directory = await mkdtemp(join(tmpdir(), 'sidestep-'));
  // An adapter that ends while the terminal is waited for never comes to the end of this.
  const remove = (): void => rmSync(directory, { recursive: true, force: true });
  process.once('exit', remove);
  try {
    return await waitIn(directory, client, configuration, circumstances, use);
  } finally {
    process.off('exit', remove);
    remove();
  }
}

async function waitIn<T>(
  directory: string,
  client: Client,
  configuration: LaunchConfiguration,
  circumstances: Circumstances,
  use: (waiting: WaitingProcess) => Promise<T>,
): Promise<T> {
  const fifo = join(directory, 'go');
  await promisify(execFile)('mkfifo', [fifo]);
  // Open for both directions: that never blocks (fifo(7)), and the word stays in it until it is read.
  const go = await open(fifo, 'r+');
  try {
    await openTerminal(client, configuration, circumstances, directory);
    const pid = await readPid(join(directory, 'pid'), circumstances.givenUp);
    return await use({ pid, letGo: () => go.appendFile('\n') });
  } finally {
    await go.close();
  }
}

/** Opens the editor's terminal for a command that asks for a password. */
export async function openPasswordTerminal(client: Client, command: readonly string[]): Promise<void> {
  await client.runInTerminal({ kind: 'integrated', title: 'Sidestep: sudo', cwd: '/', args: [...command], env: {} });
}

/** What the shell would only say in the terminal. */
async function checkProgram(program: string): Promise<void> {
  const place = { file: program };
  try {
    await access(program, constants.X_OK);
  } catch (cause) {
    throw (cause as NodeJS.ErrnoException).code === 'ENOENT'
      ? new SidestepError('program-not-found', `${program} does not exist`, { place, cause })
      : new SidestepError('program-not-executable', `${program} can't be executed: ${messageOf(cause)}`, {
          place,
          cause,
        });
  }
}

async function openTerminal(
  client: Client,
  { program, args, cwd, console }: LaunchConfiguration,
  { changes, tracer }: Circumstances,
  directory: string,
): Promise<void> {
  const declaration = mustBeNamed() ? [...DECLARE, DECLARATION, String(tracer)] : [];
  try {
    await client.runInTerminal({
      kind: console === 'externalTerminal' ? 'external' : 'integrated',
      title: `Sidestep: ${basename(program)}`,
      cwd,
      args: [...declaration, '/bin/sh', '-c', TRAMPOLINE, directory, program, ...args],
      env: changes,
    });
  } catch (error) {
    throw new SidestepError('launch-failed', `the editor can't run the program in a terminal: ${messageOf(error)}`, {
      advice: 'Set "console" to "internalConsole" in launch.json.',
    });
  }
}

/** Whether the process must, and can, permit a tracer that is not its ancestor. */
function mustBeNamed(): boolean {
  return ptraceScope() === '1' && existsSync(PERL);
}

async function readPid(file: string, givenUp: AbortSignal): Promise<number> {
  for (const start = performance.now(); performance.now() - start < PATIENCE_MS;) {
    if (givenUp.aborted) throw new SidestepError('launch-failed', 'the debug session ended before the program started');
    const text = await readFile(file, 'utf8').catch(() => undefined);
    if (text !== undefined) return Number(text);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  throw new SidestepError('launch-failed', `the program did not start in the terminal within ${PATIENCE_MS / 1000} s`, {
    advice: 'The terminal shows the reason.',
  });
}
