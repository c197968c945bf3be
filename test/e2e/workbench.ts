/**
 * What a user does in the editor, done by a browser: opening files, clicking the gutter, writing logpoints, F5, reading
 * the Debug Console. Selectors are those of the VS Code workbench.
 */
import { type Browser, type Locator, type Page, chromium } from 'playwright-core';
import { HANG_MS } from '../until';

/** After so long without an effect something is done again; the next time it may take twice as long. */
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
    await repeat(async (timeout) => {
      if (!(await item.isVisible())) await this.#hoverGutter(line, 'right');
      await item.click({ timeout });
      await widget.waitFor({ timeout });
    });
    // What else appears in the editor can take the focus, also while somebody is typing.
    await repeat(async (timeout) => {
      await input.click({ timeout });
      await this.page.keyboard.press('Control+A');
      await this.page.keyboard.type(message);
      await written.waitFor({ timeout });
    });
    await repeat(async (timeout) => {
      if (await widget.isVisible()) await input.click({ timeout });
      await this.page.keyboard.press('Enter');
      await widget.waitFor({ state: 'detached', timeout });
    });
  }

  /** A mark in the gutter, by its icon's name without `codicon-`. */
  gutterMark(icon: string): Locator {
    return this.page.locator(`.glyph-margin-widgets .codicon-${icon}`).first();
  }

  /**
   * Runs a command by its title in the command palette and takes an entry of the list that it shows. A list closes when
   * something else in the editor takes the focus; then all is done again.
   */
  async chooseFrom(command: string, entry: string): Promise<void> {
    await repeat(async (timeout) => {
      await this.page.keyboard.press('F1');
      await this.#pick(`>${command}`, timeout);
      await this.#pick(entry, timeout);
    });
  }

  /** Types into the open list and clicks its first entry with this text. */
  async #pick(text: string, timeout: number): Promise<void> {
    const widget = this.page.locator('.quick-input-widget:visible');
    await widget.locator('input').fill(text, { timeout });
    await widget
      .locator('.quick-input-list .monaco-list-row', { hasText: text.replace(/^>/, '') })
      .first()
      .click({ timeout });
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
    await repeat(async (timeout) => {
      if (await toolbar.isVisible()) await this.page.keyboard.press('Shift+F5');
      await toolbar.waitFor({ state: 'hidden', timeout });
    });
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
    for (const since = Date.now(); !(await hint.isVisible());) {
      if (Date.now() - since > HANG_MS) throw new Error(`waited in vain: a hint in the gutter at line ${line}`);
      for (const step of [1, 0]) await this.page.mouse.move(x + step, y);
    }
    await this.page.mouse.click(x, y, { button });
  }
}

/**
 * Does as a user does who sees that nothing happens: once more, until `act` succeeds. `act` throws where nothing has
 * happened within its `timeout`, in milliseconds.
 */
async function repeat(act: (timeout: number) => Promise<void>): Promise<void> {
  const since = Date.now();
  for (let timeout = TRY_MS; ; timeout *= 2) {
    try {
      await act(timeout);
      return;
    } catch (error) {
      if (Date.now() - since > HANG_MS) throw error;
    }
  }
}

function escape(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
