/**
 * How the System V ABI for x86-64 classes what a function returns (§3.2.3, "Classification" and "Returning of Values"):
 * each eightbyte of a value by what lies in it.
 */
import { type Member, type StructureType, type Type } from '../../debuginfo/model/model';
import { type ArrayType, type BareType, elementOf, isStructure, knownCount, sizeOf, unqualified } from './types';

/** `ssePart`: the rest of a vector that began in the eightbyte before. */
export type EightbyteClass = 'none' | 'integer' | 'sse' | 'ssePart' | 'x87' | 'x87Part' | 'complexX87' | 'memory';

/** The classes of a value's eightbytes; `memory`: all of it lies there; undefined where the type does not tell. */
export type Classes = readonly EightbyteClass[] | 'memory' | undefined;

const EIGHTBYTE = 8;
/** Aggregates that are larger lie in memory, but for vectors of 32 and 64 bytes. */
const MAX_IN_REGISTERS = 16;
const MAX_VECTOR = 64;
/** Structures and arrays inside each other: in 16 bytes, sound types have few. */
const MAX_DEPTH = 16;

export function classify(type: Type): Classes {
  const size = sizeOf(type);
  if (size === undefined) return undefined;
  const under = unqualified(type);
  if (isStructure(under) && isByReference(under)) return 'memory';
  if (size > MAX_IN_REGISTERS && !(isVector(under) && size <= MAX_VECTOR) && !isLongComplex(under)) return 'memory';
  const classes = new Array<EightbyteClass>(Math.max(1, Math.ceil(size / EIGHTBYTE))).fill('none');
  if (!merge(classes, under, 0, 0)) return undefined;
  return settled(classes);
}

/** C++: objects that a constructor must copy, or a destructor must end, lie where the caller said. */
function isByReference({ passedBy }: StructureType): boolean {
  return passedBy === 'reference';
}

function isVector(type: BareType): type is ArrayType {
  return type.kind === 'array' && type.isVector === true;
}

function isLongComplex(type: BareType): boolean {
  return type.kind === 'base' && type.encoding === 'complex' && type.byteSize === 32;
}

/** Step 5: the merger that is left when all fields have been seen. */
function settled(classes: readonly EightbyteClass[]): Classes {
  for (const [index, each] of classes.entries()) {
    if (each === 'memory') return 'memory';
    if (each === 'x87Part' && classes[index - 1] !== 'x87') return 'memory';
  }
  return classes.map((each, index) => {
    const before = classes[index - 1];
    return each === 'ssePart' && before !== 'sse' && before !== 'ssePart' ? 'sse' : each;
  });
}

/** Merges the classes of a value at a byte offset into those of the whole. False: the type does not tell. */
function merge(classes: EightbyteClass[], type: BareType, offset: number, depth: number): boolean {
  if (depth > MAX_DEPTH) return false;
  if (isStructure(type)) return mergeMembers(classes, type, offset, depth);
  if (type.kind === 'array' && !isVector(type)) return mergeElements(classes, type, offset, depth);
  const own = scalarClasses(type);
  if (own === undefined) return false;
  const { list, alignment } = own;
  // A field that is not at its alignment.
  const all = offset % alignment === 0 ? list : list.map(() => 'memory' as const);
  for (const [index, each] of all.entries()) put(classes, Math.floor(offset / EIGHTBYTE) + index, each);
  return true;
}

function mergeMembers(classes: EightbyteClass[], type: StructureType, offset: number, depth: number): boolean {
  if (type.variants !== undefined) return false;
  return type.members.every((member) => mergeMember(classes, member, offset, depth));
}

function mergeMember(classes: EightbyteClass[], member: Member, offset: number, depth: number): boolean {
  const { bits, byteOffset, type } = member;
  if (bits !== undefined) {
    const first = offset * 8 + bits.offset;
    for (let at = first >> 6; at <= (first + bits.size - 1) >> 6; at++) put(classes, at, 'integer');
    return true;
  }
  if (typeof byteOffset !== 'number') return false;
  const under = unqualified(type);
  // What is a reference in an object is a pointer.
  return merge(classes, under, offset + byteOffset, depth + 1);
}

