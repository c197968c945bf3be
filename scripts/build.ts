/**
 * Bundles the five programs into dist/, so that the packaged extension needs no node_modules:
 *
 * - each entry point is one CommonJS file with its source map;
 * - iced-x86 loads `iced_x86_bg.wasm` from the directory of the file it stands in, so the module lies beside the
 *   bundles;
 * - koffi picks a package of binaries by platform and C library; this extension is for linux-x64 with glibc alone, so
 *   its binary is required directly and copied to dist/koffi.node;
 * - the formatters of formatters/ are copied to dist/formatters/;
 * - the `sidestep` command starts the bundle cli.js: launcher.ts.
 *
 * Every file is written under another name and renamed: a program that starts during a build finds a whole file.
 * `npm run build`, or `npm run watch` to go on building.
 */
import { chmodSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { type BuildOptions, type OutputFile, type Plugin, build, context } from 'esbuild';
import { launcherImage } from './launcher';
import { licensesOf } from './licenses';

const ROOT = join(__dirname, '..');
const DIST = join(ROOT, 'dist');

interface Entry {
  readonly name: string;
  /** Modules that the host provides. */
  readonly external?: readonly string[];
  /** A program for the command line: executable, and run by the `node` on PATH. */
  readonly command?: true;
}

const ENTRIES: readonly Entry[] = [
  { name: 'extension', external: ['vscode'] },
  { name: 'adapter' },
  { name: 'engine' },
  { name: 'guardian' },
  { name: 'cli', command: true },
];

function optionsOf({ name, external = [], command }: Entry): BuildOptions & { readonly metafile: true } {
  return {
    absWorkingDir: ROOT,
    entryPoints: { [name]: `src/${name}/main.ts` },
    outdir: DIST,
    bundle: true,
    write: false,
    metafile: true,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    sourcemap: 'linked',
    sourcesContent: false,
    legalComments: 'none',
    logLevel: 'warning',
    external: [...external],
    alias: {
      koffi: require.resolve('koffi'), // the CommonJS one: its ES module asks for import.meta.url
      '@koromix/koffi-linux-x64': '@koromix/koffi-linux-x64/linux_x64/koffi.node',
    },
    loader: { '.node': 'copy' },
    assetNames: '[name]',
    ...(command && { banner: { js: '#!/usr/bin/env node' } }),
    plugins: [atomicOutput(command ? [join(DIST, `${name}.js`)] : [])],
  };
}

/** Puts a finished build's files into place; a build with errors leaves the last good ones. */
function atomicOutput(executables: readonly string[]): Plugin {
  return {
    name: 'atomic-output',
    setup: (build) =>
      build.onEnd(({ outputFiles = [] }) => {
        for (const file of outputFiles) {
          putInPlace(file);
          if (executables.includes(file.path)) chmodSync(file.path, 0o755);
          if (file.path.endsWith('.js')) report(file);
        }
      }),
  };
}

function putInPlace({ path, contents }: Pick<OutputFile, 'path' | 'contents'>): void {
  mkdirSync(dirname(path), { recursive: true });
  const temporary = `${path}.${process.pid}.tmp`;
  writeFileSync(temporary, contents);
  renameSync(temporary, path);
}

function report({ path, contents }: OutputFile): void {
  process.stdout.write(`  ${relative(ROOT, path)}  ${Math.ceil(contents.length / 1024)} kB\n`);
}

async function main(watch: boolean): Promise<void> {
  const wasm = 'iced_x86_bg.wasm';
  putInPlace({ path: join(DIST, wasm), contents: readFileSync(join(ROOT, 'node_modules/iced-x86', wasm)) });
  for (const name of readdirSync(join(ROOT, 'formatters'))) {
    putInPlace({ path: join(DIST, 'formatters', name), contents: readFileSync(join(ROOT, 'formatters', name)) });
  }
  const launcher = join(DIST, 'sidestep');
  putInPlace({ path: launcher, contents: launcherImage() });
  chmodSync(launcher, 0o755);
  const tasks = ENTRIES.map(optionsOf);
  if (watch) {
    await Promise.all(tasks.map(async (options) => (await context(options)).watch()));
    return;
  }
  const bundled = await Promise.all(tasks.map(bundledFiles));
  putInPlace({ path: join(DIST, 'licenses.txt'), contents: Buffer.from(licensesOf(ROOT, bundled.flat())) });
}

/** One broken program must not keep the others from being built; esbuild has already printed what is wrong with it. */
async function bundledFiles(options: ReturnType<typeof optionsOf>): Promise<string[]> {
  try {
    return Object.keys((await build(options)).metafile.inputs);
  } catch {
    process.exitCode = 1;
    return [];
  }
}

void main(process.argv.includes('--watch'));
