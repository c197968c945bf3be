/**
 * Location lists (DWARF 5 §2.6.2, §7.29 in .debug_loclists; DWARF 4 §2.6.2 in .debug_loc): the expression that holds at
 * an address.
 */
import { type AttributeValue } from './attributeValue';
import { FORM } from './constants';

/**
 * The expression of a DW_AT_location or DW_AT_frame_base at `pc`: the attribute's own, or the list's entry that covers
 * `pc`. Undefined: nothing holds there.
 */
export function expressionAt(value: AttributeValue, pc: number): Uint8Array | undefined {
  const list = listOffset(value);
  if (list === undefined) return value.block();
  const { unit } = value;
  const isNew = unit.header.version >= 5 && unit.info.sections.reader('.debug_loclists').end > 0;
  return unit.info.locationLists.at(isNew ? '.debug_loclists' : '.debug_loc', list, unit, pc);
}

/** Whether the value changes from address to address: a sign of optimised code. */
export function isLocationList(value: AttributeValue): boolean {
  return value.isListOffset || value.form === FORM.loclistx;
}

function listOffset(value: AttributeValue): number | undefined {
  if (value.isListOffset) return value.unsigned();
  if (value.form !== FORM.loclistx) return undefined;
  return value.unit.listOffset('.debug_loclists', value.unsigned() ?? 0);
}
