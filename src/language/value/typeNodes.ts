/**
 * Bytes and their type → a tree of nodes, as the type is made: members, base classes, elements, the bits of bit-fields.
 * No node shows a byte that was not captured.
 */
import { assertExists } from '../../base/assert';
import { type Member, type StructureType, type Type, type VariantPart } from '../../debuginfo/model/model';
import { type Style } from '../expression/format';
import { type ArrayType, elementOf, isStructure, knownCount, scalarOf, sizeOf, unqualified } from '../typed/types';
import { characterArray } from './characterArray';
import { type Children, type Extent, lazy, leaf, type ValueNode } from './node';
import { bitFieldText, type NumberStyle, scalarText } from './scalar';
import { formattedAt, missingAt, MORE, type Snapshot, textAt } from './snapshot';
import { BYTES, type Encoding } from './text';
import { encodingOf, textType } from './textTypes';
import { liveVariant } from './variants';

/** The value of `type` at the start of the snapshot. `style`: the notation of all that is in it. */
export function nodeOf(type: Type, value: Snapshot, style?: Style): ValueNode {
  return new TypeNodes(value, style).node(type, 0);
}

/** What a node is to its parent. */
type Place = Pick<ValueNode, 'name' | 'role'>;

const WHOLE: Place = { name: undefined, role: 'value' };
const ELEMENT: Place = { name: undefined, role: 'element' };

class TypeNodes {
  readonly #snapshot: Snapshot;
  readonly #style: Style | undefined;

  constructor(value: Snapshot, style: Style | undefined) {
    this.#snapshot = value;
    this.#style = style;
  }

