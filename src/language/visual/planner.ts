/**
 * Values → what the agent captures of them, and the nodes that this becomes. Where a type has a formatter, that says
 * what; elsewhere it is the bytes of the object, and of the parts in it that have one.
 */
import { SidestepError } from '../../base/errors';
import { type AgentOperation } from '../../contract/agent/operations';
import { type Member, type Scope, type StructureType, type Type } from '../../debuginfo/model/model';
import { type Reasons } from '../compile/reasons';
import { shapeOf } from '../compile/shape';
import { collectText, guardNull } from '../compile/shownText';
import { NOT_NEGATIVE } from '../compile/shownValue';
import { captureFrom } from '../compile/storage';
import { type ValueCompiler } from '../compile/value';
import { type Visualizers } from '../natvis/ast';
import { LONG } from '../typed/builtinTypes';
import { convert, decay, promote } from '../typed/conversions';
import { definition, partPlace } from '../typed/members';
import { type Place, type Typed } from '../typed/tree';
import { arrayOf, isStructure, knownCount, scalarOf, sizeOf, unqualified } from '../typed/types';
import { type Children, leaf, type ValueNode } from '../value/node';
import { type CollectedText, type FormattedPart, MORE, snapshot } from '../value/snapshot';
import { bareText, BYTES, type Encoding, quotedText } from '../value/text';
import { encodingOf, textsWithin, type TextType, textType } from '../value/textTypes';
import { nodeOf } from '../value/typeNodes';
import { Emitter, TooLarge } from './emitter';
import { type FormatterVariables } from './environment';
import { type FrameReader, type Read } from './frames';
import { childrenOf, framed, framedNode, keep, maxElements, type Planning, readAll } from './planning';
import { type ValueFormat } from './specifier';
import { formattedValue } from './visualizer';

/** Formatted values inside each other; one that contains itself would have no end. */
const MAX_DEPTH = 6;
/** Bytes of an object, of a text on its own and of one inside of others. */
const OBJECT_BYTES = 4096;
const TEXT_BYTES = 1024;
const INNER_TEXT_BYTES = 200;
/** Texts in one object, and parts of it that have a formatter. */
const INNER_PARTS = 8;
/** Structures inside each other that are looked into for parts that have a formatter. */
const MAX_NESTING = 4;

export class Planner implements Planning {
  readonly out = new Emitter();
  /** By the nesting that they are looked at in: deeper, less of them is looked into. */
  readonly #formattedTypes: Map<Type, boolean>[] = [];

  constructor(
    readonly compiler: ValueCompiler,
    readonly variables: FormatterVariables,
    readonly visualizers: Visualizers,
    readonly scope: Scope,
  ) {}

  /** Whether a formatter is about the value, or about something in it. */
  isFormatted(node: Typed, format: ValueFormat): boolean {
    if (node.kind === 'place' && shapeOf(node) !== undefined) return false;
    const type = unqualified(node.type);
    const isCounted = format.count !== undefined && type.kind === 'pointer';
    return this.#hasFormatter(isCounted ? type.target : type, format);
  }

