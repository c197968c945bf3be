/**
 * `npm start`: the example's folder in the real editor, with the extension in, ready for a click and F5. The desktop
 * editor where there is one, else code-server on a loopback address. Set-up and build have been done before.
 */
import { execFileSync, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { CodeServer } from './codeServer';

const ROOT = join(__dirname, '..');
const EXAMPLE = join(ROOT, 'examples/server');
const FIRST_FILE = join(EXAMPLE, 'handler.c');
const PORT = 8137;

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** In a terminal of a remote window, `code` is another program of that name, which takes no extension from a folder. */
function hasDesktopEditor({ PATH = '', DISPLAY, WAYLAND_DISPLAY, VSCODE_IPC_HOOK_CLI }: NodeJS.ProcessEnv): boolean {
  const screen = DISPLAY ?? WAYLAND_DISPLAY;
  return Boolean(screen) && !VSCODE_IPC_HOOK_CLI && PATH.split(delimiter).some((at) => existsSync(join(at, 'code')));
}

function openDesktopEditor(): void {
  // As root the editor insists on a profile of its own and can't use its sandbox.
  const asRoot = ['--no-sandbox', `--user-data-dir=${join(ROOT, '.cache/desktop-editor')}`];
  const flags = process.getuid?.() === 0 ? asRoot : [];
  spawn('code', [`--extensionDevelopmentPath=${ROOT}`, ...flags, '--new-window', EXAMPLE, FIRST_FILE], {
    stdio: 'inherit',
  });
}

async function openCodeServer(): Promise<void> {
  execFileSync(process.execPath, [join(ROOT, 'scripts/setup.mjs'), 'editor'], { stdio: 'inherit' });
  const server = await CodeServer.start({ home: join(ROOT, '.cache/editor'), extension: 'checkout', port: PORT });
  process.once('SIGINT', () => void server.stop());
  process.once('SIGTERM', () => void server.stop());
  say(
    `\nThe editor runs here, for anyone on this machine, until you press Ctrl+C:\n\n  ${server.url(EXAMPLE, FIRST_FILE)}\n`,
  );
  await server.exited;
}

async function main(): Promise<void> {
  execFileSync('make', ['--silent', '-C', EXAMPLE], { stdio: 'inherit' });
  say('Click beside a line of handler.c, or right-click there for a logpoint, and press F5.');
  if (hasDesktopEditor(process.env)) openDesktopEditor();
  else await openCodeServer();
}

void main();
