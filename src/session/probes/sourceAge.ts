/**
 * The oldest mistake with debuggers: the source was edited after the program was built, so its lines are no longer the
 * program's.
 */
import { statSync } from 'node:fs';
import { type Module } from '../code/module';
import { type FoundPlace } from './foundPlace';
import { type SourceMap } from '../code/sourceMap';

/** A warning for each source file of `places` that was changed after the module it was compiled into. */
export function newerSources(places: readonly FoundPlace[], sourceMap: SourceMap): readonly string[] {
  const pairs = new Map<string, { readonly source: string; readonly module: Module }>();
  for (const { module, line } of places) {
    if (!module || !line) continue;
    const source = sourceMap.toHere(line.file);
    pairs.set(`${source}\0${module.path}`, { source, module });
  }
  return [...pairs.values()]
    .filter(({ source, module }) => modifiedAt(source) > modifiedAt(module.path))
    .map(({ source, module }) => `${source} was changed after ${module.path} was built: lines may be off`);
}

/** ns since 1970; the beginning of time for a file that can't be seen. */
function modifiedAt(path: string): bigint {
  try {
    return statSync(path, { bigint: true }).mtimeNs;
  } catch {
    return 0n;
  }
}
