/**
 * gdb in non-stop mode with a dprintf: the closest that a widespread debugger comes. Twice: typed, and as an editor
 * drives it.
 */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { countLines, installed, runToFile } from '../processes';
import { readWork, targetArguments } from '../target';
import { type Tracer } from './tracer';

const missing = (): string | undefined => (installed('gdb') ? undefined : 'gdb is not installed');

export const gdb: Tracer = {
  name: 'gdb non-stop, dprintf',
  missing,
  async trace(target, threads, seconds) {
    const { program, file, line } = target;
    const commands = [
      'set non-stop on',
      'set pagination off',
      'set print thread-events off',
      `dprintf ${file}:${line},"%d\\n",x`,
      `run ${targetArguments(target, threads, seconds).join(' ')}`,
    ];
    const log = await runToFile(
      'gdb',
      ['-q', '-nx', '-batch', ...commands.flatMap((text) => ['-ex', text]), program],
      'gdb',
    );
    return { ...readWork(), logged: countLines(log, /^-?\d+$/) };
  },
};

export const gdbMachineInterface: Tracer = {
  name: 'gdb non-stop, dprintf, through MI',
  missing,
  async trace(target, threads, seconds) {
    const { program, file, line } = target;
    const child = spawn('gdb', ['-q', '-nx', '-i', 'mi2', program], { stdio: ['pipe', 'pipe', 'ignore'] });
    for (const command of [
      '-gdb-set non-stop on',
      '-gdb-set mi-async on',
      `-dprintf-insert ${file}:${line} "%d\\n" x`,
      `-exec-arguments ${targetArguments(target, threads, seconds).join(' ')}`,
      '-exec-run',
    ]) {
      child.stdin.write(`${command}\n`);
    }
    let logged = 0;
    for await (const text of createInterface({ input: child.stdout })) {
      if (/^~"-?\d+\\n"$/.test(text)) logged++;
      else if (text.startsWith('=thread-group-exited')) child.stdin.end('-gdb-exit\n');
    }
    return { ...readWork(), logged };
  },
};
