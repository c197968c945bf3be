import assert from 'node:assert/strict';
import { elevated, elevationRefused, type Elevation } from '../../src/session/engine/elevation';

describe('elevation', () => {
  it('calls sudo so that it asks where it can', () => {
    const flags = (source: 'askpass' | 'terminal' | 'none') => elevated('sudo', ['/bin/node', 'a'], source);
    assert.deepEqual(flags('askpass').slice(0, 3), ['sudo', '-A', '-p']);
    assert.deepEqual(flags('terminal').slice(0, 2), ['sudo', '-p']);
    assert.deepEqual(flags('none').slice(0, 3), ['sudo', '-n', '-p']);
    assert.deepEqual(flags('none').slice(-3), ['--', '/bin/node', 'a']);
    assert.deepEqual(elevated('pkexec', ['/bin/node', 'a'], 'none'), ['pkexec', '/bin/node', 'a']);
  });

  const refusals: readonly (readonly [Elevation, number | undefined, string, RegExp, RegExp])[] = [
    ['sudo', undefined, '', /^sudo .*it is not installed/, /Install it, use pkexec/],
    ['pkexec', undefined, '', /^pkexec .*it is not installed/, /Install it, use sudo/],
    ['sudo', 1, 'sudo: 3 incorrect password attempts', /password was not accepted/, /again/],
    [
      'sudo',
      1,
      'sudo: a terminal is required to read the password; either use the -S option\nsudo: a password is required',
      /no terminal to type it in/,
      /SUDO_ASKPASS/,
    ],
    ['sudo', 1, 'sudo: a password is required', /got no password/, /again/],
    ['sudo', 1, 'eve is not in the sudoers file.', /may not use it/, /administrator/],
    ['sudo', 1, "Sorry, user eve is not allowed to execute '/bin/node' as root on a.", /may not use it/, /pkexec/],
    ['sudo', 1, 'sudo: The "no new privileges" flag is set, which prevents sudo', /no_new_privs/, /outside/],
    ['sudo', 1, 'sudo: unable to initialize policy plugin', /policy plugin/, /sudo id/],
    ['sudo', 143, '', /ended with status 143/, /sudo id/],
    ['pkexec', 126, '', /dialog was dismissed/, /again/],
    ['pkexec', 127, 'Error executing command as another user: Not authorized', /Not authorized/, /agent/],
    ['pkexec', 127, '', /not authorized/, /agent/],
  ];
  for (const [as, status, said, message, advice] of refusals) {
    it(`explains ${as} that ends with ${status ?? 'nothing'}: ${said || 'silently'}`, () => {
      const error = elevationRefused(as, status, said);
      assert.equal(error.code, 'elevation-refused');
      assert.match(error.message, message);
      assert.match(error.advice ?? '', advice);
    });
  }
});
