/**
 * An engine whose system calls fail as a plan says: the real one's sources, with the doubles beside this file in the
 * place of two modules.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Plugin } from 'esbuild';
import { bundleEngine } from '../engineBundle';
import { EngineClient } from '../engineClient';
import { type Failure, type Plan, PLAN_VARIABLE, type Tally, tallyFile } from './plan';

const OUTPUT = join(__dirname, '../../../out/engine');
const SCRIPT = join(OUTPUT, 'failingEngine.js');

/** Bundles it; once, before the first {@link FailingEngine}. */
export async function buildFailingEngine(): Promise<void> {
  await bundleEngine('failingEngine', doubles);
}

const doubles: Plugin = {
  name: 'doubles',
  setup(builder) {
    const ofEngine = (importer: string): boolean => importer.includes('/src/engine/');
    builder.onResolve({ filter: /\/libc$/ }, ({ importer }) =>
      ofEngine(importer) ? { path: join(__dirname, 'libc.ts') } : undefined,
    );
    builder.onResolve({ filter: /^node:fs$/ }, ({ importer }) =>
      ofEngine(importer) ? { path: join(__dirname, 'fs.ts') } : undefined,
    );
  },
};

export class FailingEngine {
  readonly client: EngineClient;
  readonly #folder = mkdtempSync(join(OUTPUT, 'plan-'));
  readonly #planFile = join(this.#folder, 'plan');
  #serial = 0;

  /** `atStart`: what fails before the first request. */
  constructor(...atStart: readonly Failure[]) {
    this.#write({ serial: 0, failures: atStart });
    this.client = new EngineClient(SCRIPT, { [PLAN_VARIABLE]: this.#planFile });
  }

  /**
   * From the next request on this is what fails, or nothing. Returns what was called, and whether it failed, since the
   * last time.
   */
  async plan(...failures: readonly Failure[]): Promise<Tally> {
    await this.client.event('ready');
    this.#write({ serial: ++this.#serial, failures });
    await this.client.counts();
    return JSON.parse(readFileSync(tallyFile(this.#planFile), 'utf8')) as Tally;
  }

  async close(): Promise<void> {
    await this.client.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** Ends it, whatever it is doing. */
  async kill(): Promise<void> {
    this.client.process.kill('SIGKILL');
    await this.close();
  }

  #write(plan: Plan): void {
    writeFileSync(this.#planFile, JSON.stringify(plan));
  }
}
