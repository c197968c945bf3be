/**
 * What a scan does at each kind of entry: abbreviations (DWARF 5 §7.5.3) as tables by code. Most entries are of no
 * interest and of a fixed size: one addition gets over them. Of the others it says where the few values are that an
 * index needs.
 */
import { type ByteReader } from '../../base/byteReader';
import { AT, FORM, TAG, TYPE_TAGS } from '../dwarf/constants';
import { type Encoding, formOf, sizeOf, type Skip } from '../dwarf/forms';

/** What an entry is to an index. */
export const ROLE = {
  none: 0,
  function: 1,
  inlined: 2,
  block: 3,
  variable: 4,
  type: 5,
  enumerator: 6,
  namespace: 7,
  unit: 8,
} as const;

const ROLES = new Map<number, number>([
  [TAG.subprogram, ROLE.function],
  [TAG.inlined_subroutine, ROLE.inlined],
  [TAG.lexical_block, ROLE.block],
  [TAG.variable, ROLE.variable],
  [TAG.constant, ROLE.variable],
  // Static ones before DWARF 5.
  [TAG.member, ROLE.variable],
  [TAG.enumerator, ROLE.enumerator],
  [TAG.namespace, ROLE.namespace],
  [TAG.module, ROLE.namespace],
  [TAG.compile_unit, ROLE.unit],
  [TAG.partial_unit, ROLE.unit],
  [TAG.type_unit, ROLE.unit],
  [TAG.skeleton_unit, ROLE.unit],
  ...[...TYPE_TAGS].map((tag): [number, number] => [tag, ROLE.type]),
]);

/** Types that entries in them are named after. */
const SCOPES = new Set<number>([
  TAG.structure_type,
  TAG.class_type,
  TAG.union_type,
  TAG.interface_type,
  TAG.enumeration_type,
]);

/** Of entries that a plan has no size for. */
export const SIZE = { varies: -1, undeclared: -2 } as const;

/** Over one value after the other: a number of bytes, one of the frequent kinds below, or how to get over another. */
export type Step = number | Skip;
const STEP = { block: -1, leb: -2, string: -3 } as const;

const STEPS = new Map<number, number>([
  [FORM.exprloc, STEP.block],
  [FORM.block, STEP.block],
  [FORM.string, STEP.string],
  ...[
    FORM.udata,
    FORM.sdata,
    FORM.ref_udata,
    FORM.strx,
    FORM.addrx,
    FORM.loclistx,
    FORM.rnglistx,
    FORM.GNU_addr_index,
    FORM.GNU_str_index,
  ].map((form): [number, number] => [form, STEP.leb]),
]);

/** Over a block whose length does not fit one byte. */
const SKIP_BLOCK: Skip = (bytes, offset, encoding) => {
  const row = formOf(FORM.block);
  const size = row && sizeOf(row, encoding);
  return typeof size === 'function' ? size(bytes, offset, encoding) : bytes.length + 1;
};

/** Codes above it are no compiler's: they number from 1. */
const MAX_CODE = 1 << 20;

/** Where a value is: so many steps after the start of the entry's values. */
export interface ValuePlace {
  readonly form: number;
  /** Bytes before it; -1: as many as `steps` get over. */
  readonly offset: number;
  readonly steps: readonly Step[];
}

/** What a scan looks at in the entries of one abbreviation. */
export interface EntryPlan {
  readonly name: ValuePlace | undefined;
  /** DW_AT_abstract_origin, else DW_AT_specification. */
  readonly completes: ValuePlace | undefined;
  readonly completesDeclaration: boolean;
  readonly sibling: ValuePlace | undefined;
  readonly isDeclaration: boolean;
  /** Functions: has code. Variables: has a location or a value. */
  readonly isDefinition: boolean;
  /** Has a size: a type that is described here, where a mere declaration may not say that it is one. */
  readonly isSized: boolean;
  /** An inline namespace. */
  readonly isExported: boolean;
  /** Entries in it are named after it, if it has a name. */
  readonly isScope: boolean;
  /** Of a unit's own entry: all its values, by attribute. */
  readonly root: ReadonlyMap<number, ValuePlace>;
}

