/**
 * Texts that a message shows: the characters that a hit collects for a value that is a text, and for texts inside of
 * other values.
 */
import { assertExists } from '../../base/assert';
import { type AgentOperation, CaptureStatus } from '../../contract/agent/operations';
import { type Capture } from '../../contract/hits';
import { type Type } from '../../debuginfo/model/model';
import { type Typed } from '../typed/tree';
import { POINTER_BYTES, unqualified } from '../typed/types';
import { leaf } from '../value/node';
import { type CollectedText } from '../value/snapshot';
import { bareText, BYTES, type Encoding, quotedText } from '../value/text';
import { textsWithin, type TextType, textType } from '../value/textTypes';
import { type Reasons } from './reasons';
import { failureOf, fixed, mainOf, type Showing, type ShownValue } from './shown';
import { loadFrom, type Storage } from './storage';

/**
 * Bytes of a text that is a value of its own, and of one inside of another value; how many of those one value may have.
 */
export const TEXT_BYTES = 1024;
const INNER_TEXT_BYTES = 200;
const INNER_TEXTS = 8;

/** The value as a text, if its type or the format says that it is one. */
export function shownText(node: Typed, { style, compiler, budget }: Showing): ShownValue | undefined {
  const wanted = style === 'string' || style === 'bare';
  if (style !== undefined && !wanted) return undefined;
  const isPointer = unqualified(node.type).kind === 'pointer';
  const text =
    textType(node.type) ?? (wanted && isPointer ? ({ kind: 'terminated', encoding: BYTES } as const) : undefined);
  if (text === undefined) return undefined;
  let operations: AgentOperation[];
  if (node.kind === 'place') {
    const storage = compiler.storage(node);
    if (storage.kind === 'missing') return fixed(storage.reason);
    operations = collectText(text, storage, node.offset, budget.forValue(TEXT_BYTES), compiler.reasons);
  } else {
    const limit = budget.forValue(TEXT_BYTES);
    operations = [...compiler.value(node), ...guardNull(compiler.reasons), captureString(text, limit)];
  }
  const write = style === 'bare' ? bareText : quotedText;
  const isCut = ({ status }: Capture) => status === CaptureStatus.truncated;
  return {
    captures: [operations],
    node: (captures) => {
      const main = mainOf(captures);
      return leaf(failureOf(main, compiler) ?? write(main.bytes, isCut(main), encodingOf(text)), { type: node.type });
    },
  };
}

export interface InnerTexts {
  readonly captures: readonly (readonly AgentOperation[])[];
  /** What the texts read. `captures`: theirs, in order. */
  collected(captures: readonly Capture[]): CollectedText[];
}

/** The texts in an object of `type` that begins at byte `start` of its storage, of which `captured` bytes come. */
export function innerTexts(
  type: Type,
  storage: Storage,
  { start, captured }: { readonly start: number; readonly captured: number },
  { style, compiler, budget }: Showing,
): InnerTexts {
  const all = style === undefined ? textsWithin(type, INNER_TEXTS) : [];
  const texts = all.filter(
    ({ offset, text }) => offset + textBytes(text) <= captured && budget.takeExtra(INNER_TEXT_BYTES),
  );
  const read = (capture: Capture, encoding: Encoding) => {
    if (capture.status === CaptureStatus.unreadable) return '<not readable>';
    const isCut = capture.status === CaptureStatus.truncated;
    return failureOf(capture, compiler) ?? quotedText(capture.bytes, isCut, encoding);
  };
  return {
    captures: texts.map(({ offset, text }) =>
      collectText(text, storage, start + offset, INNER_TEXT_BYTES, compiler.reasons),
    ),
    collected: (captures) =>
      texts.map(({ offset, text }, index) => ({
        offset,
        kind: text.kind,
        text: read(assertExists(captures[index], 'capture of a text'), encodingOf(text)),
      })),
  };
}

/** Operations that append the characters of a text whose pointer, or whose structure, is at byte `offset`. */
export function collectText(
  text: TextType,
  storage: Storage,
  offset: number,
  limit: number,
  reasons: Reasons,
): AgentOperation[] {
  const load = (at: number) => loadFrom(storage, offset + at, POINTER_BYTES, reasons);
  if (text.kind === 'terminated') return [...load(0), ...guardNull(reasons), captureString(text, limit)];
  return [...load(text.pointerOffset), ...load(text.lengthOffset), { op: 'captureSlice', limit }];
}

/** A null pointer to text is a value, not a failure: it reads `0x0`. */
export function guardNull(reasons: Reasons): AgentOperation[] {
  return [
    ...([{ op: 'dup' }, { op: 'isZero' }, { op: 'if' }, reasons.missing('0x0'), { op: 'else' }] as const),
    ...([{ op: 'const', value: 0n }, { op: 'end' }, { op: 'drop' }] as const),
  ];
}

/** Characters are not cut in two. */
function captureString(text: TextType, limit: number): AgentOperation {
  const { unit } = encodingOf(text);
  return { op: 'captureString', limit: limit - (limit % unit), ...(unit > 1 && { unit }) };
}

function encodingOf(text: TextType): Encoding {
  return text.kind === 'terminated' ? text.encoding : BYTES;
}

function textBytes(text: TextType): number {
  return text.kind === 'terminated' ? POINTER_BYTES : Math.max(text.pointerOffset, text.lengthOffset) + POINTER_BYTES;
}
