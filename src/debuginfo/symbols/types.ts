/**
 * Types (DWARF 5 chapter 5) in the terms of `model`. Each entry becomes one object, made when first needed; what it
 * leads to is read when it is asked for, so circles in the program's types are no circles here, and those in a hostile
 * file end.
 */
import { AT, ATE, TAG } from '../dwarf/constants';
import { ifWellFormed } from '../dwarf/debugInfo';
import { type Entry } from '../dwarf/entry';
import { type BaseEncoding, type BaseType, type Type } from '../model/model';
import { readArray } from './arrays';
import { readEnumeration } from './enumerations';
import { languageOf, qualifiedNameOf } from './names';
import { structure } from './structures';
import { MAX_LAYERS, type TypeReader, type TypeSource } from './typeSource';

const VOID: Type = { kind: 'void', byteSize: undefined };
const POINTER_SIZE = 8;
const CODE: Type = { kind: 'pointer', byteSize: POINTER_SIZE, target: VOID };

const ENCODINGS = new Map<number, BaseEncoding>([
  [ATE.address, 'address'],
  [ATE.boolean, 'boolean'],
  [ATE.complex_float, 'complex'],
  [ATE.float, 'float'],
  [ATE.signed, 'signed'],
  [ATE.signed_char, 'character'],
  [ATE.unsigned, 'unsigned'],
  [ATE.unsigned_char, 'unsignedCharacter'],
  [ATE.imaginary_float, 'complex'],
  [ATE.packed_decimal, 'decimal'],
  [ATE.decimal_float, 'decimal'],
  [ATE.UTF, 'unicode'],
  [ATE.UCS, 'unicode'],
  [ATE.ASCII, 'unsignedCharacter'],
  [ATE.GNU_complex_integer, 'complexInteger'],
]);

/** Kinds that are shown as the type that they refer to. */
const TRANSPARENT = new Set<number>([TAG.subrange_type, TAG.packed_type, TAG.shared_type]);

/** Kinds that clients follow to the underlying type: these must not form a circle. */
const LAYERS = new Set<number>([
  ...TRANSPARENT,
  // An array of itself has no size.
  TAG.array_type,
  TAG.typedef,
  TAG.template_alias,
  TAG.const_type,
  TAG.immutable_type,
  TAG.volatile_type,
  TAG.restrict_type,
  TAG.atomic_type,
]);

type Qualifier = 'const' | 'volatile' | 'restrict' | 'atomic';
type Pointer = 'pointer' | 'reference' | 'rvalueReference';

const qualifier =
  (kind: Qualifier): TypeReader =>
  (types, entry) => ({
    kind,
    get target() {
      return types.typeOf(entry);
    },
    get byteSize() {
      return types.sizeOf(entry);
    },
  });

const pointer =
  (kind: Pointer): TypeReader =>
  (types, entry) => {
    const name = entry.string(AT.name);
    return {
      kind,
      // Go and Rust name their pointer types.
      ...(name !== undefined && { name }),
      byteSize: entry.unsigned(AT.byte_size) ?? POINTER_SIZE,
      get target() {
        return types.typeOf(entry);
      },
    };
  };

const READERS = new Map<number, TypeReader>([
  [TAG.const_type, qualifier('const')],
  [TAG.immutable_type, qualifier('const')],
  [TAG.volatile_type, qualifier('volatile')],
  [TAG.restrict_type, qualifier('restrict')],
  [TAG.atomic_type, qualifier('atomic')],
  [TAG.pointer_type, pointer('pointer')],
  [TAG.reference_type, pointer('reference')],
  [TAG.rvalue_reference_type, pointer('rvalueReference')],
  [TAG.structure_type, structure('structure')],
  [TAG.class_type, structure('class')],
  [TAG.interface_type, structure('class')],
  [TAG.union_type, structure('union')],
  [TAG.typedef, readTypedef],
  [TAG.template_alias, readTypedef],
  [TAG.base_type, readBase],
  [TAG.ptr_to_member_type, readMemberPointer],
  [TAG.unspecified_type, readUnspecified],
  [TAG.array_type, readArray],
  [TAG.enumeration_type, readEnumeration],
  [TAG.subroutine_type, readFunction],
  [TAG.subprogram, readFunction],
]);

/** Finds the definition of a structure that `declaration` only names; undefined when the image has none. */
export type FindDefinition = (declaration: Entry) => Entry | undefined;

export class Types implements TypeSource {
  readonly #cache = new Map<number, Type>();
  readonly #definitions = new Map<number, Entry>();
  readonly #findDefinition: FindDefinition;
  /** Types whose size is being computed: one that needs its own size has none. */
  readonly #sizing = new Set<number>();

  constructor(findDefinition: FindDefinition) {
    this.#findDefinition = findDefinition;
  }

  /** The type that `entry` has by DW_AT_type; void without one. */
  typeOf(entry: Entry): Type {
    const target = ifWellFormed(() => entry.reference(AT.type));
    return target ? this.of(target) : VOID;
  }

