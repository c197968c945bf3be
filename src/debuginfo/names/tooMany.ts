/** A pattern that means more places than a probe may have. */
import { SidestepError } from '../../base/errors';

/** `what`: what it matches, with the number. `most`: how many sites the probe may still have. */
export function tooMany(what: string, most: number): SidestepError {
  return new SidestepError('too-many', `${what}; the limit leaves room for ${most} sites`, {
    advice:
      'Write more of the name, or the module in front of it (MODULE!PATTERN), or allow more: --max-sites, or maxSites ' +
      'in launch.json.',
  });
}
