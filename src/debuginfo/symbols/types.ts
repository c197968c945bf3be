/**
 * Types (DWARF 5 chapter 5) in the terms of `model`. Each entry becomes one object, made when first needed; what it leads to is
 * read when it is asked for, so circles in the program's types are no circles here, and those in a hostile file end.
 */
import { AT, ATE, TAG } from '../dwarf/constants';
import { tolerating } from '../dwarf/debugInfo';
import { type Entry } from '../dwarf/entry';
import { type BaseEncoding, type Member, type StructureType, type Type } from '../model';
import { readMembers } from './members';
import { languageOf, qualifiedNameOf } from './names';

const VOID: Type = { kind: 'void', byteSize: undefined };
const POINTER_SIZE = 8;
/** Typedefs and qualifiers in a row; a longer row is a circle. */
const MAX_LAYERS = 64;

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
  [ATE.UTF, 'unsignedCharacter'],
  [ATE.UCS, 'unsignedCharacter'],
  [ATE.ASCII, 'unsignedCharacter'],
]);

/** What reads as the type behind it. */
const TRANSPARENT = new Set<number>([TAG.subrange_type, TAG.packed_type, TAG.shared_type]);

/** What clients look through to the type behind it: these must not form a circle. */
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

/** One kind of type: reads its entry. */
type Reader = (types: Types, entry: Entry) => Type;

const qualifier =
  (kind: Qualifier): Reader =>
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
  (kind: Pointer): Reader =>
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

const structure =
  (kind: StructureType['kind']): Reader =>
  (types, entry) => {
    let members: readonly Member[] | undefined;
    return {
      kind,
      name: qualifiedNameOf(entry),
      language: languageOf(entry.unit),
      get byteSize() {
        const definition = types.definitionOf(entry);
        return definition.flag(AT.declaration) ? undefined : (definition.unsigned(AT.byte_size) ?? 0);
      },
      get members() {
        members ??= readMembers(types, types.definitionOf(entry));
        return members;
      },
    };
  };

const READERS = new Map<number, Reader>([
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
  [TAG.array_type, readArray],
  [TAG.enumeration_type, readEnumeration],
  [TAG.subroutine_type, readFunction],
  [TAG.subprogram, readFunction],
]);

/** Finds the definition of a structure that `declaration` only names; undefined when the image has none. */
export type FindDefinition = (declaration: Entry) => Entry | undefined;

export class Types {
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
    const target = tolerating(() => entry.reference(AT.type));
    return target ? this.of(target) : VOID;
  }

  /** The type that `entry` describes. */
  of(entry: Entry): Type {
    let type = this.#cache.get(entry.key);
    if (!type) {
      // What leads to itself while it is read (an enumeration over itself) leads to nothing.
      this.#cache.set(entry.key, VOID);
      type = tolerating(() => this.#read(entry)) ?? VOID;
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
      definition = tolerating(() => entry.reference(AT.signature) ?? this.#findDefinition(entry)) ?? entry;
      this.#definitions.set(entry.key, definition);
    }
    return definition;
  }

  #read(entry: Entry): Type {
    if (isCircle(entry)) return VOID;
    if (TRANSPARENT.has(entry.tag)) return this.typeOf(entry);
    const reader = READERS.get(entry.tag);
    if (reader) return reader(this, entry);
    return { kind: 'unspecified', name: entry.string(AT.name) ?? '(unknown type)', byteSize: undefined };
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

function readTypedef(types: Types, entry: Entry): Type {
  return {
    kind: 'typedef',
    name: qualifiedNameOf(entry) ?? '(unnamed type)',
    get target() {
      return types.typeOf(entry);
    },
    get byteSize() {
      return types.sizeOf(entry);
    },
  };
}

function readBase(_types: Types, entry: Entry): Type {
  return {
    kind: 'base',
    name: entry.string(AT.name) ?? '(unnamed type)',
    byteSize: entry.unsigned(AT.byte_size) ?? Math.ceil((entry.unsigned(AT.bit_size) ?? 0) / 8),
    encoding: ENCODINGS.get(entry.unsigned(AT.encoding) ?? 0) ?? 'other',
  };
}

function readArray(types: Types, entry: Entry): Type {
  const counts: (number | undefined)[] = [];
  for (const dimension of entry.children()) {
    if (dimension.tag === TAG.subrange_type || dimension.tag === TAG.enumeration_type) counts.push(countOf(dimension));
  }
  const stated = entry.unsigned(AT.byte_size);
  return {
    kind: 'array',
    counts,
    get element() {
      return types.typeOf(entry);
    },
    get byteSize() {
      return stated ?? productOf(counts, types.sizeOf(entry));
    },
  };
}

/** Elements of one dimension; undefined when only the running program knows. */
function countOf(dimension: Entry): number | undefined {
  const count = dimension.attribute(AT.count)?.constant();
  // No array has fewer than no elements; what says so does not know.
  if (count !== undefined) return count < 0n ? undefined : Number(count);
  // The lower bound is 0 in every language that gets here. An upper bound of -1 is gcc's `[0]`.
  const upper = dimension.attribute(AT.upper_bound)?.constant();
  if (upper === undefined) return undefined;
  return upper > 0xffff_ffff_ffffn ? 0 : Math.max(0, Number(upper) + 1);
}

function productOf(counts: readonly (number | undefined)[], size: number | undefined): number | undefined {
  let product = size;
  for (const count of counts) product = product === undefined || count === undefined ? undefined : product * count;
  return product;
}

function readEnumeration(types: Types, entry: Entry): Type {
  const definition = types.definitionOf(entry);
  const enumerators: { name: string; value: bigint }[] = [];
  for (const child of definition.children()) {
    if (child.tag !== TAG.enumerator) continue;
    enumerators.push({ name: child.string(AT.name) ?? '', value: child.attribute(AT.const_value)?.constant() ?? 0n });
  }
  const underlying = types.typeOf(definition);
  const signed =
    underlying.kind === 'base' ? underlying.encoding === 'signed' : enumerators.some(({ value }) => value < 0n);
  return {
    kind: 'enumeration',
    name: qualifiedNameOf(entry),
    byteSize: definition.unsigned(AT.byte_size) ?? underlying.byteSize ?? 4,
    signed,
    enumerators,
  };
}

function readFunction(types: Types, entry: Entry): Type {
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