  /** The type that `entry` describes. */
  of(entry: Entry): Type {
    let type = this.#cache.get(entry.key);
    if (!type) {
      // What leads to itself while it is read (an enumeration over itself) leads to nothing.
      this.#cache.set(entry.key, VOID);
      type = ifWellFormed(() => this.#read(entry)) ?? VOID;
      this.#cache.set(entry.key, type);
    }
    return type;
  }

  /** Bytes of the type that `entry` has by DW_AT_type. */
  sizeOf(entry: Entry): number | undefined {
    if (this.#sizing.has(entry.key)) return undefined;
    this.#sizing.add(entry.key);
    try {
      return this.typeOf(entry).byteSize;
    } finally {
      this.#sizing.delete(entry.key);
    }
  }

  /** The entry that has the members: `entry` itself, unless it only declares the type. */
  definitionOf(entry: Entry): Entry {
    if (!entry.flag(AT.declaration)) return entry;
    let definition = this.#definitions.get(entry.key);
    if (!definition) {
      definition = ifWellFormed(() => entry.reference(AT.signature) ?? this.#findDefinition(entry)) ?? entry;
      this.#definitions.set(entry.key, definition);
    }
    return definition;
  }

  #read(entry: Entry): Type {
    if (isCircle(entry)) return VOID;
    if (TRANSPARENT.has(entry.tag)) return this.typeOf(entry);
    // A stub for what a type unit describes (DWARF 5 §5.7.1).
    const described = entry.reference(AT.signature);
    if (described && !described.has(AT.signature)) return this.of(described);
    return (READERS.get(entry.tag) ?? readUnspecified)(this, entry);
  }
}

function isCircle(entry: Entry): boolean {
  let current: Entry | undefined = entry;
  for (let layer = 0; layer < MAX_LAYERS; layer++) {
    if (!current || !LAYERS.has(current.tag)) return false;
    current = current.reference(AT.type);
  }
  return true;
}

function readTypedef(types: TypeSource, entry: Entry): Type {
  return {
    kind: 'typedef',
    name: qualifiedNameOf(entry) ?? '(unnamed type)',
    language: languageOf(entry.unit),
    get target() {
      return types.typeOf(entry);
    },
    get byteSize() {
      return types.sizeOf(entry);
    },
  };
}

/** DW_AT_bit_size; clang leaves it out, and the name tells. */
function bitSizeOf(entry: Entry, name: string): number | undefined {
  const named = /\b_BitInt\((\d{1,7})\)/.exec(name);
  const bits = entry.unsigned(AT.bit_size) ?? (named ? Number(named[1]) : undefined);
  const bytes = entry.unsigned(AT.byte_size) ?? Infinity;
  return bits !== undefined && bits > 0 && bits <= bytes * 8 ? bits : undefined;
}

function readBase(_types: TypeSource, entry: Entry): BaseType {
  const name = entry.string(AT.name) ?? '(unnamed type)';
  const bits = bitSizeOf(entry, name);
  const encoding = ENCODINGS.get(entry.unsigned(AT.encoding) ?? 0) ?? 'other';
  const isInteger = encoding === 'signed' || encoding === 'unsigned';
  return {
    kind: 'base',
    name,
    language: languageOf(entry.unit),
    byteSize: entry.unsigned(AT.byte_size) ?? Math.ceil((bits ?? 0) / 8),
    encoding,
    ...(isInteger && bits !== undefined && { bitSize: bits }),
  };
}

/** C++'s nullptr_t is a pointer that is always null; other types without a description have no size either. */
function readUnspecified(_types: TypeSource, entry: Entry): Type {
  const name = entry.string(AT.name) ?? '(unknown type)';
  if (/^(?:decltype\(nullptr\)|(?:std::)?nullptr_t)$/.test(name)) {
    return { kind: 'pointer', name, byteSize: POINTER_SIZE, target: VOID };
  }
  return { kind: 'unspecified', name, byteSize: undefined };
}

function readMemberPointer(types: TypeSource, entry: Entry): Type {
  const containing = ifWellFormed(() => entry.reference(AT.containing_type));
  const stated = entry.unsigned(AT.byte_size);
  return {
    kind: 'memberPointer',
    get byteSize() {
      return stated ?? (types.typeOf(entry).kind === 'function' ? 2 * POINTER_SIZE : POINTER_SIZE);
    },
    get containing() {
      return containing ? types.of(containing) : VOID;
    },
    get target() {
      return types.typeOf(entry);
    },
  };
}

/** Go's values of such a type are pointers to what they have captured, with the code's address first. */
function readFunction(types: TypeSource, entry: Entry): Type {
  const name = entry.string(AT.name);
  const byteSize = entry.unsigned(AT.byte_size);
  if (byteSize !== undefined && languageOf(entry.unit) === 'go') {
    return { kind: 'pointer', byteSize, target: CODE, ...(name !== undefined && { name }) };
  }
  return {
    kind: 'function',
    byteSize: undefined,
    get returns() {
      return types.typeOf(entry);
    },
    get parameters() {
      return [...entry.children()]
        .filter(({ tag }) => tag === TAG.formal_parameter)
        .map((child) => types.typeOf(child));
    },
  };
}
