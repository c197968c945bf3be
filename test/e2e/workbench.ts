/**
 * What a user does in the editor, done by a browser: opening files, clicking the gutter, writing logpoints, F5, reading
 * the Debug Console. Selectors are those of the VS Code workbench.
 */
import { type Browser, type Locator, type Page, chromium } from 'playwright-core';
import { HANG_MS } from '../until';

/** After so long without an effect something is done again. */
const TRY_MS = 3000;

export async function launchBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: [
      '--no-sandbox', // Chromium's own does not work for root
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}

export interface WindowOptions {
  readonly width?: number;
  readonly height?: number;
  /** Device pixels for each of them; 2 makes sharper pictures. */
  readonly scale?: number;
}

export class Workbench {
  private constructor(readonly page: Page) {}

  /** Opens a workspace in a window of its own, that knows nothing of earlier ones. */
  static async open(
    browser: Browser,
    url: string,
    { width = 1400, height = 900, scale = 1 }: WindowOptions = {},
  ): Promise<Workbench> {
    const context = await browser.newContext({ viewport: { width, height }, deviceScaleFactor: scale });
    const page = await context.newPage();
    page.setDefaultTimeout(HANG_MS);
    await page.goto(url);
    await page.locator('.explorer-folders-view .monaco-list-row').first().waitFor();
    return new Workbench(page);
  }

  async close(): Promise<void> {
    await this.page.context().close();
  }

  /** Opens a file of the workspace's top folder. */
  async openFile(name: string): Promise<void> {
    await this.page
      .locator('.explorer-folders-view .monaco-list-row', { hasText: new RegExp(`^${escape(name)}$`) })
      .dblclick();
    await this.page.locator('.tabs-container .tab.active', { hasText: name }).waitFor();
    await this.page.locator('#status\\.editor\\.mode').waitFor();
  }

  async goToLine(line: number): Promise<void> {
    await this.page.keyboard.press('Control+G');
    await this.page.locator('.quick-input-widget input').fill(`:${line}`);
    await this.page.keyboard.press('Enter');
    await this.#lineNumber(line).waitFor();
  }

  /** A click beside the line: a plain breakpoint. */
  async clickGutter(line: number): Promise<void> {
    await this.#hoverGutter(line, 'left');
  }

  /** The menu of the gutter, "Add Logpoint...", the message, Enter. */
  async addLogpoint(line: number, message: string): Promise<void> {
    const item = this.page.locator('.monaco-menu .action-item', { hasText: 'Add Logpoint...' });
    const widget = this.page.locator('.breakpoint-widget');
    const input = widget.locator('.monaco-editor');
    const written = widget.locator('.view-line', { hasText: message.replaceAll(' ', '\u00a0') });
    // A menu takes no clicks in its first tenth of a second, however busy the machine is then.
    await until(widget, async () => {
      if (!(await item.isVisible())) await this.#hoverGutter(line, 'right');
      await item.click({ timeout: TRY_MS });
    });
    // What else appears in the editor can take the focus, also while somebody is typing.
    await until(written, async () => {
      await input.click({ timeout: TRY_MS });
      await this.page.keyboard.press('Control+A');
      await this.page.keyboard.type(message);
    });
    await this.page.keyboard.press('Enter');
    await widget.waitFor({ state: 'detached' });
  }

  /** A mark in the gutter, by its icon's name without `codicon-`. */
  gutterMark(icon: string): Locator {
    return this.page.locator(`.glyph-margin-widgets .codicon-${icon}`).first();
  }

  /** Runs a command by its title in the command palette. */
  async runCommand(title: string): Promise<void> {
    await this.page.keyboard.press('F1');
    await this.pick(`>${title}`);
  }

  /** Types into the open quick pick and takes its first entry. */
  async pick(text: string): Promise<void> {
    const widget = this.page.locator('.quick-input-widget:visible');
    await widget.locator('input').fill(text);
    await widget
      .locator('.quick-input-list .monaco-list-row', { hasText: text.replace(/^>/, '') })
      .first()
      .waitFor();
    await this.page.keyboard.press('Enter');
  }

  async startDebugging(): Promise<void> {
    await this.page.keyboard.press('F5');
    await this.page.locator('.debug-toolbar').waitFor();
    await this.page.locator('.repl').waitFor();
  }

  /** Waits until the session has ended by itself. */
  async ended(): Promise<void> {
    await this.page.locator('.debug-toolbar').waitFor({ state: 'hidden' });
  }

  async stopDebugging(): Promise<void> {
    const toolbar = this.page.locator('.debug-toolbar');
    for (let tries = 0; (await toolbar.isVisible()) && tries < 20; tries++) {
      await this.page.keyboard.press('Shift+F5');
      await this.page.waitForTimeout(500);
    }
  }

  /** A row of the Debug Console with this text. Only those on screen exist; it shows the last ones. */
  consoleRow(text: string | RegExp): Locator {
    return this.page.locator('.repl .monaco-list-row', { hasText: text }).first();
  }

  /** Leaves only the rows of the Debug Console with one of these texts. */
  async filterConsole(...texts: string[]): Promise<void> {
    await this.page.locator('.panel .viewpane-filter input').fill(texts.join(','));
  }

  #lineNumber(line: number): Locator {
    return this.page.locator('.editor-instance .margin-view-overlays .line-numbers', {
      hasText: new RegExp(`^${line}$`),
    });
  }

  /** The gutter shows a hint under the mouse; a click that comes before it is lost. */
  async #hoverGutter(line: number, button: 'left' | 'right'): Promise<void> {
    const margin = await this.page.locator('.editor-instance .monaco-editor .margin').first().boundingBox();
    const number = await this.#lineNumber(line).boundingBox();
    if (!margin || !number) throw new Error(`line ${line} is not on screen`);
    const [x, y] = [margin.x + 9, number.y + number.height / 2];
    const hint = this.gutterMark('debug-hint');
    for (let tries = 0; tries < 50 && !(await hint.isVisible()); tries++) {
      await this.page.mouse.move(x + (tries % 2), y);
      await this.page.waitForTimeout(100);
    }
    await this.page.mouse.click(x, y, { button });
  }
}

/** Does as a user does who sees that nothing happens: once more, until what it is for is there. */
async function until(wanted: Locator, act: () => Promise<void>): Promise<void> {
  for (const since = Date.now(); ;) {
    try {
      await act();
      await wanted.waitFor({ timeout: TRY_MS });
      return;
    } catch (error) {
      if (Date.now() - since > HANG_MS) throw error;
    }
  }
}

function escape(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
