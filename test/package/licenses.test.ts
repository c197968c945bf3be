import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(__dirname, '../..');

describe('the licences of what is bundled', () => {
  it('stand in full for each package, with who holds the copyright', () => {
    const [, ...packages] = readFileSync(join(ROOT, 'dist/licenses.txt'), 'utf8').split(/^── /m);
    const names = packages.map((text) => text.split(' ')[0]);
    for (const name of ['elfy', 'endian-reader', 'fzstd', 'iced-x86', 'koffi', 'sax', '@vscode/debugadapter']) {
      assert.ok(names.includes(name), name);
    }
    for (const text of packages) {
      const name = text.split('\n')[0];
      assert.match(text, /^\s*copyright .*\w/im, `${name}: who holds the copyright`);
      assert.match(text, /Permission is hereby granted|^# Blue Oak Model License/m, `${name}: the licence`);
    }
  });
});