  value(node: Typed, format: ValueFormat, depth: number): Read<ValueNode> {
    try {
      return this.out.whole(() => framedNode(this, node.type, () => this.#value(node, format, depth)));
    } catch (thrown) {
      if (!(thrown instanceof TooLarge)) throw thrown;
      return () => leaf(MORE, { type: node.type });
    }
  }

  #value(node: Typed, format: ValueFormat, depth: number): Read<ValueNode> {
    if (format.count !== undefined) return this.#counted(node, format.count, format, depth);
    const text = this.#textType(node, format);
    if (text !== undefined) return this.#text(node, text, format, depth);
    const formatted = format.isRaw === true ? undefined : this.#formatted(node, format, depth);
    if (formatted !== undefined) return formatted;
    if (node.kind === 'place' && node.bits === undefined) {
      const type = unqualified(node.type);
      if (type.kind === 'array' && this.#hasFormatter(type, format)) return this.#array(node, format, depth);
      const size = sizeOf(type);
      if (size !== undefined) return this.#object(node, size, format, depth);
      if (type.kind !== 'array') return () => leaf(type.kind === 'void' ? 'void' : '<incomplete type>', { type });
    }
    return this.#scalar(decay(node), format);
  }

  #scalar(node: Typed, { style }: ValueFormat): Read<ValueNode> {
    const { type } = node;
    if (scalarOf(type) === undefined) return () => leaf('<incomplete type>', { type });
    const size = sizeOf(type) as 1 | 2 | 4 | 8;
    const operations = this.compiler.value(node);
    const scalar = scalarOf(type);
    if (scalar?.kind === 'float' && scalar.bits === 32) operations.push({ op: 'doubleToSingle' });
    this.out.emit(...operations, { op: 'capture', size });
    return (input) => nodeOf(type, snapshot(input.take(size)), style);
  }

  // ---- formatters
  // -------------------------------------------------------------------------------------------------------------

  /** The first of the type's formatters that has a meaning for it; undefined where there is none. */
  #formatted(node: Typed, format: ValueFormat, depth: number): Read<ValueNode> | undefined {
    if (node.kind !== 'place' || node.bits !== undefined || unqualified(node.type).kind === 'array') return undefined;
    const type = definition(node.type, this.scope) === undefined ? node.type : this.#defined(node.type);
    for (const found of this.visualizers.find(type, format.view)) {
      if (depth >= MAX_DEPTH) return () => leaf(MORE, { type });
      try {
        return this.out.whole(() => formattedValue(this, { ...node, type }, found, format, depth));
      } catch (thrown) {
        if (!(thrown instanceof SidestepError)) throw thrown;
      }
    }
    return undefined;
  }

