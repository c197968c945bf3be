/**
 * A value that a message shows: what the agent collects for it, and the tree that the collected bytes become. Scalars
 * come as their bytes, objects as the bytes they occupy wherever they are, texts as their characters; texts that an
 * object points to as captures of their own.
 */
import { assertExists } from '../../base/assert';
import { type AgentOperation, CaptureStatus } from '../../contract/agent/operations';
import { type Type } from '../../debuginfo/model/model';
import { BYTE, LONG } from '../typed/builtinTypes';
import { convert, decay, promote } from '../typed/conversions';
import { type Context, type Elements, type Place, type Typed } from '../typed/tree';
import { arrayOf, elementOf, scalarOf, sizeOf, unqualified } from '../typed/types';
import { leaf, type ValueNode } from '../value/node';
import { scalarText } from '../value/scalar';
import { MORE, snapshot } from '../value/snapshot';
import { bareText, BYTES, quotedText } from '../value/text';
import { nodeOf } from '../value/typeNodes';
import { shapeOf } from './shape';
import { failureOf, fixed, type HitContext, mainOf, type ShownFormat, type Showing, type ShownValue } from './shown';
import { shownShape } from './shownShape';
import { innerTexts, shownText, TEXT_BYTES } from './shownText';
import { captureFrom } from './storage';

const CONTEXT_TEXTS: Readonly<Record<Context, (context: HitContext) => string>> = {
  pid: ({ pid }) => String(pid),
  tid: ({ tid }) => String(tid),
  threadName: ({ threadName }) => threadName,
  duration: ({ durationNs }) => (durationNs === undefined ? '<unknown>' : String(durationNs)),
  time: ({ timeNs }) => String(timeNs),
  hits: ({ ordinal }) => String(ordinal),
};

export function showValue(node: Typed, format: ShownFormat, tools: Omit<Showing, 'style'>): ShownValue {
  const { style, count, isRaw } = format;
  const showing = { style, ...tools };
  const formatted = isRaw === true ? undefined : formattedValue(node, format, showing);
  if (formatted !== undefined) return formatted;
  return count === undefined ? shownWhole(node, showing) : shownElements(node, count, showing);
}

function formattedValue(node: Typed, format: ShownFormat, showing: Showing): ShownValue | undefined {
  const { formatters } = showing;
  if (node.kind !== 'elements') return formatters?.shown(node, format, showing);
  // A text has its characters here; other elements may each have a formatter.
  return node.isText ? undefined : formatters?.shown(node.pointer, { ...format, count: node.count }, showing);
}

function shownWhole(node: Typed, showing: Showing): ShownValue {
  if (node.kind === 'context') {
    return { captures: [], node: (_, context) => leaf(CONTEXT_TEXTS[node.context](context), { type: node.type }) };
  }
  if (node.kind === 'elements') return shownRun(node, showing);
  const text = shownText(node, showing);
  if (text !== undefined) return text;
  const type = unqualified(node.type);
  if (node.kind !== 'place' || node.bits !== undefined) return shownScalar(node, showing);
  const shape = shapeOf(node);
  if (shape !== undefined) return shownShape(node, shape, showing);
  const size = sizeOf(type);
  if (size !== undefined) return shownObject(node, node.type, size, showing);
  if (type.kind === 'function') return shownScalar(decay(node), showing);
  // An array of unknown length is known by where it begins.
  if (type.kind === 'array') return shownWhole(decay(node), showing);
  return fixed(type.kind === 'void' ? 'void' : '<incomplete type>');
}

// ---- scalars and objects
// --------------------------------------------------------------------------------------------------

function shownScalar(node: Typed, showing: Showing): ShownValue {
  const { style, compiler, budget } = showing;
  const scalar = scalarOf(node.type);
  if (scalar === undefined) return shownWideBitField(node, showing) ?? fixed('<incomplete type>');
  const size = sizeOf(node.type) as 1 | 2 | 4 | 8;
  const operations = compiler.value(node);
  if (scalar.kind === 'float' && scalar.bits === 32) operations.push({ op: 'doubleToSingle' });
  budget.forValue(size);
  return {
    captures: [[...operations, { op: 'capture', size }]],
    node: (captures) => {
      const main = mainOf(captures);
      return failed(failureOf(main, compiler), node.type) ?? nodeOf(node.type, snapshot(main.bytes), style);
    },
    ...numberIn(node.type, showing),
  };
}

/** The text of a number all of whose bytes are known, without a tree: what its node reads. */
function numberIn(type: Type, { style, compiler }: Showing): Pick<ShownValue, 'text'> {
  const { kind = 'pointer' } = scalarOf(type) ?? {};
  if (style === 'string' || style === 'bare' || kind === 'pointer') return {};
  const size = assertExists(sizeOf(type), 'size of a scalar');
  return {
    text: (captures) => {
      const main = mainOf(captures);
      const failure = failureOf(main, compiler) ?? (main.bytes.length < size ? MORE : undefined);
      return failure ?? scalarText(type, main.bytes, 0, size, style);
    },
  };
}

