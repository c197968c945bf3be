/** One probe at many places: how a user writes it, and what it says. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { buildFixture } from '../fixtures/build';
import { fixture, parseJsonLines, sidestep } from './commandLine';

interface Group {
  readonly function?: string;
  readonly file?: string;
  readonly line?: number;
  readonly hits: number;
  readonly matched: number;
  readonly reported: number;
}

interface Counted {
  readonly hits: number;
  readonly sites: readonly unknown[];
  readonly functions?: readonly Group[];
  readonly lines?: readonly Group[];
  readonly refused?: Readonly<Record<string, number>>;
}

describe('patterns', () => {
  const shapes = buildFixture('patterns.cc', { flags: ['-O1'] });
  const module = 'patterns';

  async function run(probe: string, ...options: readonly string[]) {
    const args = ['run', '--format', 'json', ...options, '-p', probe, '--', shapes.path];
    const { stderr, status } = await sidestep(args);
    assert.equal(status, 0, stderr);
    const { summary, hits, warnings } = parseJsonLines(stderr);
    return { counted: summary.probes[0]! as Counted, hits, warnings };
  }

  const functionsOf = ({ functions }: Counted) =>
    Object.fromEntries(functions!.map(({ function: name, hits }) => [name!, hits]));

  async function refused(...args: readonly string[]): Promise<string> {
    const { status, stderr } = await sidestep(args);
    assert.equal(status, 2, stderr);
    return stderr;
  }

  it('count by function, those with the most hits first', async () => {
    const { counted } = await run(`count ${module}!shapes::Vector::*`);
    assert.deepEqual(functionsOf(counted), {
      'shapes::Vector::push': 6,
      'shapes::Vector::pop': 3,
      'shapes::Vector::operator*': 2,
    });
    assert.equal(counted.functions![0]!.function, 'shapes::Vector::push');
    assert.equal(counted.hits, 11);
  });

  it('stay within a component with `*`, and go beyond with `**`', async () => {
    assert.deepEqual(functionsOf((await run('count shapes::inner::*')).counted), { 'shapes::inner::push_back': 1 });
    const { counted } = await run('count shapes::**');
    assert.deepEqual(Object.keys(functionsOf(counted)).sort(), [
      'shapes::Stack<char const*>::push',
      'shapes::Stack<int>::push',
      'shapes::Vector::operator*',
      'shapes::Vector::pop',
      'shapes::Vector::push',
      'shapes::inner::push_back',
    ]);
    assert.match(await refused('run', '-p', 'count shapes::*', '--', shapes.path), /matches shapes::\*/);
  });

  it('mean all instances of a template', async () => {
    const { counted } = await run('count Stack::pu*');
    assert.deepEqual(functionsOf(counted), { 'shapes::Stack<int>::push': 2, 'shapes::Stack<char const*>::push': 1 });
  });

  it('leave an operator its name', async () => {
    const { counted } = await run('count shapes::Vector::operator*');
    assert.equal(counted.functions, undefined);
    assert.deepEqual([counted.hits, counted.sites.length], [2, 1]);
  });

  it('count what can not be probed by its reason, and leave out what has no code of its own', async () => {
    const { counted, warnings } = await run(`count ${module}!push*`);
    assert.deepEqual(functionsOf(counted), {
      'shapes::Vector::push': 6,
      'shapes::Stack<int>::push': 2,
      'shapes::Stack<char const*>::push': 1,
      'shapes::inner::push_back': 1,
    });
    assert.deepEqual(counted.refused, { 'system call': 1 });
    assert.match(
      warnings.join('\n'),
      /push\*: 1 of 5 places can't be probed: 1 system call; hits there are not counted/,
    );
    assert.match(warnings.join('\n'), /push\*: left out are functions .*: 1 \(push_inlined\); name one/);
  });

  it('of nothing but what can not be probed are errors', async () => {
    const error = await refused('run', '-p', 'count push_ker*', '--', shapes.path);
    assert.match(error, /count push_ker\*: 1 of 1 place can't be probed: 1 system call/);
  });

  it('report each hit, where `log` has them', async () => {
    const { counted, hits } = await run(`log ${module}!push* "{$tid}" if $rsi != 0 hits % 2`);
    assert.equal(
      hits.length,
      counted.functions!.reduce((sum, { reported }) => sum + reported, 0),
    );
    assert.ok(hits.length > 0 && counted.functions!.some(({ hits: all, matched }) => matched < all));
  });

  it('count by line, for every line of a file that has code', async () => {
    const { counted } = await run('count patterns.cc:*');
    const hitsAt = (marker: string) => counted.lines!.find(({ line }) => line === shapes.line(marker))?.hits;
    assert.equal(hitsAt('push'), 6);
    const lines = counted.lines!.map(({ line }) => line!);
    assert.deepEqual(
      lines,
      [...lines].sort((a, b) => a - b),
    );
    assert.equal(new Set(lines).size, lines.length);
    assert.ok(counted.lines!.every(({ file }) => file!.endsWith('/patterns.cc')));
    // The same from several files, of which there is one.
    const globbed = await run('count pat*.cc:*');
    assert.deepEqual(globbed.counted.lines, counted.lines);
  });

  it('are shown as text with what was hit, and how many were not', async () => {
    const { stderr } = await sidestep(['run', '-p', `count ${module}!*`, '--', shapes.path]);
    assert.match(stderr, /^ +shapes::Vector::push +6 hits, 6 matched, 0 reported$/m);
    assert.match(stderr, /^ +\d+ of \d+ functions without a hit$/m);
    assert.doesNotMatch(stderr, /emulated/);
  });

  it('that match nothing say what is near', async () => {
    assert.match(await refused('run', '-p', 'count psh_bac*', '--', shapes.path), /Did you mean .*push_back/);
    assert.match(await refused('sites', shapes.path, 'psh_bac*'), /Did you mean .*push_back/);
    assert.match(await refused('run', '-p', 'count nolib*!f*', '--', shapes.path), /no module nolib\* is loaded/);
    assert.match(await refused('run', '-p', 'count pattrns.cc:*', '--', shapes.path), /Did you mean patterns\.cc\?/);
  });

  it('that match too much are refused with the number, unless that many are allowed', async () => {
    const few = ['run', '--max-sites', '3', '-p', `count ${module}!push*`, '--', shapes.path];
    assert.match(
      await refused(...few),
      /push\* matches functions at more than 3 places; the limit leaves room for 3 sites/,
    );
    assert.match(
      await refused('sites', '--max-sites', '3', shapes.path, 'patterns.cc:*'),
      /has \d+ places; the limit leaves room for 3 sites/,
    );
    await run(`count ${module}!push*`, '--max-sites', '5');
  });

  it('need no debug information', async () => {
    const plain = buildFixture('patterns.cc', { flags: ['-O1', '-g0'], name: 'plain' }).path;
    const { stderr } = await sidestep(['run', '--format', 'json', '-p', 'count plain!Vector::p*', '--', plain]);
    const [counted] = parseJsonLines(stderr).summary.probes as readonly Counted[];
    assert.deepEqual(functionsOf(counted!), { 'shapes::Vector::push': 6, 'shapes::Vector::pop': 3 });
  });

  it('mean in `sites` what they mean in a program', async () => {
    const { stdout } = await sidestep(['sites', '--json', shapes.path, 'push*']);
    const { sites } = JSON.parse(stdout) as { sites: { function: string; execution: string }[] };
    assert.deepEqual(
      sites.map(({ function: name, execution }) => `${name} ${execution === 'refused' ? execution : 'probed'}`).sort(),
      [
        'push_kernel refused',
        'shapes::Stack<char const*>::push probed',
        'shapes::Stack<int>::push probed',
        'shapes::Vector::push probed',
        'shapes::inner::push_back probed',
      ],
    );
    const lines = await sidestep(['sites', shapes.path, 'patterns.cc:*']);
    assert.match(lines.stdout, new RegExp(`patterns\\.cc:${shapes.line('push')} `));
  });

  it('take up libraries that come, and let go of those that leave', async () => {
    const libraries = [1, 2, 3].map((add) => fixture('reload', ['-O1', `-DADD=${add}`, '-shared', '-fPIC']));
    const args = ['run', '-p', 'count *!entr*', '--format', 'json', '--', fixture('reload'), '30', ...libraries];
    const { status, stdout, stderr } = await sidestep(args);
    assert.equal(status, 0, stderr);
    assert.equal(stdout, 'calls 300 wrong 0\n');
    const [counted] = parseJsonLines(stderr).summary.probes as readonly Counted[];
    assert.deepEqual(functionsOf(counted!), { entry: 300 });
  });

  it('count every call once that a count on each name counts', async () => {
    const names = execFileSync('nm', ['-C', shapes.path], { encoding: 'utf8' });
    assert.match(names, /shapes::inner::push_back/);
    const each = ['shapes::Vector::push', 'shapes::Stack::push', 'push_back'].flatMap((name) => [
      '-p',
      `count ${name}`,
    ]);
    const { stderr } = await sidestep(['run', '--format', 'json', ...each, '--', shapes.path]);
    const alone = parseJsonLines(stderr).summary.probes.reduce((sum, { hits }) => sum + hits, 0);
    assert.equal((await run(`count ${module}!push*`)).counted.hits, alone);
  });
});