  node(type: Type, offset: number, place: Place = WHOLE): ValueNode {
    const under = unqualified(type);
    const size = sizeOf(under);
    const common = { ...place, type, extent: { offset, byteSize: size } };
    const formatted = formattedAt(this.#snapshot, offset, type);
    if (formatted !== undefined) return { ...formatted, ...common };
    if (isStructure(under)) return this.#structure(under, common);
    if (under.kind === 'array') return this.#array(under, common);
    if (size === undefined) return leaf(under.kind === 'void' ? 'void' : '<incomplete type>', common);
    return leaf(missingAt(this.#snapshot, offset, size) ?? this.#scalar(type, size, offset), common);
  }

  #scalar(type: Type, size: number, offset: number): string {
    const style = this.#numberStyle();
    const own = scalarText(type, this.#snapshot.bytes, offset, size, style);
    if (style !== undefined || scalarOf(type)?.kind !== 'pointer' || own === '0x0') return own;
    const text = textAt(this.#snapshot, offset, 'terminated');
    return text === undefined ? own : `${own} ${text}`;
  }

  #numberStyle(): NumberStyle | undefined {
    return this.#style === 'string' || this.#style === 'bare' ? undefined : this.#style;
  }

  // ---- structures
  // ----------------------------------------------------------------------------------------------------------

  #structure(type: StructureType, common: Common): ValueNode {
    const { offset } = common.extent;
    const isText = textType(type)?.kind === 'counted';
    const text = isText ? textAt(this.#snapshot, offset, 'counted') : undefined;
    if (text === undefined && type.byteSize === undefined) return leaf('<incomplete type>', common);
    if (text === undefined && type.variants !== undefined) return this.#oneOf(type, type.variants, common);
    return { ...common, text, children: lazy(() => this.#members(type.members, offset)) };
  }

  /** A structure that is one of several: with the members of the one that it is. */
  #oneOf(type: StructureType, part: VariantPart, common: Common): ValueNode {
    const { offset } = common.extent;
    const live = liveVariant(part, this.#snapshot, offset);
    if (typeof live === 'string') return leaf(live, common);
    const [only, ...others] = live;
    const inner = only && unqualified(only.type);
    // Rust wraps each variant's fields in a structure, whose name is the variant's.
    const isWrapped = type.language === 'rust' && type.members.length + others.length === 0;
    if (!isWrapped || inner === undefined || !isStructure(inner) || only?.name === undefined) {
      return { ...common, text: undefined, children: this.#members([...type.members, ...live], offset) };
    }
    const fields = this.#members(inner.members, offset + known(only.byteOffset));
    const isTuple = inner.members.length > 0 && inner.members.every(({ name }) => TUPLE_FIELD.test(name ?? ''));
    const children = isTuple ? positional(fields) : fields;
    return { ...common, text: undefined, variant: only.name, children };
  }

  #members(members: readonly Member[], offset: number): Children {
    const { bytes } = this.#snapshot;
    const isPastEnd = ({ byteOffset, bits, type }: Member) =>
      bits === undefined && offset + known(byteOffset) >= bytes.length && (type.byteSize ?? 0) > 0;
    const end = members.findIndex(isPastEnd);
    return {
      kind: 'named',
      count: members.length,
      known: end < 0 ? members.length : end,
      at: (index) => this.#member(assertExists(members[index], 'member'), offset),
    };
  }

  #member(member: Member, offset: number): ValueNode {
    const { type, bits, inherited } = member;
    const place: Place = inherited
      ? { name: member.name ?? structureName(type), role: 'base' }
      : { name: member.name, role: 'member' };
    if (bits === undefined) return this.node(type, offset + known(member.byteOffset), place);
    const start = offset * 8 + bits.offset;
    const first = Math.floor(start / 8);
    const byteSize = Math.ceil((start + bits.size) / 8) - first;
    const extent = { offset: first, byteSize, bits: { offset: start - first * 8, size: bits.size } };
    const field = { start, size: bits.size };
    const text =
      missingAt(this.#snapshot, first, byteSize) ??
      bitFieldText(type, this.#snapshot.bytes, field, this.#numberStyle());
    return leaf(text, { ...place, type, extent });
  }

  // ---- arrays
  // --------------------------------------------------------------------------------------------------------------

  #array(type: ArrayType, common: Common): ValueNode {
    const { offset } = common.extent;
    const element = elementOf(type);
    const size = sizeOf(element);
    const count = knownCount(type);
    if (count === undefined || size === undefined) return leaf(MORE, common);
    if (size === 0) return { ...common, text: undefined, children: this.#sizeless(type, element, count, offset) };
    const encoding = type.isVector ? undefined : this.#encoding(element, size);
    const text =
      encoding &&
      (missingAt(this.#snapshot, offset, 0) ??
        characterArray(this.#snapshot.bytes.subarray(offset), count, encoding, this.#style === 'bare'));
    const captured = Math.max(0, Math.floor((this.#snapshot.bytes.length - offset) / size));
    const elementAt = (index: number) => this.#element(type, element, size, offset + index * size);
    const children: Children = { kind: 'indexed', count, known: Math.min(count, captured), at: elementAt };
    return { ...common, text, children };
  }

  /** Elements without a size lie all in one place, and nothing bounds how many there are. */
  #sizeless(type: ArrayType, element: Type, count: number, offset: number): Children {
    const elementAt = () => this.#element(type, element, 0, offset);
    return { kind: 'indexed', count, known: Math.min(count, MAX_SIZELESS), at: elementAt };
  }

  /** Characters in a vector are numbers to compute with. */
  #element({ isVector }: ArrayType, element: Type, size: number, offset: number): ValueNode {
    const isNumber = isVector === true && this.#style === undefined && encodingOf(element) !== undefined;
    if (!isNumber) return this.node(element, offset, ELEMENT);
    const style = scalarOf(element)?.signed === true ? 'decimal' : 'unsigned';
    const text =
      missingAt(this.#snapshot, offset, size) ?? scalarText(element, this.#snapshot.bytes, offset, size, style);
    return leaf(text, { ...ELEMENT, type: element, extent: { offset, byteSize: size } });
  }

  /** How an array of such elements is a text; undefined if it is none. */
  #encoding(element: Type, size: number): Encoding | undefined {
    if (this.#style === undefined) return encodingOf(element);
    if (this.#style !== 'string' && this.#style !== 'bare') return undefined;
    return encodingOf(element) ?? (size === 1 ? BYTES : undefined);
  }
}

/** As many elements as formatters show of a list. */
const MAX_SIZELESS = 200;

/** What rustc calls fields without a name. */
const TUPLE_FIELD = /^__\d+$/;

interface Common extends Place {
  readonly type: Type;
  readonly extent: Extent;
}

function positional(members: Children): Children {
  return { ...members, kind: 'positional', at: (index) => ({ ...members.at(index), name: undefined }) };
}

/** A layout that is still open has been settled before its value is written: `compile/shape`. */
function known(offset: Member['byteOffset']): number {
  if (typeof offset !== 'number') throw new Error('internal error: a member without an offset');
  return offset;
}

function structureName(type: Type): string | undefined {
  const under = unqualified(type);
  return isStructure(under) ? under.name : undefined;
}
