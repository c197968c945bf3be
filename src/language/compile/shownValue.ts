/**
 * A value that a message shows: what the agent collects for it, and how the collected bytes become text. Scalars come
 * as their bytes, objects as the bytes they occupy wherever they are, texts as their characters; texts that an object
 * points to as captures of their own.
 */
import { type AgentOperation, CaptureStatus } from '../../contract/agent/operations';
import { type Capture } from '../../contract/hits';
import { type Type } from '../../debuginfo/model/model';
import { type Style } from '../expression/format';
import { BYTE, LONG } from '../typed/builtinTypes';
import { convert, decay, promote } from '../typed/conversions';
import { sizeNode } from '../typed/sizes';
import { type Context, type Place, type Typed } from '../typed/tree';
import { arrayOf, unqualified, elementOf, POINTER_BYTES, scalarOf, sizeOf } from '../typed/types';
import { valueText } from '../value/format';
import { readInteger, snapshot } from '../value/snapshot';
import { bareText, BYTES, type Encoding, quotedText } from '../value/text';
import { textType, textsWithin, type TextType } from '../value/textTypes';
import { type CaptureBudget } from './budget';
import { shapeOf, type Shape } from './shape';
import { captureFrom, type Hole, loadFrom, type Storage } from './storage';
import { type ValueCompiler } from './value';

/** What is known of a hit besides its captures. */
export interface HitContext {
  readonly pid: number;
  readonly tid: number;
  readonly threadName: string;
}

export interface ShownValue {
  readonly captures: readonly (readonly AgentOperation[])[];
  /** `captures`: those of this value, in the order of its operations. */
  render(captures: readonly Capture[], context: HitContext): string;
}

export interface ShownFormat {
  readonly style?: Style;
  /** An integer: how many elements to show. */
  readonly count?: Typed;
}

/**
 * Bytes of a text that is a value of its own, and of one inside another value; how many of those one value may have.
 */
const TEXT_BYTES = 1024;
const INNER_TEXT_BYTES = 200;
const INNER_TEXTS = 8;

const CONTEXT_TEXTS: Readonly<Record<Context, (context: HitContext) => string>> = {
  pid: ({ pid }) => String(pid),
  tid: ({ tid }) => String(tid),
  threadName: ({ threadName }) => threadName,
};

export function showValue(
  node: Typed,
  format: ShownFormat,
  compiler: ValueCompiler,
  budget: CaptureBudget,
): ShownValue {
  return new Planner(format.style, compiler, budget).plan(node, format.count);
}

class Planner {
  readonly #style: Style | undefined;
  readonly #compiler: ValueCompiler;
  readonly #budget: CaptureBudget;

  constructor(style: Style | undefined, compiler: ValueCompiler, budget: CaptureBudget) {
    this.#style = style;
    this.#compiler = compiler;
    this.#budget = budget;
  }

  plan(node: Typed, count: Typed | undefined): ShownValue {
    if (node.kind === 'context') return { captures: [], render: (_, context) => CONTEXT_TEXTS[node.context](context) };
    if (count !== undefined) return this.#elements(node, count);
    const text = this.#asText(node);
    if (text !== undefined) return text;
    const type = unqualified(node.type);
    if (node.kind !== 'place' || node.bits !== undefined) return this.#scalar(node);
    const shape = shapeOf(node);
    if (shape !== undefined) return this.#shaped(node, shape);
    const size = sizeOf(type);
    if (size !== undefined) return this.#object(node, node.type, size);
    if (type.kind === 'function') return this.#scalar(decay(node));
    // An array of unknown length is known by where it begins.
    if (type.kind === 'array') return this.plan(decay(node), undefined);
    return fixed(type.kind === 'void' ? 'void' : '<incomplete type>');
  }

  // ---- scalars and objects
  // --------------------------------------------------------------------------------------------------