interface MutableEntryPlan extends EntryPlan {
  name: ValuePlace | undefined;
  completes: ValuePlace | undefined;
  completesDeclaration: boolean;
  sibling: ValuePlace | undefined;
  isDeclaration: boolean;
  isDefinition: boolean;
  isSized: boolean;
  isExported: boolean;
  readonly root: Map<number, ValuePlace>;
}

export class ScanPlan {
  /** By code: bytes of all values of an entry, or {@link SIZE}. */
  sizes = new Int32Array(256).fill(SIZE.undeclared);
  tags = new Uint16Array(256);
  roles = new Uint8Array(256);
  hasChildren = new Uint8Array(256);
  readonly steps: (readonly Step[] | undefined)[] = [];
  readonly entries: (EntryPlan | undefined)[] = [];

  /** The abbreviations at the reader's offset. Throws `malformed`. */
  static read(reader: ByteReader, encoding: Encoding): ScanPlan {
    const plan = new ScanPlan();
    const cursor = new Cursor(reader);
    for (let code = cursor.uleb(); code !== 0; code = cursor.uleb()) plan.#add(code, cursor, encoding);
    reader.offset = cursor.offset;
    return plan;
  }

  #add(code: number, cursor: Cursor, encoding: Encoding): void {
    if (code >= MAX_CODE) throw cursor.malformed(`abbreviation ${code} has too large a number`);
    if (code >= this.sizes.length) this.#grow(code);
    if (this.sizes[code] !== SIZE.undeclared) throw cursor.malformed(`abbreviation ${code} is declared twice`);
    const tag = cursor.uleb();
    const role = ROLES.get(tag) ?? ROLE.none;
    const entry = role === ROLE.none ? undefined : emptyEntryPlan(tag, role);
    this.tags[code] = tag;
    this.roles[code] = role;
    this.hasChildren[code] = cursor.byte() === 0 ? 0 : 1;
    const steps: Step[] = [];
    let offset = 0;
    for (;;) {
      const attribute = cursor.uleb();
      const form = cursor.uleb();
      if (attribute === 0 && form === 0) break;
      const row = formOf(form);
      if (!row) throw cursor.malformed(`attribute form 0x${form.toString(16)} is unknown`);
      if (form === FORM.implicit_const) cursor.skipLeb();
      if (entry && (IS_WANTED[attribute] === 1 || role === ROLE.unit))
        note(entry, role, attribute, { form, offset, steps: offset < 0 ? [...steps] : NO_STEPS });
      const size = sizeOf(row, encoding);
      addStep(steps, STEPS.get(form) ?? size);
      offset = typeof size !== 'number' || offset < 0 ? -1 : offset + size;
    }
    this.sizes[code] = offset < 0 ? SIZE.varies : offset;
    if (offset < 0) this.steps[code] = steps;
    if (tag === TAG.member && entry?.isDeclaration !== true) this.roles[code] = ROLE.none;
    else this.entries[code] = entry;
  }

  #grow(code: number): void {
    const length = 2 ** Math.ceil(Math.log2(code + 1));
    const sizes = new Int32Array(length).fill(SIZE.undeclared);
    sizes.set(this.sizes);
    this.sizes = sizes;
    this.tags = copied(this.tags, new Uint16Array(length));
    this.roles = copied(this.roles, new Uint8Array(length));
    this.hasChildren = copied(this.hasChildren, new Uint8Array(length));
  }
}

/**
 * The offset after what `steps` describe, from `offset` on. Reads past the end count as zeros, so the result may lie
 * past it.
 */
