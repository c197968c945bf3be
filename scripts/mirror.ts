/**
 * Holds the mirror: a test in a folder that src/ has too is the test of the file of its name
 * (test/base/shape.test.ts: src/base/shape.ts). What shows several files at work lies in the folder of its layer
 * (test/engine/signals.test.ts), or in a folder that src/ does not have (test/realworld, test/engine/soak).
 */
import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';

const ROOT = join(__dirname, '..');
const TEST = '.test.ts';

/** A layer's own folder holds tests of the layer as a whole. */
function isRoom(folder: string): boolean {
  return folder.includes('/') && existsSync(join(ROOT, 'src', folder));
}

const strays = readdirSync(join(ROOT, 'test'), { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith(TEST) && isRoom(dirname(path)))
  .filter((path) => !existsSync(join(ROOT, 'src', `${path.slice(0, -TEST.length)}.ts`)))
  .sort();

for (const path of strays) {
  process.stderr.write(
    `test/${path}: src/${path.slice(0, -TEST.length)}.ts does not exist; is it the test of another file?\n`,
  );
}
if (strays.length > 0) process.exitCode = 1;