  #scalar(node: Typed): ShownValue {
    const scalar = scalarOf(node.type);
    if (scalar === undefined) return this.#wideBitField(node) ?? fixed('<incomplete type>');
    const size = (scalar.bits / 8) as 1 | 2 | 4 | 8;
    const operations = this.#compiler.value(node);
    if (scalar.kind === 'float' && scalar.bits === 32) operations.push({ op: 'doubleToSingle' });
    this.#budget.forValue(size);
    return {
      captures: [[...operations, { op: 'capture', size }]],
      render: ([main]) => this.#failure(main!) ?? valueText(node.type, snapshot(main!.bytes), this.#style),
    };
  }

  /** A bit-field of a type that is wider than the agent's values: the bytes around it. */
  #wideBitField(node: Typed): ShownValue | undefined {
    if (node.kind !== 'place' || node.bits === undefined) return undefined;
    const { type, bits } = node;
    const member = { name: undefined, type, byteOffset: 0, bits, inherited: false };
    const size = Math.ceil((bits.offset + bits.size) / 8);
    const around = { kind: 'structure', name: undefined, byteSize: size, language: 'c', members: [member] } as const;
    const shown = this.#object({ kind: 'place', type: around, base: node.base, offset: node.offset }, around, size);
    return { ...shown, render: (captures, context) => shown.render(captures, context).replace(/^\{(.*)\}$/s, '$1') };
  }

  /** An object whose layout the running program knows: its own bytes, then the numbers, then what lies elsewhere. */
  #shaped(place: Place, shape: Shape): ShownValue {
    const storage = this.#compiler.storage(place);
    if (storage.kind === 'missing') return fixed(storage.reason);
    const limit = this.#budget.forValue(shape.size ?? Infinity);
    const size = shape.size === undefined ? sizeNode(place.type) : undefined;
    const isPossible = shape.numbers.every(() => this.#budget.takeExtra(8)) && (shape.size ?? size) !== undefined;
    if (!isPossible) return fixed('<not available: its layout is too complex>');
    const address = this.#compiler.address(place);
    const main: AgentOperation[] =
      size === undefined
        ? [...address, { op: 'captureMemory', size: limit }]
        : [...address, ...this.#compiler.value(size), { op: 'captureSlice', limit }];
    const numbers = shape.numbers.map((node) => [...this.#compiler.value(node), { op: 'capture', size: 8 } as const]);
    const bases = shape.bases.map(({ place: base, size: bytes }) => {
      if (!this.#budget.takeExtra(bytes)) return undefined;
      return [...this.#compiler.address(base), { op: 'captureMemory', size: bytes } as const];
    });
    return {
      captures: [main, ...numbers, ...bases.filter((base) => base !== undefined)],
      render: ([whole, ...others]) => {
        const found = others.splice(0, numbers.length);
        const failure = [whole!, ...found].map((capture) => this.#failure(capture)).find((text) => text !== undefined);
        if (failure !== undefined) return failure;
        const end = shape.size ?? whole!.bytes.length;
        const parts = [{ bytes: whole!.bytes, size: end, missing: '...' }];
        for (const [index, { size: bytes }] of shape.bases.entries()) {
          const capture = bases[index] && others.shift();
          const missing = capture && this.#failure(capture);
          const isThere = capture !== undefined && missing === undefined;
          parts.push({ bytes: isThere ? capture.bytes : new Uint8Array(), size: bytes, missing: missing ?? '...' });
        }
        const { joined, holes, starts } = joinedParts(parts);
        const values = found.map(({ bytes }) => readInteger(bytes, 0, 8, true));
        return valueText(shape.resolved(values, starts.slice(1)), snapshot(joined, { holes }), this.#style);
      },
    };
  }

  #object(place: Place, type: Type, size: number): ShownValue {
    const storage = this.#compiler.storage(place);
    if (storage.kind === 'missing') return fixed(storage.reason);
    const captured = this.#budget.forValue(size);
    const { operations, holes } = captureFrom(storage, place.offset, captured, this.#compiler.reasons);
    const texts = this.#style === undefined ? this.#innerTexts(storage, place.offset, type, captured) : [];
    return {
      captures: [operations, ...texts.map((text) => text.operations)],
      render: ([main, ...inner]) => {
        const failure = this.#failure(main!);
        if (failure !== undefined) return failure;
        const shown = texts.map(
          ({ offset, encoding }, index) => [offset, this.#innerText(inner[index]!, encoding)] as const,
        );
        return valueText(type, { bytes: main!.bytes, holes, texts: new Map(shown) }, this.#style);
      },
    };
  }

  #innerTexts(storage: Storage, start: number, type: Type, captured: number) {
    return textsWithin(type, INNER_TEXTS)
      .filter(({ offset, text }) => offset + textBytes(text) <= captured && this.#budget.takeExtra(INNER_TEXT_BYTES))
      .map(({ offset, text }) => ({
        offset,
        encoding: text.kind === 'terminated' ? text.encoding : BYTES,
        operations: this.#collectText(text, storage, start + offset, INNER_TEXT_BYTES),
      }));
  }

  #innerText(capture: Capture, encoding: Encoding): string {
    if (capture.status === CaptureStatus.unreadable) return '<not readable>';
    return this.#failure(capture) ?? quotedText(capture.bytes, capture.status === CaptureStatus.truncated, encoding);
  }

  // ---- texts
  // ----------------------------------------------------------------------------------------------------------------

  /** The value as a text, if its type or the format says that it is one. */
  #asText(node: Typed): ShownValue | undefined {
    const wanted = this.#style === 'string' || this.#style === 'bare';
    if (this.#style !== undefined && !wanted) return undefined;
    const isPointer = unqualified(node.type).kind === 'pointer';
    const text =
      textType(node.type) ?? (wanted && isPointer ? ({ kind: 'terminated', encoding: BYTES } as const) : undefined);
    if (text === undefined) return undefined;
    let operations: AgentOperation[];
    if (node.kind === 'place') {
      const storage = this.#compiler.storage(node);
      if (storage.kind === 'missing') return fixed(storage.reason);
      operations = this.#collectText(text, storage, node.offset, this.#budget.forValue(TEXT_BYTES));
    } else {
      const limit = this.#budget.forValue(TEXT_BYTES);
      operations = [...this.#compiler.value(node), ...this.#guardNull(), captureString(text, limit)];
    }
    const encoding = text.kind === 'terminated' ? text.encoding : BYTES;
    const write = this.#style === 'bare' ? bareText : quotedText;
    return {
      captures: [operations],
      render: ([main]) =>
        this.#failure(main!) ?? write(main!.bytes, main!.status === CaptureStatus.truncated, encoding),
    };
  }

  #collectText(text: TextType, storage: Storage, offset: number, limit: number): AgentOperation[] {
    const { reasons } = this.#compiler;
    const load = (at: number) => loadFrom(storage, offset + at, POINTER_BYTES, reasons);
    if (text.kind === 'terminated') return [...load(0), ...this.#guardNull(), captureString(text, limit)];
    return [...load(text.pointerOffset), ...load(text.lengthOffset), { op: 'captureSlice', limit }];
  }

  /** A null pointer to text is a value, not a failure: it reads `0x0`. */
  #guardNull(): AgentOperation[] {
    const nullText = this.#compiler.reasons.missing('0x0');
    return [
      ...([{ op: 'dup' }, { op: 'isZero' }, { op: 'if' }, nullText, { op: 'else' }] as const),
      ...([{ op: 'const', value: 0n }, { op: 'end' }, { op: 'drop' }] as const),
    ];
  }

  // ---- elements
  // -------------------------------------------------------------------------------------------------------------

  #elements(node: Typed, count: Typed): ShownValue {
    const type = unqualified(node.type);
    const declared = type.kind === 'array' ? elementOf(type) : type.kind === 'pointer' ? type.target : undefined;
    if (declared === undefined) throw new Error('internal error: elements of what has none');
    const element = sizeOf(declared) === undefined ? BYTE : declared;
    const size = sizeOf(element)!;
    if (count.kind === 'constant') return this.#fixedElements(node, element, Number(count.value), size);

    const limit = this.#budget.forValue(Infinity);
    const bytes: Typed = {
      kind: 'binary',
      type: LONG,
      operation: 'mul',
      left: convert(promote(count), LONG),
      right: { kind: 'constant', type: LONG, value: BigInt(size) },
    };
    const operations: AgentOperation[] = [
      ...this.#compiler.value(decay(node)),
      ...this.#compiler.value(bytes),
      ...NOT_NEGATIVE,
      { op: 'captureSlice', limit },
    ];
    return {
      captures: [operations],
      render: ([main]) => {
        const failure = this.#failure(main!);
        if (failure !== undefined) return failure;
        const truncated = main!.status === CaptureStatus.truncated;
        const elements = size === 0 ? 0 : Math.floor(main!.bytes.length / size) + (truncated ? 1 : 0);
        return valueText(arrayOf(element, elements), snapshot(main!.bytes), this.#style);
      },
    };
  }

  #fixedElements(node: Typed, element: Type, count: number, size: number): ShownValue {
    const type = arrayOf(element, Math.max(0, count));
    const known = unqualified(node.type);
    // An array keeps its storage, so that one in registers can be shown; beyond its end, memory goes on.
    if (node.kind === 'place' && known.kind === 'array' && count * size <= (sizeOf(known) ?? 0)) {
      return this.#object(node, type, count * size);
    }
    const place: Place = { kind: 'place', type, base: { kind: 'pointer', pointer: decay(node) }, offset: 0 };
    return this.#object(place, type, Math.max(0, count) * size);
  }

  // ---- failures
  // -------------------------------------------------------------------------------------------------------------

  /** Why a capture has no value; undefined if it has one. */
  #failure({ status, bytes }: Capture): string | undefined {
    if (status === CaptureStatus.divisionByZero) return '<division by zero>';
    if (status !== CaptureStatus.unreadable && status !== CaptureStatus.missing) return undefined;
    const number = bytes.length < 8 ? 0n : readInteger(bytes, 0, 8, false);
    if (status === CaptureStatus.missing) return this.#compiler.reasons.textOf(Number(number));
    return `<not readable: 0x${number.toString(16)}>`;
  }
}

/** A negative length is none: x & ~(x >> 63). */
const NOT_NEGATIVE: readonly AgentOperation[] = [
  { op: 'dup' },
  { op: 'const', value: 63n },
  { op: 'shrS' },
  { op: 'not' },
  { op: 'and' },
];

/** A value that is known, or known to be missing, before any hit. */
function fixed(text: string): ShownValue {
  return { captures: [], render: () => text };
}

/** Characters are not cut in two. */
function captureString(text: TextType, limit: number): AgentOperation {
  const unit = text.kind === 'terminated' ? text.encoding.unit : 1;
  return { op: 'captureString', limit: limit - (limit % unit), ...(unit > 1 && { unit }) };
}

interface CollectedPart {
  readonly bytes: Uint8Array;
  /** What it has when it is there in full. */
  readonly size: number;
  /** What reads in the place of bytes that are not there. */
  readonly missing: string;
}

/** Consecutive parts, each at a multiple of 8, as if they were one object. */
function joinedParts(parts: readonly CollectedPart[]): { joined: Uint8Array; holes: Hole[]; starts: number[] } {
  const starts: number[] = [];
  let end = 0;
  for (const { size } of parts) {
    starts.push(end);
    end = (end + size + 7) & ~7;
  }
  const joined = new Uint8Array(end);
  const holes: Hole[] = [];
  parts.forEach(({ bytes, size, missing }, index) => {
    const start = starts[index]!;
    joined.set(bytes.subarray(0, size), start);
    if (bytes.length < size) holes.push({ start: start + bytes.length, end: start + size, reason: missing });
  });
  return { joined, holes, starts };
}

function textBytes(text: TextType): number {
  return text.kind === 'terminated' ? POINTER_BYTES : Math.max(text.pointerOffset, text.lengthOffset) + POINTER_BYTES;
}
