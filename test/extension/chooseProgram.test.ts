import assert from 'node:assert/strict';
import { chooseProgram } from '../../src/extension/chooseProgram';
import { type ElfProgram } from '../../src/extension/elfPrograms';

function programs(...paths: string[]): ElfProgram[] {
  return paths.map((path) => ({ path, modified: 0, debugInfo: true }));
}

describe('the program that F5 means', () => {
  it('is the one named like the open file', () => {
    assert.equal(chooseProgram(programs('/w/bin/client', '/w/bin/server'), '/w/src/server.c')?.path, '/w/bin/server');
  });

  it('is the only one around the open file, however many there are elsewhere', () => {
    const found = programs('/w/one/build/app', '/w/two/app', '/w/three/app');
    assert.equal(chooseProgram(found, '/w/one/src/net/socket.c')?.path, '/w/one/build/app');
  });

  it('is the only one there is, without an open file too', () => {
    assert.equal(chooseProgram(programs('/w/app'), undefined)?.path, '/w/app');
    assert.equal(chooseProgram(programs('/w/app'), '/elsewhere/file.c')?.path, '/w/app');
  });

  it('is one with debug information where there are such', () => {
    const [plain] = programs('/w/plain');
    assert.ok(plain);
    assert.equal(
      chooseProgram([{ ...plain, debugInfo: false }, ...programs('/w/debuggable')], undefined)?.path,
      '/w/debuggable',
    );
    assert.equal(chooseProgram([{ ...plain, debugInfo: false }], undefined)?.path, '/w/plain');
  });

  it('is not guessed between several', () => {
    assert.equal(chooseProgram(programs('/w/a', '/w/b'), undefined), undefined);
    assert.equal(chooseProgram(programs('/w/a', '/w/b'), '/w/main.c'), undefined);
    assert.equal(chooseProgram(programs('/w/debug/app', '/w/release/app'), '/w/app.c'), undefined);
    assert.equal(chooseProgram([], '/w/app.c'), undefined);
  });
});
