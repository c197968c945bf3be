/**
 * The example server as a workspace of its own, compiled where it lies. Places in it are found by their text: lines may
 * move.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const EXAMPLE = join(__dirname, '../../examples/server');

export class Example {
  readonly program: string;

  /** Copies it to `folder`, which must not exist yet. */
  constructor(readonly folder: string) {
    cpSync(EXAMPLE, folder, { recursive: true });
    execFileSync('make', ['--always-make', '--silent', '-C', folder]);
    this.program = join(folder, 'server');
  }

  /** Number of the first line with this text, from 1. */
  lineOf(file: string, text: string): number {
    const lines = readFileSync(join(this.folder, file), 'utf8').split('\n');
    const index = lines.findIndex((line) => line.includes(text));
    if (index < 0) throw new Error(`${file} has no line with "${text}"`);
    return index + 1;
  }
}
