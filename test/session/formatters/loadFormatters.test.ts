import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Type } from '../../../src/debuginfo/model/model';
import { parseNatvis } from '../../../src/language/natvis/parse';
import { loadFormatters } from '../../../src/session/formatters/loadFormatters';

const OWN = join(__dirname, '../../../formatters');

const ITEM: Type = { kind: 'structure', name: 'Item', byteSize: 8, language: 'c++', members: [] };
const VECTOR: Type = { ...ITEM, name: 'std::vector<int, std::allocator<int> >' };

describe('the formatters of a session', () => {
  let folder = '';
  const file = (name: string, contents: string | Buffer): string => {
    const path = join(folder, name);
    writeFileSync(path, contents);
    return path;
  };
  const natvis = (types: string): string => `<AutoVisualizer>${types}</AutoVisualizer>`;

  before(() => (folder = mkdtempSync(join(tmpdir(), 'sidestep-natvis-'))));
  after(() => rmSync(folder, { recursive: true }));

  it("are the user's and then Sidestep's own", () => {
    const path = file('a.natvis', natvis('<Type Name="std::vector&lt;*&gt;"/><Type Name="Item"/>'));
    const { visualizers, warnings } = loadFormatters([path], OWN);
    assert.deepEqual(warnings, []);
    const [first, ...others] = visualizers.find(VECTOR);
    assert.equal(first?.visualizer.place.file, path);
    assert.ok(others.some(({ visualizer }) => visualizer.place.file === join(OWN, 'libstdcxx.natvis')));
    assert.equal(visualizers.find(ITEM).length, 1);
  });

  it("of Sidestep are not read for C's types, through whatever names", () => {
    const int: Type = { kind: 'base', name: 'int', byteSize: 4, encoding: 'signed', language: 'c' };
    const alias: Type = { kind: 'typedef', name: 'Item', byteSize: 4, language: 'c', target: int };
    const pointer: Type = { kind: 'pointer', byteSize: 8, target: alias };
    const path = file('c.natvis', natvis('<Type Name="Item"/>'));
    const { visualizers } = loadFormatters([path], join(folder, 'nowhere'));
    const found = [int, alias, pointer, ITEM].map((type) => () => visualizers.find(type).length);
    assert.deepEqual(
      found.slice(0, 3).map((find) => find()),
      [0, 1, 0],
    );
    assert.throws(found[3]!, /ENOENT/);
  });

  it('are read in UTF-16 too', () => {
    const path = file('wide.natvis', Buffer.from(`\ufeff${natvis('<Type Name="Item"/>')}`, 'utf16le'));
    assert.equal(loadFormatters([path], OWN).visualizers.find(ITEM).length, 1);
  });

  it('leave out what is wrong, and say where', () => {
    const broken = file('broken.natvis', natvis('\n<Type/>\n<Type Name="Item"/>'));
    const none = file('none.natvis', '<AutoVisualizer>');
    const gone = join(folder, 'gone.natvis');
    const { visualizers, warnings } = loadFormatters([broken, none, gone, folder], OWN);
    assert.deepEqual(warnings, [
      `${broken}:2:1: expected \`Name\` in <Type>; the rest of the file is used`,
      `${none}:1:17: unclosed root tag; the file is not used`,
      `can't read ${gone}: ENOENT: no such file or directory, stat '${gone}'; the file is not used`,
      `can't read ${folder}: it is a directory, not a regular file; the file is not used`,
    ]);
    assert.equal(visualizers.find(ITEM).length, 1);
  });

  for (const name of readdirSync(OWN)) {
    it(`of ${name} have no mistakes`, () => {
      const { file, problems } = parseNatvis(readFileSync(join(OWN, name), 'utf8'), name);
      assert.deepEqual(problems, []);
      assert.ok(file.visualizers.length > 0);
    });
  }
});
