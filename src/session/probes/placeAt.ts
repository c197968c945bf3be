/** What a module's file says about an address that is to be probed. */
import { type Address } from '../../base/address';
import { type Place } from '../../contract/messages';
import { type Module } from '../code/module';

/** Bytes of the file that the engine compares with memory: the longest instruction. */
const EXPECTED_BYTES = 15;

/** What a module's file says about an address, in the form of a request. */
export function placeAt(module: Module | undefined, address: Address): Place {
  if (module === undefined) return { address };
  const at = module.toLink(address);
  const bytes = module.image.textAt(at, EXPECTED_BYTES);
  const sequence = module.image.restartableSequenceAt(at);
  return {
    address,
    ...(bytes && { expected: Buffer.from(bytes).toString('hex') }),
    ...(sequence && { sequence: { start: module.toRun(sequence.start), end: module.toRun(sequence.end) } }),
  };
}
