import assert from 'node:assert/strict';
import { SidestepError } from '../../src/base/errors';
import { parseCommand, type TracingOptions } from '../../src/cli/arguments';

const NOTHING: TracingOptions = {
  probes: [],
  format: 'text',
  output: undefined,
  durationMs: undefined,
  maxHits: undefined,
  debugDirectories: [],
  natvisFiles: [],
  debuginfod: true,
  follow: 'none',
  elevation: undefined,
};

function refuses(argv: readonly string[], message: RegExp): void {
  assert.throws(
    () => parseCommand(argv),
    (error) => error instanceof SidestepError && error.code === 'bad-option' && message.test(error.message),
  );
}

describe('the command line', () => {
  describe('run', () => {
    it('takes all behind -- as the program and its arguments', () => {
      assert.deepEqual(parseCommand(['run', '-p', 'log main', '--', './a', '-p', '--', '--help']), {
        kind: 'run',
        program: './a',
        args: ['-p', '--', '--help'],
        tracing: { ...NOTHING, probes: [{ kind: 'line', text: 'log main' }] },
      });
    });

    it('takes the first word that is no option as the program, too', () => {
      assert.deepEqual(parseCommand(['run', '--format', 'json', './a', '-o', 'x']), {
        kind: 'run',
        program: './a',
        args: ['-o', 'x'],
        tracing: { ...NOTHING, format: 'json' },
      });
    });

    it('keeps -p and -f in the order in which they were given', () => {
      const command = parseCommand(['run', '-p', 'count a', '-f', 'x.probes', '--probe=count b', '--', 'p']);
      assert.ok(command.kind === 'run');
      assert.deepEqual(command.tracing.probes, [
        { kind: 'line', text: 'count a' },
        { kind: 'file', path: 'x.probes' },
        { kind: 'line', text: 'count b' },
      ]);
    });

    it('reads durations in seconds, with fractions', () => {
      const command = parseCommand(['run', '--duration', '1.5', '--max-hits', '10', '-o', 'out', '--', 'p']);
      assert.ok(command.kind === 'run');
      assert.deepEqual(command.tracing, { ...NOTHING, durationMs: 1500, maxHits: 10, output: 'out' });
    });

    it('reads how many sites a pattern may have', () => {
      const command = parseCommand(['run', '--max-sites', '50000', '--', 'p']);
      assert.ok(command.kind === 'run');
      assert.deepEqual(command.tracing, { ...NOTHING, maxSites: 50_000 });
      refuses(['run', '--max-sites', '0', '--', 'p'], /--max-sites must be a whole number from 1 on/);
      refuses(['sites', '--max-sites', 'x', 'b', 'f*'], /--max-sites must be a whole number/);
    });

    it('refuses what it does not understand, and says what', () => {
      refuses(['run'], /needs a program/);
      refuses(['run', '-p', 'log main'], /needs a program/);
      refuses(['run', '-p'], /argument missing/);
      refuses(['run', '--frequency', '--', 'p'], /--frequency/);
      refuses(['run', '--format', 'xml', '--', 'p'], /text or json, not "xml"/);
      refuses(['run', '--duration', 'soon', '--', 'p'], /seconds.*"soon"/);
      refuses(['run', '--duration', '-1', '--', 'p'], /^Option '--duration' argument is ambiguous$/);
      refuses(['run', '--duration=-1', '--', 'p'], /seconds/);
      refuses(['run', '--max-hits', '0', '--', 'p'], /from 1 on/);
      refuses(['run', '--max-hits', '1e3', '--', 'p'], /from 1 on/);
    });
  });

  describe('attach', () => {
    it('takes the process before or behind the options', () => {
      const expected = { kind: 'attach', pid: 4711, tracing: { ...NOTHING, format: 'json' } };
      assert.deepEqual(parseCommand(['attach', '4711', '--format', 'json']), expected);
      assert.deepEqual(parseCommand(['attach', '--format', 'json', '4711']), expected);
    });

    it('refuses anything but one process number', () => {
      refuses(['attach'], /needs a process id/);
      refuses(['attach', 'firefox'], /"firefox"/);
      refuses(['attach', '12', '13'], /"13"/);
    });
  });

  describe('coverage', () => {
    it('takes binaries', () => {
      const expected = { kind: 'coverage', binaries: ['/bin/ls', '/usr/lib'] };
      assert.deepEqual(parseCommand(['coverage', '/bin/ls', '/usr/lib']), { ...expected, json: false });
      assert.deepEqual(parseCommand(['coverage', '/bin/ls', '--json', '/usr/lib']), { ...expected, json: true });
    });

    it('needs one', () => {
      refuses(['coverage', '--json'], /needs a binary/);
    });
  });

  describe('verify', () => {
    const nothing = {
      kind: 'verify',
      binaries: ['/bin/ls'],
      json: false,
      states: 8,
      seed: undefined,
      limit: undefined,
    };

    it('takes binaries', () => {
      assert.deepEqual(parseCommand(['verify', '/bin/ls']), nothing);
      assert.deepEqual(parseCommand(['verify', '/bin/ls', '/usr/lib', '--states=3', '--seed', '0', '--limit', '9']), {
        ...nothing,
        binaries: ['/bin/ls', '/usr/lib'],
        states: 3,
        seed: 0,
        limit: 9,
      });
    });

    it('refuses what it does not understand, and says what', () => {
      refuses(['verify'], /needs a binary/);
      refuses(['verify', '/bin/ls', '--states', '0'], /from 1 to 10000, not "0"/);
      refuses(['verify', '/bin/ls', '--states', '10001'], /from 1 to 10000/);
      refuses(['verify', '/bin/ls', '--seed', 'x'], /--seed .*"x"/);
      refuses(['verify', '/bin/ls', '--seed', '4294967296'], /from 0 to 4294967295/);
      refuses(['verify', '/bin/ls', '--limit', '0'], /from 1 on/);
    });
  });

  describe('sites', () => {
    it('takes a binary and a location', () => {
      const expected = { kind: 'sites', binary: '/bin/ls', location: 'main' };
      assert.deepEqual(parseCommand(['sites', '/bin/ls', 'main']), { ...expected, json: false });
      assert.deepEqual(parseCommand(['sites', '--json', '/bin/ls', 'main']), { ...expected, json: true });
    });

    it('refuses less and more', () => {
      refuses(['sites', '/bin/ls'], /a binary and a location/);
      refuses(['sites', '/bin/ls', 'main', 'exit'], /"exit"/);
    });
  });

  it('knows --help and --version, alone and for each command', () => {
    assert.deepEqual(parseCommand(['--help']), { kind: 'help', topic: 'sidestep' });
    assert.deepEqual(parseCommand(['--version']), { kind: 'version' });
    for (const topic of ['run', 'attach', 'sites', 'coverage', 'verify'] as const) {
      assert.deepEqual(parseCommand([topic, '--help']), { kind: 'help', topic });
    }
  });

  it('refuses a missing or unknown command', () => {
    refuses([], /missing/);
    refuses(['probe'], /"probe"/);
  });
});
