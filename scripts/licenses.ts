/** The licences of the packages whose code is in the bundles: they ask to be passed on with it. */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

interface PackageManifest {
  readonly version: string;
  readonly license?: string;
  readonly homepage?: string;
  readonly author?: string | { readonly name: string };
}

/**
 * A text with each package's name, version, licence and its words. `files`: all that was bundled, relative to `root`.
 */
export function licensesOf(root: string, files: Iterable<string>): string {
  const names = new Set<string>();
  for (const file of files) {
    const name = /(?:^|\/)node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file)?.[1];
    if (name !== undefined) names.add(name);
  }
  const texts = [...names].sort().map((name) => licenseOf(join(root, 'node_modules'), name));
  return `Sidestep contains code of these packages:\n\n${texts.join('\n')}`;
}

function licenseOf(modules: string, name: string): string {
  const manifest = JSON.parse(readFileSync(join(modules, name, 'package.json'), 'utf8')) as PackageManifest;
  const { version, license = 'no licence named', homepage } = manifest;
  const words = wordsOf(join(modules, PART_OF[name] ?? name), name, manifest);
  return `── ${name} ${version} (${license})${homepage === undefined ? '' : ` ${homepage}`}\n\n${words}\n`;
}

/** Packages that are part of another one, which has the licence of both. */
const PART_OF: Readonly<Record<string, string>> = { '@koromix/koffi-linux-x64': 'koffi' };

/**
 * A package has its licence in a file, or at the end of its README. Who holds the copyright may stand in its manifest
 * alone.
 */
function wordsOf(folder: string, name: string, { author }: PackageManifest): string {
  const words = textOf(folder, /^licen[cs]e/i) ?? sectionOf(textOf(folder, /^readme/i));
  if (words === undefined) throw new Error(`${name} has no licence text`);
  if (COPYRIGHT.test(words)) return words;
  const holder = typeof author === 'string' ? author : author?.name;
  if (holder === undefined) throw new Error(`${name} does not say who holds the copyright`);
  return `Copyright ${holder}\n\n${words}`;
}

const COPYRIGHT = /^\s*copyright\b/im;

function textOf(folder: string, name: RegExp): string | undefined {
  const file = readdirSync(folder).find((entry) => name.test(entry));
  return file === undefined ? undefined : readFileSync(join(folder, file), 'utf8').trim();
}

/** What stands below a heading that is about the licence. */
function sectionOf(readme: string | undefined): string | undefined {
  return /^#+ *licen[cs]e\s*$([^#]{200,})/im.exec(readme ?? '')?.[1]?.trim();
}
