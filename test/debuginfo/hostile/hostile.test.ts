/**
 * Files made to hang a reader, to fill its memory or to break it. Whatever is asked of them is answered, or refused
 * with a word, in time and memory that follow their size.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildSync } from 'esbuild';
import { type Answers } from './ask';
import { HOSTILE_FILES } from './files';

/** Seconds of processor time: what hangs takes more, on any machine. */
const MAX_SECONDS = 60;
/**
 * Bytes: node itself with the reader, and what a byte of the file may cost. Node's heap alone grows by 100 MB before it
 * is cleaned.
 */
const MEMORY = { free: 400e6, perByte: 60 };

describe('hostile files', function () {
  this.timeout(0);
  let folder: string;
  let script: string;

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'sidestep-hostile-'));
    script = join(folder, 'ask.cjs');
    buildSync({
      entryPoints: [join(__dirname, 'ask.ts')],
      outfile: script,
      bundle: true,
      platform: 'node',
      logLevel: 'error',
    });
  });
  after(() => rmSync(folder, { recursive: true }));

  for (const [index, file] of HOSTILE_FILES.entries()) {
    it(file.name, () => {
      const own = join(folder, String(index));
      mkdirSync(own);
      const path = join(own, 'program');
      file.write(path, own);
      // Blocking takes no processor time: that ends by the clock.
      const { status, signal, stdout, stderr } = spawnSync(
        'sh',
        ['-c', `ulimit -t ${MAX_SECONDS}; exec "$0" "$@"`, process.execPath, script, path, own],
        { encoding: 'utf8', timeout: MAX_SECONDS * 20_000, maxBuffer: 1 << 26 },
      );
      assert.equal(status, 0, `${signal ?? ''} ${stderr}`);
      const { answers, memory, time } = JSON.parse(stdout) as Answers;
      if (process.env['SIDESTEP_HOSTILE'])
        console.log({ ...answers, memory: memory / 1e6, time, size: statSync(path).size });
      for (const [question, expected] of Object.entries(file.says ?? {})) {
        const answer = answers[question];
        if (typeof expected === 'number') assert.equal(answer, expected, question);
        else assert.match(String(answer), expected, question);
      }
      const most = MEMORY.free + MEMORY.perByte * Math.min(statSync(path).size, 1e8);
      assert.ok(memory < most, `${(memory / 1e6).toFixed(0)} MB of memory`);
      rmSync(own, { recursive: true });
    });
  }
});
