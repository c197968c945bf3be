/** Sidestep as a user runs it: the command line, every hit rendered and written as a line. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runToFile } from '../processes';
import { readWork, ROOT, targetArguments } from '../target';
import { type Tracer } from './tracer';

export const SIDESTEP = join(ROOT, 'dist', 'cli.js');

/** As much of the summary line as is looked at. */
interface Summary {
  readonly probes: readonly { readonly hits: number; readonly reported: number; readonly lost: number }[];
}

export const sidestep: Tracer = {
  name: 'Sidestep, log',
  missing: () => undefined,
  async trace(target, threads, seconds) {
    const { program, file, line } = target;
    const probe = `log ${file}:${line} "{x}"`;
    const args = ['run', '-p', probe, '--format', 'json', '--', program, ...targetArguments(target, threads, seconds)];
    const log = await runToFile(process.execPath, [SIDESTEP, ...args], 'sidestep');
    const lines = readFileSync(log, 'utf8').trimEnd().split('\n');
    const { probes } = JSON.parse(lines.at(-1) ?? '') as Summary;
    const counts = probes[0];
    if (counts === undefined || counts.reported !== lines.length - 1)
      throw new Error('the summary and the lines differ');
    return { ...readWork(), logged: counts.hits - counts.lost };
  },
};
