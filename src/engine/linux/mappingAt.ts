import { partitionPointOf } from '../../base/binarySearch';
import { type Mapping } from '../../contract/messages';

/** The mapping that holds the address; they are in ascending order. */
export function mappingAt(mappings: readonly Mapping[], address: bigint): Mapping | undefined {
  const found = mappings[partitionPointOf(mappings, ({ end }) => end <= address)];
  return found && found.start <= address ? found : undefined;
}