  /** A typedef keeps its name: there may be a formatter for it. */
  #defined(type: Type): Type {
    return sizeOf(type) === undefined ? (definition(type, this.scope) ?? type) : type;
  }

  /** Whether a type or a part of it has a formatter. */
  #hasFormatter(type: Type, { isRaw }: ValueFormat, nesting = 0): boolean {
    if (isRaw === true || nesting > MAX_NESTING) return false;
    const known = (this.#formattedTypes[nesting] ??= new Map<Type, boolean>());
    let answer = known.get(type);
    if (answer === undefined) {
      answer = this.visualizers.find(type).length > 0 || this.#hasFormattedPart(unqualified(type), nesting + 1);
      known.set(type, answer);
    }
    return answer;
  }

  #hasFormattedPart(type: Type, nesting: number): boolean {
    if (type.kind === 'array') return this.#hasFormatter(type.element, {}, nesting);
    const under = unqualified(type);
    return isStructure(under) && membersOf(under).some((member) => this.#hasFormatter(member.type, {}, nesting));
  }

  // ---- texts
  // ---------------------------------------------------------------------------------------------------------------

  #textType({ type }: Typed, { style, encoding }: ValueFormat): TextType | undefined {
    const wanted = style === 'string' || style === 'bare';
    if (style !== undefined && !wanted) return undefined;
    const own = textType(type);
    const isPointer = unqualified(type).kind === 'pointer';
    if (encoding !== undefined && isPointer) return { kind: 'terminated', encoding };
    return own ?? (wanted && isPointer ? { kind: 'terminated', encoding: BYTES } : undefined);
  }

  #text(node: Typed, text: TextType, { style }: ValueFormat, depth: number): Read<ValueNode> {
    const limit = this.#textLimit(depth);
    const { reasons } = this.compiler;
    if (node.kind === 'place') {
      const storage = this.compiler.storage(node);
      if (storage.kind === 'missing') return () => leaf(storage.reason, { type: node.type });
      this.out.emit(...collectText(text, storage, node.offset, limit, reasons));
    } else {
      const unit = text.kind === 'terminated' ? text.encoding.unit : 1;
      this.out.emit(...this.compiler.value(node), ...guardNull(reasons));
      this.out.emit({ op: 'captureString', limit, ...(unit > 1 && { unit }) });
    }
    const encoding = text.kind === 'terminated' ? text.encoding : BYTES;
    return (input) => leaf(written(input, encoding, style === 'bare'), { type: node.type });
  }

  /** A value's own text is at most that of its formatter. */
  #textLimit(depth: number): number {
    return depth <= 1 && !this.out.isLooping ? TEXT_BYTES : INNER_TEXT_BYTES;
  }

  /** So many characters, or elements, from a pointer or an array on. */
  #counted(node: Typed, count: Typed, format: ValueFormat, depth: number): Read<ValueNode> {
    const pointer = decay(node);
    const type = unqualified(pointer.type);
    const { style } = format;
    if (type.kind !== 'pointer') throw new SidestepError('type', 'a formatter counts elements of what has none');
    const encoding = format.encoding ?? encodingOf(type.target) ?? (sizeOf(type.target) === 1 ? BYTES : undefined);
    const isText = encoding !== undefined && (style === 'string' || style === 'bare');
    if (isText) {
      const limit = this.#textLimit(depth);
      const length = keep(this, 'length', convert(promote(count), LONG));
      this.out.emit(...guardLength(length.local, this.compiler.reasons), ...this.compiler.value(pointer));
      this.out.emit(...this.compiler.value(product(placeOf(length), encoding.unit)), { op: 'captureSlice', limit });
      return (input) => leaf(written(input, encoding, style === 'bare'), { type: node.type });
    }
    const read = this.elements(pointer, count, { ...format, count: undefined }, depth);
    return (input) => ({ ...elementsNode(node.type), children: read(input) });
  }

  // ---- objects and elements
  // -----------------------------------------------------------------------------------------------------------

  #object(place: Place, size: number, format: ValueFormat, depth: number): Read<ValueNode> {
    const { compiler, out } = this;
    const storage = compiler.storage(place);
    const { type } = place;
    if (storage.kind === 'missing') return () => leaf(storage.reason, { type });
    const captured = Math.min(size, OBJECT_BYTES);
    let holes: ReturnType<typeof captureFrom>['holes'] = [];
    const readBytes = framed(
      this,
      () => {
        const found = captureFrom(storage, place.offset, captured, compiler.reasons);
        ({ holes } = found);
        out.emit(...found.operations);
        return (input) => ({ bytes: input.rest(), failure: input.isCut ? input.reason : undefined });
      },
      (failure) => ({ bytes: new Uint8Array(), failure }),
    );
    const texts = format.style === undefined ? textsWithin(type, INNER_PARTS) : [];
    const readTexts = texts.map(({ offset, text }): Read<CollectedText> => {
      const encoding = text.kind === 'terminated' ? text.encoding : BYTES;
      const read = framed(
        this,
        () => {
          out.emit(...collectText(text, storage, place.offset + offset, INNER_TEXT_BYTES, compiler.reasons));
          return (input) => (input.isCut && input.reason !== MORE ? input.reason : written(input, encoding, false));
        },
        (reason) => reason,
      );
      return (input) => ({ offset, kind: text.kind, text: read(input) });
    });
    const readParts = format.isRaw === true ? [] : this.#formattedParts(place, format, depth);
    return (input) => {
      const { bytes, failure } = readBytes(input);
      if (failure !== undefined) return leaf(failure, { type });
      const collected = readTexts.map((read) => read(input));
      const formatted = readParts.map((read) => read(input));
      return nodeOf(type, { bytes, holes, texts: collected, formatted }, format.style);
    };
  }

  /** The parts of an object that have a formatter. */
  #formattedParts(whole: Place, { style }: ValueFormat, depth: number): Read<FormattedPart>[] {
    const reads: Read<FormattedPart>[] = [];
    const visit = (place: Place, nesting: number): void => {
      const under = unqualified(place.type);
      if (!isStructure(under) || nesting > MAX_NESTING) return;
      for (const member of membersOf(under)) {
        if (typeof member.byteOffset !== 'number' || member.bits !== undefined) continue;
        if (!this.#hasFormatter(member.type, {}, nesting)) continue;
        const part = partPlace(place, member);
        const isWhole = unqualified(part.type).kind === 'array' || this.visualizers.find(part.type).length > 0;
        if (!isWhole) visit(part, nesting + 1);
        else if (reads.length < INNER_PARTS) {
          const read = this.value(part, { style }, depth + 1);
          reads.push((input) => ({ offset: part.offset - whole.offset, type: part.type, node: read(input) }));
        }
      }
    };
    visit(whole, 0);
    return reads;
  }

  #array(place: Place, format: ValueFormat, depth: number): Read<ValueNode> {
    const type = unqualified(place.type);
    if (type.kind !== 'array') throw new Error('internal error: elements of what has none');
    const count: Typed = { kind: 'constant', type: LONG, value: BigInt(knownCount(type) ?? 0) };
    const read = this.elements(decay(place), count, format, depth);
    return (input) => ({ ...elementsNode(place.type), children: read(input) });
  }

  elements(pointer: Typed, count: Typed, format: ValueFormat, depth: number): Read<Children> {
    const { out, compiler } = this;
    const target = unqualified(pointer.type);
    const element = target.kind === 'pointer' ? this.#defined(target.target) : pointer.type;
    const size = sizeOf(element);
    if (size === undefined) throw new SidestepError('type', 'the size of the elements is not known');
    const total = keep(this, 'count', convert(promote(count), LONG));
    out.emit({ op: 'get', local: total.local }, { op: 'capture', size: 8 });
    const isPlain = !this.#hasFormatter(element, format) && textsWithin(element, 1).length === 0;
    if (isPlain) {
      const value: Typed = placeOf(total);
      out.emit(...compiler.value(pointer), ...compiler.value(product(value, size)), ...NOT_NEGATIVE);
      out.emit({ op: 'captureSlice', limit: depth <= 1 ? OBJECT_BYTES : OBJECT_BYTES / 8 });
      return (input) => {
        const number = Number(input.integer(8, true));
        if (number < 0) return negative(number);
        const { children } = nodeOf(arrayOf(element, number), snapshot(input.rest()), format.style);
        return input.isCut && input.reason !== MORE ? brokenOff(children, input.reason) : children;
      };
    }
    const first = keep(this, 'element', pointer);
    const read = out.loop(maxElements(depth), () => {
      out.emit({ op: 'get', local: total.local }, { op: 'const', value: 0n }, { op: 'leS' }, { op: 'leave' });
      const place: Place = {
        kind: 'place',
        type: element,
        base: { kind: 'pointer', pointer: placeOf(first) },
        offset: 0,
      };
      const one = this.value(place, format, depth + 1);
      out.emit(...step(first.local, BigInt(size)), ...step(total.local, -1n));
      return one;
    });
    return (input) => {
      const number = Number(input.integer(8, true));
      if (number < 0) return negative(number);
      const { nodes, isFailed } = readAll(input, (from) => ({ ...read(from), role: 'element' }));
      return childrenOf('indexed', nodes, isFailed ? nodes.length : number);
    };
  }
}

