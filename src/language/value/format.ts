/** Values in one line: bytes + type → tree of nodes → text. */
import { type Type } from '../../debuginfo/model/model';
import { type Style } from '../expression/format';
import { nodeText } from './nodeText';
import { type Snapshot } from './snapshot';
import { nodeOf } from './typeNodes';

/** The value of `type` at the start of the snapshot. */
export function valueText(type: Type, value: Snapshot, style?: Style): string {
  return nodeText(nodeOf(type, value, style));
}
