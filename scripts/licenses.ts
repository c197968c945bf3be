/** The licences of the packages whose code is in the bundles: they ask to be passed on with it. */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

interface PackageManifest {
  readonly version: string;
  readonly license?: string;
  readonly homepage?: string;
}

/** A text with each package's name, version, licence and its words. `files`: all that was bundled, relative to `root`. */
export function licensesOf(root: string, files: Iterable<string>): string {
  const names = new Set<string>();
  for (const file of files) {
    const name = /(?:^|\/)node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file)?.[1];
    if (name !== undefined) names.add(name);
  }
  const texts = [...names].sort().map((name) => licenseOf(join(root, 'node_modules', name), name));
  return `Sidestep contains code of these packages:\n\n${texts.join('\n')}`;
}

function licenseOf(folder: string, name: string): string {
  const {
    version,
    license = 'no licence named',
    homepage,
  } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as PackageManifest;
  const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
  const words = file === undefined ? '' : `\n${readFileSync(join(folder, file), 'utf8').trim()}\n`;
  return `── ${name} ${version} (${license})${homepage === undefined ? '' : ` ${homepage}`}\n${words}`;
}
