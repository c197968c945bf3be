/**
 * Location lists (DWARF 5 §2.6.2, §7.29 in .debug_loclists; DWARF 4 §2.6.2 in .debug_loc): the expression that holds at
 * an address.
 */
import { type Attribute } from './entry';
import { type LocationSection } from './locationSection';
import { type Unit } from './unit';

/**
 * The expression of a DW_AT_location or DW_AT_frame_base at `pc`: the attribute's own, or the list's entry that covers
 * `pc`. Undefined: nothing holds there.
 */
export function expressionAt(attribute: Attribute, pc: number): Uint8Array | undefined {
  const list = listOffset(attribute);
  if (list === undefined) return attribute.block();
  const { unit } = attribute;
  return unit.file.locationLists.at(sectionOf(unit), list, unit, pc);
}

/** Whether the value changes from address to address: a sign of optimised code. */
export function isLocationList(attribute: Attribute): boolean {
  return attribute.isListOffset || attribute.value.class === 'locationIndex';
}

function sectionOf({ header, file }: Unit): LocationSection {
  return header.version >= 5 && file.sections.reader('.debug_loclists').end > 0 ? '.debug_loclists' : '.debug_loc';
}

function listOffset(attribute: Attribute): number | undefined {
  const { value, unit } = attribute;
  if (attribute.isListOffset) return unit.partOf(sectionOf(unit)) + (attribute.unsigned() ?? 0);
  return value.class === 'locationIndex' ? unit.listOffset('.debug_loclists', value.value) : undefined;
}
