/** `npm run screenshot`: takes media/screenshot.png anew, the main job as the README shows it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Example } from '../test/e2e/example';
import { Workbench, launchBrowser } from '../test/e2e/workbench';
import { CodeServer } from './codeServer';

const ROOT = join(__dirname, '..');
const SETTINGS = {
  'workbench.colorTheme': 'Default Dark Modern',
  'workbench.activityBar.location': 'hidden',
  'window.commandCenter': false,
  'breadcrumbs.enabled': false,
  'editor.minimap.enabled': false,
  'editor.fontSize': 13,
};

async function main(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'sidestep-screenshot-'));
  const example = new Example(join(folder, 'server'));
  const lineOf = (text: string): number => example.lineOf('handler.c', text);
  const server = await CodeServer.start({ home: join(folder, 'home'), extension: 'checkout', settings: SETTINGS });
  const browser = await launchBrowser();
  try {
    const workbench = await Workbench.open(browser, server.url(example.folder), { width: 1240, height: 860, scale: 2 });
    await workbench.openFile('handler.c');
    await workbench.addLogpoint(lineOf('COUNT(reply_get)'), '{request->key} found: {found}');
    await workbench.addLogpoint(
      lineOf('return version == 1'),
      '{request->key} stored, version {version}, for {request->client->name}',
    );
    await workbench.startDebugging();
    await workbench.consoleRow(/stored, version/).waitFor();
    await workbench.clickGutter(lineOf('store_delete('));
    await workbench.consoleRow(/delete\(/).waitFor();
    await workbench.page.screenshot({ path: join(ROOT, 'media/screenshot.png') });
    await workbench.stopDebugging();
  } finally {
    await browser.close();
    await server.stop();
    rmSync(folder, { recursive: true });
  }
}

void main();
