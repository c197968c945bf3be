/**
 * The main job, done in the real editor by mouse and keyboard: click beside a line, press F5, and a running program
 * logs.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser } from 'playwright-core';
import { CodeServer } from '../../scripts/codeServer';
import { Example } from './example';
import { Workbench, launchBrowser } from './workbench';

const ROOT = join(__dirname, '../..');

describe('in the editor', function () {
  let folder: string;
  let example: Example;
  let server: CodeServer;
  let browser: Browser;
  let workbench: Workbench;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'sidestep-editor-'));
    example = new Example(join(folder, 'server'));
    browser = await launchBrowser();
    server = await CodeServer.start({ home: join(folder, 'home'), extension: 'checkout' });
  });

  after(async () => {
    await browser.close();
    await server.stop();
    rmSync(folder, { recursive: true });
  });

  beforeEach(async () => {
    workbench = await Workbench.open(browser, server.url(example.folder));
    await workbench.openFile('handler.c');
  });

  afterEach(async function () {
    const title = this.currentTest?.title.replace(/\W+/g, '-') ?? 'unknown';
    mkdirSync(join(ROOT, 'out'), { recursive: true });
    await workbench.page.screenshot({ path: join(ROOT, 'out', `editor-${title}.png`) });
    await workbench.stopDebugging();
    await workbench.close();
  });

  const lineOf = (text: string): number => example.lineOf('handler.c', text);

  describe('without a launch.json', () => {
    const configurations = (): string => join(example.folder, '.vscode');

    before(() => renameSync(configurations(), join(folder, 'put-aside')));
    after(() => renameSync(join(folder, 'put-aside'), configurations()));

    it('a logpoint and F5 show every hit', async () => {
      await workbench.addLogpoint(lineOf('return version == 1'), 'stored {request->key}, version {version}');
      await workbench.gutterMark('debug-breakpoint-log').waitFor();
      await workbench.startDebugging();
      await workbench.ended();
      await workbench.filterConsole('stored');
      await workbench.consoleRow(/stored "user:\d+", version \d+/).waitFor();
      await workbench.filterConsole('counter reply_put', 'hits,');
      const counted = /counter reply_put (\d+)/.exec(await workbench.consoleRow('counter reply_put').innerText())?.[1];
      const hits = /([\d,]+) hits/.exec(await workbench.consoleRow(/: [\d,]+ hits,/).innerText())?.[1];
      assert.equal(Number(hits?.replaceAll(',', '')), Number(counted), 'hits, and what the program counted itself');
    });
  });

  it('a second click while the program runs adds a probe to it', async () => {
    await workbench.addLogpoint(lineOf('COUNT(reply_get)'), 'looked up {request->key}');
    await workbench.startDebugging();
    await workbench.consoleRow(/looked up "user:\d+"/).waitFor();
    await workbench.clickGutter(lineOf('COUNT(handle_request)'));
    await workbench.consoleRow(/handle_request\(/).waitFor();
    await workbench.consoleRow(/looked up "user:\d+"/).waitFor();
  });

  it('a logpoint whose message is wrong is hollow; the program runs', async () => {
    await workbench.addLogpoint(lineOf('COUNT(reply_get)'), '{request->no_such_member}');
    await workbench.startDebugging();
    await workbench.gutterMark('debug-breakpoint-log-unverified').waitFor();
  });

  describe('a process that runs already', () => {
    let running: ChildProcess;

    beforeEach(() => {
      running = spawn(example.program, ['--endless', '--rate', '10'], { stdio: 'ignore' });
    });
    afterEach(() => running.kill());

    it('is chosen from the list, logs, and runs on when the session ends', async () => {
      await workbench.addLogpoint(lineOf('COUNT(reply_get)'), 'looked up {request->key}');
      await workbench.chooseFrom('Sidestep: Attach to Process', String(running.pid));
      await workbench.consoleRow(/looked up "user:\d+"/).waitFor();
      await workbench.stopDebugging();
      assert.match(readFileSync(`/proc/${running.pid}/status`, 'utf8'), /^TracerPid:\t0$/m);
      assert.equal(running.exitCode, null);
    });
  });
});