/** Those of all variants, too: which of them an object has, is known when it is shown. */
function membersOf({ members, variants }: StructureType): readonly Member[] {
  return [...members, ...(variants?.variants.flatMap((variant) => variant.members) ?? [])];
}

/** More characters than these are no text's, but a damaged object's; times their size they still are 64 bits. */
const MAX_LENGTH = 1n << 47n;

/** An object that is not initialised must not read as an empty text. */
function guardLength(length: number, reasons: Reasons): AgentOperation[] {
  const damaged = reasons.missing("<not available: its length can't be right>");
  return [
    ...([{ op: 'const', value: MAX_LENGTH }, { op: 'get', local: length }, { op: 'ltU' }, { op: 'if' }] as const),
    ...([damaged, { op: 'else' }, { op: 'const', value: 0n }, { op: 'end' }, { op: 'drop' }] as const),
  ];
}

function negative(count: number): Children {
  return childrenOf('indexed', [leaf(`<not available: its size is ${count}>`)], 1);
}

/** Elements of which the rest could not be read. */
function brokenOff(children: Children, reason: string): Children {
  const last = leaf(reason, { role: 'element' });
  return {
    kind: 'indexed',
    count: children.known + 1,
    known: children.known + 1,
    at: (index) => (index < children.known ? children.at(index) : last),
  };
}

function step(local: number, by: bigint): AgentOperation[] {
  return [{ op: 'get', local }, { op: 'const', value: BigInt.asUintN(64, by) }, { op: 'add' }, { op: 'set', local }];
}

function placeOf({ name, type, location }: ReturnType<typeof keep>): Place {
  return { kind: 'place', type, base: { kind: 'variable', name, location }, offset: 0 };
}

function product(count: Typed, size: number): Typed {
  const right: Typed = { kind: 'constant', type: LONG, value: BigInt(size) };
  return { kind: 'binary', type: LONG, operation: 'mul', left: convert(promote(count), LONG), right };
}

function elementsNode(type: Type): Omit<ValueNode, 'children'> {
  return { name: undefined, role: 'value', type, extent: undefined, text: undefined };
}

function written(input: FrameReader, encoding: Encoding, isBare: boolean): string {
  const bytes = input.rest();
  if (input.isCut && input.reason !== MORE) return input.reason;
  return (isBare ? bareText : quotedText)(bytes, input.isCut, encoding);
}
