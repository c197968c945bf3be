/** A tracer in C that does the same work for one fixed probe: what ptrace(2) itself costs. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { runToFile, countLines } from '../processes';
import { compile, readWork, ROOT, SCRATCH, type Target, targetArguments } from '../target';
import { type Tracer } from './tracer';

export const floor: Tracer = {
  name: 'the floor: C, ptrace, spinning',
  missing: () => undefined,
  async trace(target, threads, seconds) {
    const program = compile(join(ROOT, 'bench', 'floor.c'), 'floor', ['-O2']);
    const lines = join(SCRATCH, 'floor.lines');
    const args = [lines, probedAddress(target), target.program, ...targetArguments(target, threads, seconds)];
    await runToFile(program, args, 'floor');
    return { ...readWork(), logged: countLines(lines, /^\d+ [\d.]+ -?\d+$/) };
  },
};

/** Link-time address of `step`, in hex. */
function probedAddress({ program }: Target): string {
  const symbols = execFileSync('nm', [program], { encoding: 'utf8' });
  const symbol = /^([0-9a-f]+) T step$/m.exec(symbols)?.[1];
  if (symbol === undefined) throw new Error(`${program} has no function step`);
  return symbol;
}
