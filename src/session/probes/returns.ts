/** Where functions return: in the modules where they were found, the exits and the entries of all their copies. */
import { SidestepError } from '../../base/errors';
import { type FunctionReturns } from '../../debuginfo/model/model';
import { type FunctionLocation, type LineLocation } from '../../language/probes/spec';
import { type Module } from '../code/module';
import { type FoundEntry, type FoundPlace, type Search } from './foundPlace';

/** `meant`: the places of the functions, or of the line, where they are entered or passed. */
export function findReturns(of: FunctionLocation | LineLocation, meant: Search): Search {
  const places: FoundPlace[] = [];
  const entries: FoundEntry[] = [];
  const doubts = new Set<string>();
  const errors = [...meant.errors];
  for (const module of new Set(meant.places.map((place) => place.module))) {
    if (module === undefined) continue;
    const found = returnsIn(module, of, meant);
    if (found instanceof SidestepError) {
      errors.push(found);
      continue;
    }
    const { exits, doubts: own } = found;
    for (const doubt of own) doubts.add(doubt);
    const copyOf = (copy: number): string => `${module.key} ${copy}`;
    for (const { address, line, function: name, copy, ...leaving } of exits) {
      places.push({ module, candidates: [module.toRun(address)], line, function: name, leaving, copy: copyOf(copy) });
    }
    for (const { address, copy, frame } of found.entries) {
      entries.push({ module, address: module.toRun(address), copy: copyOf(copy), frame });
    }
  }
  if (places.length === 0 && doubts.size > 0) {
    errors.push(new SidestepError('not-probeable', `no return of it can be probed: ${[...doubts].join('; ')}`));
  }
  return { places, entries, doubts: [...doubts], errors, ...(meant.line !== undefined && { line: meant.line }) };
}

function returnsIn(
  module: Module,
  of: FunctionLocation | LineLocation,
  { places }: Search,
): FunctionReturns | SidestepError {
  try {
    if (of.kind === 'function') return module.image.functionReturns(of.name);
    const addresses = places.flatMap((place) => (place.module === module ? place.candidates.slice(0, 1) : []));
    return module.image.returnsAround(addresses.map((address) => module.toLink(address)));
  } catch (error) {
    if (error instanceof SidestepError) return error;
    throw error;
  }
}