function mergeElements(classes: EightbyteClass[], type: ArrayType, offset: number, depth: number): boolean {
  const element = elementOf(type);
  const size = sizeOf(element);
  // An array of no length, at a structure's end.
  const count = knownCount(type) ?? 0;
  if (size === undefined) return false;
  if (count * size > MAX_IN_REGISTERS || (size === 0 && count > 0)) return count === 0;
  for (let index = 0; index < count; index++) {
    if (!merge(classes, unqualified(element), offset + index * size, depth + 1)) return false;
  }
  return true;
}

/** Step 4: of two fields in one eightbyte. */
function put(classes: EightbyteClass[], at: number, other: EightbyteClass): void {
  const known = classes[at];
  if (known !== undefined) classes[at] = merged(known, other);
}

function merged(one: EightbyteClass, other: EightbyteClass): EightbyteClass {
  if (one === other || other === 'none') return one;
  if (one === 'none') return other;
  const both = [one, other];
  for (const strong of ['memory', 'integer'] as const) if (both.includes(strong)) return strong;
  return both.some((each) => each === 'x87' || each === 'x87Part' || each === 'complexX87') ? 'memory' : 'sse';
}

interface ScalarClasses {
  readonly list: readonly EightbyteClass[];
  /** In bytes. */
  readonly alignment: number;
}

function scalarClasses(type: BareType): ScalarClasses | undefined {
  const size = type.byteSize;
  if (size === undefined) return undefined;
  switch (type.kind) {
    case 'base':
      return baseClasses(type);
    case 'enumeration':
    case 'pointer':
    case 'reference':
    case 'rvalueReference':
      return integers(size, size);
    case 'memberPointer':
      return integers(size, EIGHTBYTE);
    case 'array':
      return size > MAX_VECTOR ? undefined : { list: vector(size), alignment: size };
    default:
      return undefined;
  }
}

function baseClasses({ encoding, byteSize, name, bitSize }: Extract<BareType, { kind: 'base' }>) {
  switch (encoding) {
    case 'float':
      if (byteSize <= EIGHTBYTE) return { list: ['sse'], alignment: byteSize } as const;
      if (byteSize !== 16) return undefined;
      // __float128, _Float128: Intel's own format is all that else has this size.
      if (name.includes('128')) return { list: ['sse', 'ssePart'], alignment: 16 } as const;
      return { list: ['x87', 'x87Part'], alignment: 16 } as const;
    case 'decimal':
      return byteSize <= 16 ? { list: vector(byteSize), alignment: byteSize } : undefined;
    case 'complex':
      if (byteSize === 8) return { list: ['sse'], alignment: 4 } as const;
      if (byteSize === 16) return { list: ['sse', 'sse'], alignment: 8 } as const;
      return byteSize === 32 && !name.includes('128') ? ({ list: ['complexX87'], alignment: 16 } as const) : undefined;
    case 'complexInteger':
      return byteSize <= 16 ? integers(byteSize, byteSize / 2) : undefined;
    case 'other':
      return undefined;
    default:
      // _BitInt(N) of more than 64 bits is an array of eightbytes.
      return byteSize <= 16 ? integers(byteSize, bitSize === undefined ? byteSize : Math.min(byteSize, 8)) : undefined;
  }
}

function integers(size: number, alignment: number): ScalarClasses {
  return { list: new Array<EightbyteClass>(Math.ceil(size / EIGHTBYTE)).fill('integer'), alignment };
}

function vector(size: number): readonly EightbyteClass[] {
  return Array.from({ length: Math.ceil(size / EIGHTBYTE) }, (_, index) => (index === 0 ? 'sse' : 'ssePart'));
}
