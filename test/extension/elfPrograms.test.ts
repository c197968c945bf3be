import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { findPrograms, readProgram } from '../../src/extension/elfPrograms';

describe('programs of a workspace', () => {
  let folder: string;
  const at = (name: string): string => join(folder, name);
  const compile = (name: string, ...flags: string[]): string => {
    execFileSync('gcc', ['-o', at(name), ...flags, '-x', 'c', '-'], { input: 'int main(void) { return 0; }' });
    return at(name);
  };

  before(() => (folder = mkdtempSync(join(tmpdir(), 'sidestep-programs-'))));
  after(() => rmSync(folder, { recursive: true }));

  describe('readProgram', () => {
    it('knows whether a program has debug information', () => {
      assert.equal(readProgram(compile('with', '-g'))?.debugInfo, true);
      assert.equal(readProgram(compile('without'))?.debugInfo, false);
      assert.equal(readProgram(compile('stripped', '-g', '-s'))?.debugInfo, false);
    });

    it('takes programs however they are linked', () => {
      for (const flags of [['-no-pie'], ['-pie', '-fPIE'], ['-static'], ['-static-pie', '-fPIE']]) {
        assert.ok(readProgram(compile('linked', ...flags)), flags.join(' '));
      }
    });

    it('takes no shared library, object file, script, or file that may not be executed', () => {
      assert.equal(readProgram(compile('library.so', '-shared', '-fPIC')), undefined);
      assert.equal(readProgram(compile('object.o', '-c')), undefined);
      writeFileSync(at('script'), '#!/bin/sh\n'.padEnd(100, '#'), { mode: 0o755 });
      assert.equal(readProgram(at('script')), undefined);
      chmodSync(compile('plain'), 0o644);
      assert.equal(readProgram(at('plain')), undefined);
      assert.equal(readProgram(at('missing')), undefined);
    });

    it('takes nothing that is no file, or that lies about what is in it', () => {
      execFileSync('mkfifo', ['-m', '755', at('fifo')]);
      assert.equal(readProgram(at('fifo')), undefined);
      assert.equal(readProgram(folder), undefined);
      // A name table of 6 GB in a sparse file of 8 GB; section headers and their table far behind its end.
      const lies: readonly (readonly [string, (bytes: Buffer, names: number) => void])[] = [
        ['a large name table', (bytes, names) => bytes.writeBigUInt64LE(6n << 30n, names + 32)],
        ['a name table far away', (bytes, names) => bytes.writeBigUInt64LE(2n ** 62n, names + 24)],
        ['section headers far away', (bytes) => bytes.writeBigUInt64LE(2n ** 63n, 40)],
        ['large segments', (bytes) => bytes.writeUInt16LE(0xffff, 54)],
      ];
      for (const [what, lie] of lies) {
        const bytes = readFileSync(compile('honest', '-g'));
        const names = Number(bytes.readBigUInt64LE(40)) + bytes.readUInt16LE(58) * bytes.readUInt16LE(62);
        lie(bytes, names);
        writeFileSync(at('liar'), bytes, { mode: 0o755 });
        truncateSync(at('liar'), 8 * 2 ** 30);
        readProgram(at('liar'));
        assert.ok(
          findPrograms(folder).some(({ path }) => path === at('honest')),
          what,
        );
      }
      rmSync(at('liar'));
    });

    it('takes no file that is cut short', () => {
      const whole = compile('whole', '-g');
      for (const length of [0, 10, 63, 64, 100, 1000]) {
        copyFileSync(whole, at('cut'));
        truncateSync(at('cut'), length);
        assert.equal(readProgram(at('cut')), undefined, `${length} bytes`);
      }
    });
  });

  describe('findPrograms', () => {
    it('lists the newest first, in folders too, but not in those of tools', () => {
      const workspace = at('workspace');
      mkdirSync(join(workspace, 'build/debug'), { recursive: true });
      mkdirSync(join(workspace, 'node_modules/tool'), { recursive: true });
      const program = compile('program', '-g');
      const put = (name: string, secondsSince1970: number): void => {
        copyFileSync(program, join(workspace, name));
        utimesSync(join(workspace, name), secondsSince1970, secondsSince1970);
      };
      put('old', 1000);
      put('build/debug/new', 3000);
      put('build/middle', 2000);
      put('node_modules/tool/binary', 4000);
      const found = findPrograms(workspace).map(({ path }) => relative(workspace, path));
      assert.deepEqual(found, ['build/debug/new', 'build/middle', 'old']);
    });

    it('finds nothing where there is nothing', () => {
      assert.deepEqual(findPrograms(at('nowhere')), []);
    });
  });
});
