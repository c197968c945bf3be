/** A program under probes that show values with formatters. */
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Visualizers } from '../../src/language/natvis/ast';
import { parseProbe } from '../../src/language/probes/parse';
import { DEBUGGEE_DESCRIPTORS } from '../../src/session/engine/engine';
import { startEngine } from '../../src/session/engine/startEngine';
import { Session } from '../../src/session/session';
import { ROOT, SCRATCH } from '../cli/commandLine';

/** The messages of its hits, in order, and what it wrote. */
export async function formattedMessages(
  program: string,
  probes: readonly string[],
  visualizers: Visualizers,
): Promise<{ messages: string[]; stdout: string; warnings: string[] }> {
  mkdirSync(SCRATCH, { recursive: true });
  const output = join(SCRATCH, `formatted-${process.pid}.txt`);
  const file = openSync(output, 'w');
  const script = join(ROOT, 'dist', 'engine.js');
  const session = new Session(startEngine({ script, stdio: [0, file, file], terminal: 'detached' }), { visualizers });
  try {
    const messages: string[] = [];
    const warnings: string[] = [];
    session.onHit(({ message }) => void messages.push(message));
    const exited = new Promise<void>((resolve, reject) => {
      session.onExit(() => {
        resolve();
      });
      session.onEngineGone(({ reason }) => {
        reject(new Error(`the engine is gone: ${reason}`));
      });
    });
    await session.launch({ program, args: [], cwd: SCRATCH, env: [], stdio: DEBUGGEE_DESCRIPTORS });
    for (const text of probes) {
      const probe = await session.addProbe(parseProbe(text));
      if (probe.state !== 'armed') throw new Error(`${text} is ${probe.state}: ${probe.reason ?? ''}`);
      warnings.push(...probe.warnings);
    }
    await session.start();
    await exited;
    return { messages, stdout: readFileSync(output, 'utf8'), warnings };
  } finally {
    closeSync(file);
    session.dispose();
  }
}
