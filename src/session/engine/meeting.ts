/**
 * Where an engine that is root finds its client: a socket in a directory that only this user and root can enter. Its
 * path is on the command line of sudo or pkexec, readable by every user, and is valid as long as these wait for a
 * password. So they are ended when the session no longer waits for the engine, and the directory exists as long as they
 * do.
 */
import { type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { within } from '../../base/within';

export type Connections = readonly [conversation: Socket, errors: Socket];

const POLL_MS = 100;

/**
 * How long to wait for processes that were asked to end. One that takes longer does no harm: only the directory
 * remains.
 */
const END_PATIENCE_MS = 1000;

export class Meeting {
  readonly directory = mkdtempSync(join(tmpdir(), 'sidestep-'));
  readonly path = join(this.directory, 'engine');
  readonly connections: Promise<Connections>;
  readonly #server: Server;
  readonly #invited = new Set<ChildProcess>();
  readonly #sockets: Socket[] = [];
  #isOver = false;
  #isRemoved = false;
  /** A terminal was asked to run sudo. */
  hasTerminal = false;

  private constructor() {
    // Data that it sent before its end is still read afterwards.
    this.#server = createServer({ allowHalfOpen: true, pauseOnConnect: true });
    const sockets = this.#sockets;
    this.connections = new Promise((resolve) => {
      this.#server.on('connection', (socket) => {
        socket.on('error', () => undefined);
        sockets.push(socket);
        const [first, second] = sockets;
        if (!first || !second || sockets.length > 2) return;
        this.#server.close();
        resolve([first, second]);
      });
    });
  }

  /** Rejects where there can be no socket. */
  static async open(): Promise<Meeting> {
    const meeting = new Meeting();
    meeting.#server.listen(meeting.path);
    await once(meeting.#server, 'listening');
    return meeting;
  }

  /** A process that may become an engine that comes here. */
  invited(child: ChildProcess): void {
    this.#invited.add(child);
    // It may be root's by now, and can't be signalled then.
    child.on('error', () => this.#invited.delete(child));
    child.on('exit', () => this.#invited.delete(child));
  }

  /** Resolves with the status of what ran in the terminal, when that has failed. */
  terminalEnded(): Promise<number> {
    return new Promise((resolve) => {
      const poll = setInterval(() => {
        const status = this.#read('status');
        if (status !== undefined) resolve(status);
        if (status !== undefined || this.#isRemoved) clearInterval(poll);
      }, POLL_MS).unref();
    });
  }

  /** The engine has connected: the path is no longer needed. */
  met(): void {
    this.#isOver = true;
    this.#remove();
  }

  /**
   * Stops waiting for the engine, unless it has connected. Resolves when no process can use the path any more, or one
   * takes too long to end.
   */
  async giveUp(): Promise<void> {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    for (const child of this.#invited) end(child);
    if (this.hasTerminal) hangUp(this.#read('shell'));
    await within(END_PATIENCE_MS, this.#removeWhenUnfollowed());
  }

  async #removeWhenUnfollowed(): Promise<void> {
    while (isOnACommandLine(this.path)) await new Promise((resolve) => setTimeout(resolve, POLL_MS).unref());
    this.#remove();
  }

  #remove(): void {
    this.#isRemoved = true;
    rmSync(this.directory, { recursive: true, force: true });
  }

  #read(name: string): number | undefined {
    try {
      const text = readFileSync(join(this.directory, name), 'latin1').trim();
      return /^\d+$/.test(text) ? Number(text) : undefined;
    } catch {
      return undefined;
    }
  }
}

function end(child: ChildProcess): void {
  child.kill();
  // An end that is not waited for must not keep this process.
  child.unref();
  child.stderr?.destroy();
}

/**
 * Ends the terminal in which a shell runs: when the leader of its session ends, the kernel tells all that is in the
 * foreground, also sudo, which this user can't signal. Not where that session is this process's own.
 */
function hangUp(shell: number | undefined): void {
  const session = shell === undefined ? undefined : sessionOf(shell);
  if (session === undefined || session === sessionOf(process.pid)) return;
  try {
    // The script waits for sudo before it handles another signal; an interactive shell tidies up.
    process.kill(session, session === shell ? 'SIGKILL' : 'SIGHUP');
  } catch {
    // Gone in the meantime, or not this user's.
  }
}

/** Whether a process has the path among its arguments: those that may come, and what starts them. */
function isOnACommandLine(path: string): boolean {
  return readdirSync('/proc').some((name) => {
    try {
      return /^\d+$/.test(name) && readFileSync(`/proc/${name}/cmdline`, 'latin1').includes(path);
    } catch {
      return false; // gone meanwhile
    }
  });
}

/** proc_pid_stat(5): field 6; the second one is a name that may hold blanks and parentheses. */
function sessionOf(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const session = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[3]);
    return session > 0 ? session : undefined;
  } catch {
    return undefined;
  }
}
