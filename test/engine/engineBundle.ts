/** Engines for tests that replace some of their modules. */
import { join } from 'node:path';
import { build, type Plugin } from 'esbuild';

const OUTPUT = join(__dirname, '../../out/engine');

/** Bundles the engine with what `plugin` replaces; the script's path. */
export async function bundleEngine(name: string, plugin: Plugin): Promise<string> {
  const script = join(OUTPUT, `${name}.js`);
  await build({
    entryPoints: [join(__dirname, '../../src/engine/main.ts')],
    bundle: true,
    platform: 'node',
    format: 'cjs',
    external: ['koffi', 'iced-x86'],
    outfile: script,
    logLevel: 'error',
    plugins: [plugin],
  });
  return script;
}
