/**
 * One attribute's value as its form encodes it (DWARF 5 §7.5.5): plain data that knows no unit and no file. What it
 * leads to, the string at an offset or the entry that a reference means, `Unit` and `Entry` find.
 *
 * Asked for a class that it does not belong to, a value answers undefined: producers disagree about forms, and a value
 * that can't be understood must read as missing, not as another one.
 */

/** Classes of values, and what a value of each holds. Offsets count bytes. */
export interface ValueClasses {
  /** A link-time address. */
  address: number;
  /** The number of an address in the unit's part of .debug_addr. */
  addressIndex: number;
  /** A bigint beyond 2^53 only. Forms without a sign of their own (data1 … data8) read as unsigned. */
  constant: number | bigint;
  block: Uint8Array;
  expression: Uint8Array;
  flag: boolean;
  /** An offset in the section that the attribute is about: of lines, ranges, locations, macros. */
  sectionOffset: number;
  /** The number of a list in the unit's part of .debug_loclists. */
  locationIndex: number;
  /** The number of a list in the unit's part of .debug_rnglists. */
  rangeIndex: number;
  /** Text in the entry itself. */
  string: string;
  /** An offset in .debug_str. */
  stringOffset: number;
  /** An offset in .debug_line_str. */
  lineStringOffset: number;
  /** An offset in the supplementary file's .debug_str. */
  sharedStringOffset: number;
  /** The number of a string in the unit's part of .debug_str_offsets. */
  stringIndex: number;
  /** An entry's offset from its unit's header. */
  unitReference: number;
  /** An entry's offset in .debug_info. */
  fileReference: number;
  /** An entry's offset in the supplementary file's .debug_info. */
  sharedReference: number;
  /** The signature of a type unit. */
  signature: bigint;
}

export type ValueClass = keyof ValueClasses;

export type AttributeValue<C extends ValueClass = ValueClass> = {
  readonly [K in C]: {
    readonly class: K;
    /** DW_FORM_*. */
    readonly form: number;
    readonly value: ValueClasses[K];
  };
}[C];

/** A number that can't be negative: sizes, counts, lines, section offsets, list numbers. */
export function unsignedOf(value: AttributeValue): number | undefined {
  switch (value.class) {
    case 'constant':
      return amountOf(value.value);
    case 'sectionOffset':
    case 'locationIndex':
    case 'rangeIndex':
      return value.value;
    default:
      return undefined;
  }
}

/** An amount by its number. */
export function amountOf(number: number | bigint): number | undefined {
  return number < 0 ? undefined : Number(number);
}

export function constantOf(value: AttributeValue): bigint | undefined {
  return value.class === 'constant' ? BigInt(value.value) : undefined;
}

export function flagOf(value: AttributeValue): boolean {
  return value.class === 'flag' && value.value;
}

/** An expression or other bytes. */
export function blockOf(value: AttributeValue): Uint8Array | undefined {
  return value.class === 'block' || value.class === 'expression' ? value.value : undefined;
}
