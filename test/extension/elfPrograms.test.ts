import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
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
