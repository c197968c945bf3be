/**
 * Servers that the tests and benchmarks probe, built with symbols from Debian's sources into .cache/NAME: the program in `NAME`, what it was built
 * from in `source/`. apt's lists of sources are kept in .cache/, too: the machine's own configuration stays as it is.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';

const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';

/** How each source package is built. Its Debian build dependencies are set-up's business. */
const RECIPES = {
  memcached: [
    ['./configure', '--disable-docs', '--disable-dependency-tracking', '--quiet'],
    ['make', '--silent', `--jobs=${cpus().length}`, 'memcached'],
  ],
};

/** Builds `name` unless it is there. `run(command, args, cwd)` ends the set-up when the command fails. */
export function buildFromDebianSources(cache, name, run) {
  const folder = join(cache, name);
  if (existsSync(join(folder, name))) return;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const apt = ['--quiet=2', ...aptOptions(join(cache, 'debian-sources'))];
  run('apt-get', [...apt, 'update'], folder);
  run('apt-get', [...apt, 'source', name], folder);
  const source = join(folder, 'source');
  const unpacked = readdirSync(folder, { withFileTypes: true }).find((entry) => entry.isDirectory());
  renameSync(join(folder, unpacked.name), source);
  for (const [command, ...args] of RECIPES[name]) run(command, args, source);
  renameSync(join(source, name), join(folder, name));
}

/** apt's options for seeing the sources of the repositories that the machine's packages come from, and nothing else (apt.conf(5), Dir). */
function aptOptions(folder) {
  const list = join(folder, 'sources.list');
  const lists = join(folder, 'lists');
  mkdirSync(join(lists, 'partial'), { recursive: true });
  const key = existsSync(KEYRING) ? `[signed-by=${KEYRING}] ` : '';
  writeFileSync(
    list,
    debianRepositories()
      .map((repository) => `deb-src ${key}${repository}\n`)
      .join(''),
  );
  const options = { 'Dir::Etc::SourceList': list, 'Dir::Etc::SourceParts': '/dev/null', 'Dir::State::Lists': lists };
  return Object.entries({ ...options, 'APT::Sandbox::User': '' }).flatMap(([option, value]) => [
    '-o',
    `${option}=${value}`,
  ]);
}

/** `URI SUITE main` of every repository of this Debian release that apt is set up for. */
function debianRepositories() {
  const release = /^VERSION_CODENAME=(\w+)$/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1];
  const args = ['indextargets', '--format', '$(REPO_URI) $(RELEASE) $(COMPONENT)', 'Created-By: Packages'];
  const { stdout } = spawnSync('apt-get', args, { encoding: 'utf8' });
  const repositories = stdout
    .trim()
    .split('\n')
    .filter((line) => line.split(' ')[2] === 'main');
  return [...new Set(repositories)].filter((line) => line.split(' ')[1].startsWith(release));
}