export function skipSteps(bytes: Uint8Array, offset: number, steps: readonly Step[], encoding: Encoding): number {
  for (const step of steps) {
    if (typeof step !== 'number') offset = step(bytes, offset, encoding);
    else if (step >= 0) offset += step;
    else if (step === STEP.block) {
      const length = bytes[offset]!;
      offset = length < 0x80 ? offset + 1 + length : SKIP_BLOCK(bytes, offset, encoding);
    } else if (step === STEP.leb) {
      while (bytes[offset]! >= 0x80) offset++;
      offset++;
    } else {
      const end = bytes.length;
      while (offset < end && bytes[offset] !== 0) offset++;
      offset++;
    }
    if (!(offset <= bytes.length)) return bytes.length + 1;
  }
  return offset;
}

function addStep(steps: Step[], step: Step): void {
  const last = steps.at(-1);
  if (typeof step === 'number' && step >= 0 && typeof last === 'number' && last >= 0)
    steps[steps.length - 1] = last + step;
  else steps.push(step);
}

/** Where the value is in an entry whose values start at `values`. */
export function placeOf(bytes: Uint8Array, values: number, place: ValuePlace, encoding: Encoding): number {
  return place.offset >= 0 ? values + place.offset : skipSteps(bytes, values, place.steps, encoding);
}

const IS_WANTED = Uint8Array.from({ length: 0x100 });
for (const attribute of [
  AT.name,
  AT.abstract_origin,
  AT.specification,
  AT.sibling,
  AT.byte_size,
  AT.declaration,
  AT.low_pc,
  AT.ranges,
  AT.location,
  AT.const_value,
  AT.export_symbols,
])
  IS_WANTED[attribute] = 1;

const NO_STEPS: readonly Step[] = [];
const NO_VALUES = new Map<number, ValuePlace>();

function emptyEntryPlan(tag: number, role: number): MutableEntryPlan {
  return {
    name: undefined,
    completes: undefined,
    completesDeclaration: false,
    sibling: undefined,
    isDeclaration: false,
    isDefinition: false,
    isExported: false,
    isSized: false,
    isScope: role === ROLE.namespace || SCOPES.has(tag),
    root: role === ROLE.unit ? new Map<number, ValuePlace>() : NO_VALUES,
  };
}

function note(entry: MutableEntryPlan, role: number, attribute: number, place: ValuePlace): void {
  const isVariable = role === ROLE.variable;
  if (role === ROLE.unit) entry.root.set(attribute, place);
  switch (attribute) {
    case AT.name:
      entry.name ??= place;
      break;
    case AT.abstract_origin:
      entry.completes = place;
      entry.completesDeclaration = false;
      break;
    case AT.specification:
      if (entry.completes) break;
      entry.completes = place;
      entry.completesDeclaration = true;
      break;
    case AT.sibling:
      entry.sibling ??= place;
      break;
    case AT.declaration:
      entry.isDeclaration = true;
      break;
    case AT.byte_size:
      entry.isSized = true;
      break;
    case AT.export_symbols:
      entry.isExported = true;
      break;
    case AT.low_pc:
    case AT.ranges:
      entry.isDefinition ||= !isVariable;
      break;
    case AT.location:
    case AT.const_value:
      entry.isDefinition ||= isVariable;
      break;
  }
}

function copied<T extends Uint8Array | Uint16Array>(from: T, to: T): T {
  to.set(from);
  return to;
}

/** Reads what abbreviations are made of, a million numbers in large files, with as few steps as that takes. */
class Cursor {
  readonly #reader: ByteReader;
  readonly #bytes: Uint8Array;
  readonly #end: number;
  offset: number;

  constructor(reader: ByteReader) {
    this.#reader = reader;
    this.#bytes = reader.data;
    this.#end = reader.end;
    this.offset = reader.offset;
  }

  byte(): number {
    if (this.offset >= this.#end) throw this.malformed('it ends within an abbreviation');
    return this.#bytes[this.offset++]!;
  }

  uleb(): number {
    const byte = this.byte();
    if (byte < 0x80) return byte;
    this.#reader.offset = this.offset - 1;
    const value = this.#reader.uleb();
    this.offset = this.#reader.offset;
    return value;
  }

  skipLeb(): void {
    while (this.byte() >= 0x80);
  }

  malformed(what: string): Error {
    return this.#reader.malformed(what, this.offset);
  }
}
