/** Bytes of an object by its entry, without making its type. */
import { AT, TAG } from '../dwarf/constants';
import { type Entry } from '../dwarf/entry';
import { inherited } from './names';
import { MAX_LAYERS } from './typeSource';

/** Undefined where debug information does not say. */
export function sizeOfType(object: Entry): number | undefined {
  return sizeBehind(object, MAX_LAYERS);
}

/** Bytes of the type that an entry has. Types inside each other beyond `layers` go round in a circle. */
function sizeBehind(entry: Entry, layers: number): number | undefined {
  const type = inherited(entry, (origin) => origin.reference(AT.type));
  const size = type?.unsigned(AT.byte_size);
  if (!type || size !== undefined || layers === 0) return size;
  if (POINTERS.has(type.tag)) return type.unit.header.addressSize;
  const inner = sizeBehind(type, layers - 1);
  return type.tag === TAG.array_type && inner !== undefined ? arraySize(type, inner) : inner;
}

const POINTERS: ReadonlySet<number> = new Set([TAG.pointer_type, TAG.reference_type, TAG.rvalue_reference_type]);

/** Undefined where a count is not a number. */
function arraySize(array: Entry, element: number): number | undefined {
  let size: number | undefined = element;
  for (const child of array.children()) {
    if (child.tag !== TAG.subrange_type) continue;
    const last = child.unsigned(AT.upper_bound);
    const count = child.unsigned(AT.count) ?? (last === undefined ? undefined : last + 1);
    size = size === undefined || count === undefined ? undefined : size * count;
  }
  return size;
}
