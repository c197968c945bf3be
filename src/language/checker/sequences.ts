/**
 * Values that are a number of elements somewhere else, as compilers and standard libraries lay them out: Go's slices
 * and strings, Rust's slices, `Vec` and `String`, C++'s strings. What is laid out in a way that is not known is none.
 */
import { type Scope, type SourceLanguage, type StructureType, type Type } from '../../debuginfo/model/model';
import { type Range, typeError } from '../expression/diagnostics';
import { behindReferences, sharedPointee } from '../rules/rustPointees';
import { INT, LONG, UNSIGNED_LONG } from '../typed/builtinTypes';
import { constant, convert, decay } from '../typed/conversions';
import { fieldAt } from '../typed/members';
import { both, dereference } from '../typed/pointers';
import { countNode } from '../typed/sizes';
import { type Elements, type Place, type Typed } from '../typed/tree';
import { arrayOf, elementOf, isStructure, pointerTo, sizeOf, typeText, unqualified } from '../typed/types';

export interface Sequence {
  /** To the first element. */
  readonly pointer: Typed;
  /** Integers of 64 bits. */
  readonly length: Typed;
  readonly capacity: Typed | undefined;
  readonly element: Type;
  /** The sequence's own type, where it is a string of UTF-8. */
  readonly text: Type | undefined;
}

/** Undefined for a value that is no such sequence in the language. */
export function sequenceOf(node: Typed, { language }: Pick<Scope, 'language'>): Sequence | undefined {
  if (node.kind === 'elements') {
    const { pointer, count, element, isText, type } = node;
    return { pointer, length: convert(count, LONG), capacity: undefined, element, text: isText ? type : undefined };
  }
  const object = behindPointer(node, language);
  const type = unqualified(object.type);
  if (object.kind !== 'place') return undefined;
  if (type.kind === 'array' && (language === 'go' || language === 'rust')) {
    const length = countNode(type);
    const element = elementOf(type);
    return length && { pointer: decay(object), length, capacity: length, element, text: undefined };
  }
  return isStructure(type) ? structured(object, type, language) : undefined;
}

/** What indexing looks through: Rust's references, and Go's pointer to an array. */
function behindPointer(node: Typed, language: SourceLanguage): Typed {
  if (language === 'rust') {
    const value = behindReferences(node);
    return sharedPointee(value) ?? value;
  }
  const type = unqualified(node.type);
  const isArrayPointer = language === 'go' && type.kind === 'pointer' && unqualified(type.target).kind === 'array';
  return isArrayPointer ? dereference(node, type.target) : node;
}

function structured(object: Place, type: StructureType, language: SourceLanguage): Sequence | undefined {
  if (language === 'go') return goSequence(object, type);
  if (language === 'rust') return rustSequence(object, type);
  return language === 'c++' ? standardString(object, type) : undefined;
}

function goSequence(object: Place, type: StructureType): Sequence | undefined {
  const names = type.members.map(({ name }) => name).join();
  if (names === 'str,len') return counted(object, [['str'], ['len']], { text: type });
  return names === 'array,len,cap' ? counted(object, [['array'], ['len'], ['cap']]) : undefined;
}

const RUST_TEXT = /^&(?:mut )?str$|^\*(?:const|mut) str$|^alloc::boxed::Box<str\b/;
/** Where a vector's buffer has its address, in the versions of the library that are known. */
const VECTOR_POINTERS: readonly (readonly string[])[] = [
  ['buf', 'inner', 'ptr', 'pointer', 'pointer'],
  ['buf', 'ptr', 'pointer', 'pointer'],
];

function rustSequence(object: Place, type: StructureType): Sequence | undefined {
  const name = type.name ?? '';
  if (type.members.map((each) => each.name).join() === 'data_ptr,length') {
    return counted(object, [['data_ptr'], ['length']], RUST_TEXT.test(name) ? { text: type } : {});
  }
  if (name === 'alloc::string::String') {
    const vector = fieldAt(object, ['vec']);
    const inner = vector && unqualified(vector.type);
    const bytes = vector && inner && isStructure(inner) ? vectorOf(vector, inner) : undefined;
    return bytes && { ...bytes, text: type };
  }
  return /^alloc::vec::Vec</.test(name) ? vectorOf(object, type) : undefined;
}

function vectorOf(object: Place, { templateArguments = [] }: StructureType): Sequence | undefined {
  const [first] = templateArguments;
  const path = VECTOR_POINTERS.find((names) => fieldAt(object, names) !== undefined);
  if (first?.kind !== 'type' || path === undefined) return undefined;
  return counted(object, [path, ['len']], { element: first.type });
}

