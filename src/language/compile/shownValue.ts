/**
 * A value that a message shows: what the agent collects for it, and how the collected bytes become text. Scalars come as their bytes,
 * objects as the bytes they occupy wherever they are, texts as their characters; texts that an object points to as captures of their own.
 */
import { type AgentOperation, CaptureStatus } from '../../contract/agent/operations';
import { type Capture } from '../../contract/hits';
import { type Type } from '../../debuginfo/model';
import { type Style } from '../expression/format';
import { BYTE, LONG } from '../typed/builtinTypes';
import { convert, decay, promote } from '../typed/conversions';
import { type Context, type Place, type Typed } from '../typed/tree';
import { arrayOf, bare, elementOf, POINTER_BYTES, scalarOf, sizeOf } from '../typed/types';
import { valueText } from '../value/format';
import { readInteger, snapshot } from '../value/snapshot';
import { bareText, quotedText } from '../value/text';
import { textType, textsWithin, type TextType } from '../value/textTypes';
import { type CaptureBudget } from './budget';
import { captureFrom, loadFrom, type Storage } from './storage';
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

/** Bytes of a text that is a value of its own, and of one inside of another value; how many of those one value may have. */
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
    const type = bare(node.type);
    if (node.kind !== 'place' || node.bits !== undefined) return this.#scalar(node);
    const size = sizeOf(type);
    if (size !== undefined) return this.#object(node, node.type, size);
    if (type.kind === 'function') return this.#scalar(decay(node));
    // An array of unknown length is known by where it begins.
    if (type.kind === 'array') return this.plan(decay(node), undefined);
    return fixed(type.kind === 'void' ? 'void' : '<incomplete type>');
  }

  // ---- scalars and objects --------------------------------------------------------------------------------------------------

  #scalar(node: Typed): ShownValue {
    const scalar = scalarOf(node.type);
    if (scalar === undefined) return fixed('<incomplete type>');
    const size = (scalar.bits / 8) as 1 | 2 | 4 | 8;
    const operations = this.#compiler.value(node);
    if (scalar.kind === 'float' && scalar.bits === 32) operations.push({ op: 'doubleToSingle' });
    this.#budget.forValue(size);
    return {
      captures: [[...operations, { op: 'capture', size }]],
      render: ([main]) => this.#failure(main!) ?? valueText(node.type, snapshot(main!.bytes), this.#style),
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
        const shown = texts.map(({ offset }, index) => [offset, this.#innerText(inner[index]!)] as const);
        return valueText(type, { bytes: main!.bytes, holes, texts: new Map(shown) }, this.#style);
      },
    };
  }

  #innerTexts(storage: Storage, start: number, type: Type, captured: number) {
    return textsWithin(type, INNER_TEXTS)
      .filter(({ offset, text }) => offset + textBytes(text) <= captured && this.#budget.takeExtra(INNER_TEXT_BYTES))
      .map(({ offset, text }) => ({
        offset,
        operations: this.#collectText(text, storage, start + offset, INNER_TEXT_BYTES),
      }));
  }

  #innerText(capture: Capture): string {
    if (capture.status === CaptureStatus.unreadable) return '<not readable>';
    return this.#failure(capture) ?? quotedText(capture.bytes, capture.status === CaptureStatus.truncated);
  }

  // ---- texts ----------------------------------------------------------------------------------------------------------------

  /** The value as a text, if its type or the format says that it is one. */
  #asText(node: Typed): ShownValue | undefined {
    const wanted = this.#style === 'string' || this.#style === 'bare';
    if (this.#style !== undefined && !wanted) return undefined;
    const isPointer = bare(node.type).kind === 'pointer';
    const text = textType(node.type) ?? (wanted && isPointer ? ({ kind: 'terminated' } as const) : undefined);
    if (text === undefined) return undefined;
    let operations: AgentOperation[];
    if (node.kind === 'place') {
      const storage = this.#compiler.storage(node);
      if (storage.kind === 'missing') return fixed(storage.reason);
      operations = this.#collectText(text, storage, node.offset, this.#budget.forValue(TEXT_BYTES));
    } else {
      const limit = this.#budget.forValue(TEXT_BYTES);
      operations = [...this.#compiler.value(node), ...this.#guardNull(), { op: 'captureString', limit }];
    }
    const write = this.#style === 'bare' ? bareText : quotedText;
    return {
      captures: [operations],
      render: ([main]) => this.#failure(main!) ?? write(main!.bytes, main!.status === CaptureStatus.truncated),
    };
  }

  #collectText(text: TextType, storage: Storage, offset: number, limit: number): AgentOperation[] {
    const { reasons } = this.#compiler;
    const load = (at: number) => loadFrom(storage, offset + at, POINTER_BYTES, reasons);
    if (text.kind === 'terminated') return [...load(0), ...this.#guardNull(), { op: 'captureString', limit }];
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

  // ---- elements -------------------------------------------------------------------------------------------------------------

  #elements(node: Typed, count: Typed): ShownValue {
    const type = bare(node.type);
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
    const known = bare(node.type);
    // An array keeps its storage, so that one in registers can be shown; beyond its end, memory goes on.
    if (node.kind === 'place' && known.kind === 'array' && count * size <= (sizeOf(known) ?? 0)) {
      return this.#object(node, type, count * size);
    }
    const place: Place = { kind: 'place', type, base: { kind: 'pointer', pointer: decay(node) }, offset: 0 };
    return this.#object(place, type, Math.max(0, count) * size);
  }

  // ---- failures -------------------------------------------------------------------------------------------------------------

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

function textBytes(text: TextType): number {
  return text.kind === 'terminated' ? POINTER_BYTES : Math.max(text.pointerOffset, text.lengthOffset) + POINTER_BYTES;
}
