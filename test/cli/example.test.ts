import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseJsonLines, ROOT, SCRATCH, sidestep } from './commandLine';

const SOURCES = join(ROOT, 'examples', 'server');
const FILES = ['server.c', 'handler.c', 'store.c'];

/** Every place that the server counts for itself: its counter's name, and the line where it stands. */
const PLACES = FILES.flatMap((file) =>
  readFileSync(join(SOURCES, file), 'utf8')
    .split('\n')
    .flatMap((text, index) => {
      const name = /\bCOUNT\((\w+)\)/.exec(text)?.[1];
      return name === undefined ? [] : [{ name, location: `${file}:${index + 1}` }];
    }),
);

/** Those of them that are the first line of a function of the same name. */
const FUNCTIONS = ['handle_request', 'store_get', 'store_put', 'store_delete'];

function build(flags: string): string {
  mkdirSync(SCRATCH, { recursive: true });
  const program = join(SCRATCH, `server${flags.replace(/ /g, '')}`);
  const sources = FILES.map((file) => join(SOURCES, file));
  execFileSync('gcc', [...flags.split(' '), '-pthread', '-o', program, ...sources]);
  return program;
}

function countersOf(stdout: string): ReadonlyMap<string, number> {
  return new Map([...stdout.matchAll(/^counter (\w+) (\d+)$/gm)].map(([, name, count]) => [name ?? '', Number(count)]));
}

describe('the example server', () => {
  for (const flags of ['-g -O0', '-g -O2', '-g -O2 -no-pie', '-g -O2 -fuse-ld=lld']) {
    describe(`built with ${flags}`, () => {
      let server = '';

      before(() => {
        server = build(flags);
      });

      it('is passed at every counted line exactly as often as it says itself', async () => {
        const probes = PLACES.flatMap(({ location }) => ['-p', `count ${location}`]);
        const load = ['--requests', '5000', '--rate', '0', '--bystanders', '1'];
        const { status, stdout, stderr } = await sidestep([
          'run',
          ...probes,
          '--format',
          'json',
          '--',
          server,
          ...load,
        ]);
        assert.equal(status, 0, stderr);
        const own = countersOf(stdout);
        const { summary } = parseJsonLines(stderr);
        assert.deepEqual(
          PLACES.map(({ name }, index) => `${name} ${summary.probes[index]?.hits ?? -1}`),
          PLACES.map(({ name }) => `${name} ${own.get(name) ?? -1}`),
        );
        assert.equal(own.get('handle_request'), 5000);
      });

      it('is passed at every function as often as it says, and no report is lost', async () => {
        const probes = FUNCTIONS.flatMap((name) => ['-p', `log ${name}`]);
        const load = ['--requests', '5000', '--rate', '0', '--workers', '4', '--clients', '4'];
        const { stdout, stderr } = await sidestep(['run', ...probes, '--format', 'json', '--', server, ...load]);
        const own = countersOf(stdout);
        const { hits, summary } = parseJsonLines(stderr);
        FUNCTIONS.forEach((name, index) => {
          const reported = hits.filter(({ probe }) => probe === index + 1);
          assert.equal(summary.probes[index]?.hits, own.get(name), name);
          assert.equal(reported.length, own.get(name), name);
          assert.ok(reported.every(({ location }) => location.function === name));
        });
        assert.equal(new Set(hits.map(({ tid }) => tid)).size, 4, 'all workers are seen');
      });

      it('shows what is in its requests', async () => {
        const message = '#{request->id} {request->method} {request->key} for {request->client->name}';
        const args = ['run', '-p', `log handle_request "${message}"`, '-p', 'count store_get', '--format', 'json'];
        const { stdout, stderr } = await sidestep([...args, '--', server, '--requests', '300', '--rate', '0']);
        const { hits } = parseJsonLines(stderr);
        const requests = hits.map(({ message: text }) => {
          const [, id, method] = /^#(\d+) (METHOD_(?:GET|PUT|DELETE)) "user:\d+" for "client [12]"$/.exec(text) ?? [];
          assert.ok(id !== undefined, text);
          return { id: Number(id), method };
        });
        assert.deepEqual(
          requests.map(({ id }) => id).sort((a, b) => a - b),
          Array.from({ length: 300 }, (_, id) => id),
        );
        assert.equal(
          requests.filter(({ method }) => method === 'METHOD_GET').length,
          countersOf(stdout).get('reply_get'),
        );
      });
    });
  }

  it('is probed by its example.probes', async () => {
    const server = build('-g -O2');
    const file = join(SOURCES, 'example.probes');
    const { status, stderr } = await sidestep([
      'run',
      '-f',
      file,
      '--format',
      'json',
      '--',
      server,
      '--requests',
      '500',
      '--rate',
      '0',
    ]);
    assert.equal(status, 0, stderr);
    const { summary } = parseJsonLines(stderr);
    assert.equal(summary.probes.length, 3);
    assert.ok(summary.probes.every(({ hits, sites }) => hits > 0 && sites.length > 0));
  });
});