/** Where libstdc++'s and libc++'s have their characters and their length. */
const STRING_VIEW_FIELDS: readonly (readonly [string, string])[] = [
  ['_M_str', '_M_len'],
  ['__data_', '__size_'],
  ['__data', '__size'],
];

/** C++'s strings of `char`. */
function standardString(object: Place, type: StructureType): Sequence | undefined {
  const name = type.name ?? '';
  if (/^std::__cxx11::basic_string<char, /.test(name)) {
    return counted(object, [['_M_dataplus', '_M_p'], ['_M_string_length']], { text: type });
  }
  if (!/^std::(?:__\w+::)?basic_string_view<char, /.test(name)) return undefined;
  const fields = STRING_VIEW_FIELDS.find(([pointer]) => fieldAt(object, [pointer]) !== undefined);
  return fields && counted(object, [[fields[0]], [fields[1]]], { text: type });
}

function counted(
  object: Place,
  [pointerPath, lengthPath, capacityPath]: readonly [readonly string[], readonly string[], (readonly string[])?],
  known: { readonly element?: Type; readonly text?: Type } = {},
): Sequence | undefined {
  const [pointer, length] = [fieldAt(object, pointerPath), fieldAt(object, lengthPath)];
  const capacity = capacityPath && fieldAt(object, capacityPath);
  const type = pointer && unqualified(pointer.type);
  if (pointer === undefined || type?.kind !== 'pointer' || length === undefined) return undefined;
  const element = known.element ?? type.target;
  return {
    pointer: convert(pointer, pointerTo(element)),
    length: convert(length, LONG),
    capacity: capacity && convert(capacity, LONG),
    element,
    text: known.text,
  };
}

// ---- elements and slices
// --------------------------------------------------------------------------------------------------

const OUT_OF_RANGE = '<not available: the index is out of range>';

/** The element at a position, an integer of 64 bits; one that is out of range says so. Throws `type`. */
export function elementAt({ pointer, length, element }: Sequence, position: Typed, range: Range): Place {
  if (position.kind === 'constant') refuseOutside(position.value, length, range);
  const condition: Typed = { kind: 'binary', type: INT, operation: 'ltU', left: position, right: length };
  const address = advanced(pointer, position, element, range);
  const value: Typed = { kind: 'checked', type: pointerTo(element), condition, value: address, reason: OUT_OF_RANGE };
  return dereference(value, element);
}

function refuseOutside(position: bigint, length: Typed, range: Range): void {
  if (position < 0n) throw typeError('an index is not below 0', range);
  if (length.kind === 'constant' && position >= length.value) {
    throw typeError(`there are ${length.value} elements, numbered from 0`, range);
  }
}

export interface Bounds {
  readonly start: Typed | undefined;
  readonly end: Typed | undefined;
  readonly isInclusive: boolean;
}

/** The elements between two positions; `limit` is the end that none may be beyond. */
export function sliceOf(sequence: Sequence, { start, end, isInclusive }: Bounds, limit: Typed, range: Range): Elements {
  const { pointer, length, element, text } = sequence;
  const first = start ?? constant(LONG, 0n);
  const given = end ?? length;
  const last: Typed = isInclusive
    ? { kind: 'binary', type: LONG, operation: 'add', left: given, right: constant(LONG, 1n) }
    : given;
  const isOrdered: Typed = { kind: 'binary', type: INT, operation: 'leU', left: first, right: last };
  const isInside: Typed = { kind: 'binary', type: INT, operation: 'leU', left: last, right: limit };
  const address = advanced(pointer, first, element, range);
  return {
    kind: 'elements',
    type: text ?? arrayOf(element, undefined),
    pointer: {
      kind: 'checked',
      type: pointerTo(element),
      condition: both(isOrdered, isInside),
      value: address,
      reason: OUT_OF_RANGE,
    },
    count: { kind: 'binary', type: LONG, operation: 'sub', left: last, right: first },
    element,
    isText: text !== undefined,
  };
}

function advanced(pointer: Typed, position: Typed, element: Type, range: Range): Typed {
  const size = sizeOf(element);
  if (size === undefined) throw typeError(`the size of \`${typeText(element)}\` is not known here`, range);
  const right: Typed = {
    kind: 'binary',
    type: UNSIGNED_LONG,
    operation: 'mul',
    left: convert(position, UNSIGNED_LONG),
    right: constant(UNSIGNED_LONG, BigInt(size)),
  };
  return { kind: 'binary', type: pointerTo(element), operation: 'add', left: pointer, right };
}
