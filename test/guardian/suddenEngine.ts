/**
 * An engine that ends in a moment which a kill from outside seldom hits: it has resumed a thread, which has run on into
 * the next INT3, and has not executed an instruction since.
 */
import { join } from 'node:path';
import { bundleEngine } from '../engine/engineBundle';
import { engineScript } from '../engine/engineClient';

/** The variable that says at which of such moments it ends: 1 is the first. */
export const OCCASIONS = 'SIDESTEP_TEST_OCCASIONS';

/** Bundles it, beside the guardian; the script's path. */
export async function suddenEngine(): Promise<string> {
  engineScript();
  return bundleEngine('suddenEngine', {
    name: 'sudden',
    setup(builder) {
      builder.onResolve({ filter: /\/libc$/ }, ({ importer }) =>
        importer.includes('/src/engine/') ? { path: join(__dirname, 'suddenLibc.ts') } : undefined,
      );
    },
  });
}
