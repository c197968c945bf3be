import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { type Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { disassemble } from '../../src/emulator/decode/decode';
import { ENTRY, INSTRUCTIONS } from '../../scripts/launcher';
import { fixture, ROOT } from './commandLine';

const COMMAND = join(ROOT, 'dist', 'sidestep');
const SCRIPT = `${process.execPath} ${join(ROOT, 'dist', 'cli.js')}`;

/** What becomes a command with a signal mask of its own. */
const BLOCKING = `perl -MPOSIX -e 'sigprocmask(SIG_BLOCK, POSIX::SigSet->new(SIGUSR1, SIGALRM, 40)); exec @ARGV' --`;

describe('what a program inherits from sidestep', () => {
  let program = '';
  before(() => (program = fixture('inherits')));

  /**
   * The lines of what the program prints, by their first word, alone and traced. `prepare` and `after` stand around the
   * command.
   */
  async function both(
    sidestep: string,
    { prepare = '', through = '', after = '' }: { prepare?: string; through?: string; after?: string },
  ): Promise<readonly ReadonlyMap<string, string>[]> {
    const trace = `${sidestep} run -o /dev/null -p 'count main' --`;
    return Promise.all(
      ['', trace].map(async (command) => {
        const line = `exec 3>&-; ${prepare} ${through} ${command} ${program} ${after}; true`;
        const { stdout } = await promisify(execFile)('/bin/bash', ['-c', line], { encoding: 'latin1' });
        return new Map(stdout.split('\n').map((each) => [each.split(' ')[0]!, each]));
      }),
    );
  }

  for (const [how, sidestep] of [
    ['the command', COMMAND],
    ['the script', SCRIPT],
  ] as const) {
    describe(`started by ${how}`, () => {
      const same = (what: string, of: string, circumstances: Parameters<typeof both>[1]): void => {
        it(what, async () => {
          const [alone, traced] = await both(sidestep, circumstances);
          assert.equal(traced?.get(of), alone?.get(of));
        });
      };
      same('no more descriptors than there are', 'descriptors', {});
      same('descriptors', 'descriptors', { after: '3</dev/null 4<<<text 17</dev/null 200>&1' });
      same('both ends of a pipe', 'descriptors', { prepare: 'exec 7<> <(:);', after: '8>&7' });
      same('a process substitution', 'descriptors', { after: '<(echo text) 2>/dev/null' });
      same('arguments that are not UTF-8', 'arguments', {
        after: `$'\\xff\\xfe' $'a\\xe4b' '' ä \u{1f600} $'\\xed\\xa0\\x80'`,
      });
      same('variables that are not UTF-8', 'environment', { prepare: `export BYTES_A=$'\\xff' BYTES_B=ä;` });
      same('its name', 'name', {});
      same('signals that a shell ignores', 'ignored', { prepare: `trap '' HUP INT USR1;` });
      same('the soft limit on open files', 'files', { prepare: 'ulimit -Sn 300;' });
    });
  }

  for (const [what, circumstances] of [
    ['ignored', { through: 'nohup' }],
    ['ignored', { prepare: `trap '' INT QUIT TERM PIPE XFSZ 40;` }],
    ['blocked', { through: BLOCKING }],
    ['files', { through: `perl -e 'exec @ARGV' -- prlimit --nofile=200:` }],
  ] as const) {
    it(`${what}: ${Object.values(circumstances).join(' ')}`, async () => {
      const [alone, traced] = await both(COMMAND, circumstances);
      assert.equal(traced?.get(what), alone?.get(what));
    });
  }

  it('is read by a program that is what its listing says', () => {
    let address = BigInt(ENTRY);
    for (const [hex, text] of INSTRUCTIONS) {
      const bytes = Buffer.from(hex.replaceAll(' ', ''), 'hex');
      assert.equal(disassemble(bytes, address), text);
      address += BigInt(bytes.length);
    }
  });

  it('alone: a pipe that the program closes has ended', async () => {
    const script = 'exec 3>&-; read -r line; echo "$line"';
    const child = spawn(COMMAND, ['run', '-o', '/dev/null', '-p', 'count read', '--', '/bin/sh', '-c', script], {
      stdio: ['pipe', 'pipe', 'inherit', 'pipe'],
    });
    const [input, output, , pipe] = child.stdio;
    const printed = text(output!);
    (pipe as Readable).resume();
    await once(pipe!, 'end');
    input!.end('ended\n');
    assert.equal(await printed, 'ended\n');
  });
});