/** A bit-field of a type that is wider than the agent's values: the bytes around it. */
function shownWideBitField(node: Typed, showing: Showing): ShownValue | undefined {
  if (node.kind !== 'place' || node.bits === undefined) return undefined;
  const { type, bits } = node;
  const member = { name: undefined, type, byteOffset: 0, bits, inherited: false };
  const size = Math.ceil((bits.offset + bits.size) / 8);
  const around = { kind: 'structure', name: undefined, byteSize: size, language: 'c', members: [member] } as const;
  const place: Place = { kind: 'place', type: around, base: node.base, offset: node.offset };
  const shown = shownObject(place, around, size, showing);
  return {
    ...shown,
    node: (captures, context) => {
      const whole = shown.node(captures, context);
      return whole.text === undefined ? whole.children.at(0) : whole;
    },
  };
}

function shownObject(place: Place, type: Type, size: number, showing: Showing): ShownValue {
  const { style, compiler, budget } = showing;
  const storage = compiler.storage(place);
  if (storage.kind === 'missing') return fixed(storage.reason);
  const captured = budget.forValue(size);
  const { operations, holes } = captureFrom(storage, place.offset, captured, compiler.reasons);
  const texts = innerTexts(type, storage, { start: place.offset, captured }, showing);
  return {
    captures: [operations, ...texts.captures],
    node: (captures) => {
      const main = mainOf(captures);
      const inner = texts.collected(captures.slice(1));
      return failed(failureOf(main, compiler), type) ?? nodeOf(type, { bytes: main.bytes, holes, texts: inner }, style);
    },
    ...(holes.length === 0 && numberIn(type, showing)),
  };
}

// ---- elements
// -------------------------------------------------------------------------------------------------------------

function shownElements(node: Typed, count: Typed, showing: Showing): ShownValue {
  const type = unqualified(node.type);
  const declared = type.kind === 'array' ? elementOf(type) : type.kind === 'pointer' ? type.target : undefined;
  if (declared === undefined) throw new Error('internal error: elements of what has none');
  const declaredSize = sizeOf(declared);
  const { element, size } =
    declaredSize === undefined ? { element: BYTE, size: 1 } : { element: declared, size: declaredSize };
  if (count.kind === 'constant') return fixedElements(node, { element, size, count: Number(count.value) }, showing);
  return shownRun({ kind: 'elements', type, pointer: decay(node), count, element, isText: false }, showing);
}

/** Elements that the hit counts. */
function shownRun({ pointer, count, element, isText }: Elements, showing: Showing): ShownValue {
  const { style, compiler, budget } = showing;
  const size = sizeOf(element) ?? 1;
  const limit = budget.forValue(isText ? TEXT_BYTES : Infinity);
  const bytes: Typed = {
    kind: 'binary',
    type: LONG,
    operation: 'mul',
    left: convert(promote(count), LONG),
    right: { kind: 'constant', type: LONG, value: BigInt(size) },
  };
  const operations: AgentOperation[] = [
    ...compiler.value(pointer),
    ...compiler.value(bytes),
    ...NOT_NEGATIVE,
    { op: 'captureSlice', limit },
  ];
  return {
    captures: [operations],
    node: (captures) => {
      const main = mainOf(captures);
      const isCut = main.status === CaptureStatus.truncated;
      const failure = failureOf(main, compiler);
      if (isText && (style === undefined || style === 'string' || style === 'bare')) {
        const write = style === 'bare' ? bareText : quotedText;
        return leaf(failure ?? write(main.bytes, isCut, BYTES), { type: arrayOf(element, undefined) });
      }
      const elements = size === 0 ? 0 : Math.floor(main.bytes.length / size) + (isCut ? 1 : 0);
      const shown = arrayOf(element, elements);
      return failed(failure, shown) ?? nodeOf(shown, snapshot(main.bytes), style);
    },
  };
}

function fixedElements(
  node: Typed,
  { element, size, count }: { readonly element: Type; readonly size: number; readonly count: number },
  showing: Showing,
): ShownValue {
  const type = arrayOf(element, Math.max(0, count));
  const known = unqualified(node.type);
  // An array keeps its storage, so that one in registers can be shown; beyond its end, memory goes on.
  if (node.kind === 'place' && known.kind === 'array' && count * size <= (sizeOf(known) ?? 0)) {
    return shownObject(node, type, count * size, showing);
  }
  const place: Place = { kind: 'place', type, base: { kind: 'pointer', pointer: decay(node) }, offset: 0 };
  return shownObject(place, type, Math.max(0, count) * size, showing);
}

/** Counts below zero are none: x & ~(x >> 63). */
export const NOT_NEGATIVE: readonly AgentOperation[] = [
  { op: 'dup' },
  { op: 'const', value: 63n },
  { op: 'shrS' },
  { op: 'not' },
  { op: 'and' },
];

function failed(failure: string | undefined, type: Type): ValueNode | undefined {
  return failure === undefined ? undefined : leaf(failure, { type });
}
