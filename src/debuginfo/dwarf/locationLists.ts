/**
 * Location lists (DWARF 5 §2.6.2, §7.29 in .debug_loclists; DWARF 4 §2.6.2 in .debug_loc): the expression that holds at
 * an address.
 */
import { type Attribute } from './entry';

/**
 * The expression of a DW_AT_location or DW_AT_frame_base at `pc`: the attribute's own, or the list's entry that covers
 * `pc`. Undefined: nothing holds there.
 */
export function expressionAt(attribute: Attribute, pc: number): Uint8Array | undefined {
  const list = listOffset(attribute);
  if (list === undefined) return attribute.block();
  const { unit } = attribute;
  const isNew = unit.header.version >= 5 && unit.file.sections.reader('.debug_loclists').end > 0;
  return unit.file.locationLists.at(isNew ? '.debug_loclists' : '.debug_loc', list, unit, pc);
}

/** Whether the value changes from address to address: a sign of optimised code. */
export function isLocationList(attribute: Attribute): boolean {
  return attribute.isListOffset || attribute.value.class === 'locationIndex';
}

function listOffset(attribute: Attribute): number | undefined {
  const { value, unit } = attribute;
  if (attribute.isListOffset) return attribute.unsigned();
  return value.class === 'locationIndex' ? unit.listOffset('.debug_loclists', value.value) : undefined;
}
