/**
 * Holds the documents to the tree: a path in backticks whose first folder exists must exist as a whole. It counts from
 * the root, from `src/` or from one of its layers, and may leave out the `.ts`: `src/base`, `engine/tracees/tracees`,
 * `tracees/threadState.ts`, `test/emulator/**`. A name by itself, `decode.ts`, must be some file's.
 */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';

const ROOT = join(__dirname, '..');
const SRC = join(ROOT, 'src');
const DOCUMENTS = ['README.md', 'CONTRIBUTING.md', ...readdirSync(join(ROOT, 'docs')).map((name) => `docs/${name}`)];
const PATH = /`([\w.*-]+(?:\/[\w.*-]+)*\/?)(?: [^`]*)?`/g;

/** Made by the build and by tools. */
const MADE: ReadonlySet<string> = new Set(['dist', 'out', 'node_modules']);

const names = new Set(
  ['src', 'test', 'scripts', 'bench', 'examples']
    .flatMap((folder) => readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' }))
    .map((path) => basename(path)),
);

const bases = [ROOT, SRC, ...readdirSync(SRC).map((layer) => join(SRC, layer))];

function isFolder(path: string): boolean {
  return existsSync(path) && statSync(path).isDirectory();
}

/** Of a pattern, the folder before its first star. */
function exists(path: string): boolean {
  return [path, `${path}.ts`].some((form) => existsSync(form.replace(/\/[^/]*\*.*$/, '')));
}

/** Paths in a line that lead nowhere. */
function lostIn(line: string): string[] {
  return [...line.matchAll(PATH)].flatMap(([, path = '']) => {
    const [first = ''] = path.split('/');
    if (!path.includes('/')) return !path.endsWith('.ts') || path.includes('*') || names.has(path) ? [] : [path];
    if (MADE.has(first)) return [];
    const starts = bases.filter((base) => isFolder(join(base, first)));
    return starts.length === 0 || starts.some((base) => exists(join(base, path))) ? [] : [path];
  });
}

for (const document of DOCUMENTS.filter((name) => name.endsWith('.md'))) {
  for (const [index, line] of readFileSync(join(ROOT, document), 'utf8').split('\n').entries()) {
    for (const path of lostIn(line)) {
      process.stderr.write(`${document}:${index + 1}: there is no ${path}\n`);
      process.exitCode = 1;
    }
  }
}
