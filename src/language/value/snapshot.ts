/** The bytes of a value as a hit brought them, and what is known to be missing from them. */
import { type Type } from '../../debuginfo/model/model';
import { type ValueNode } from './node';

export interface Snapshot {
  /** From the value's start on; fewer than the value has where not all were captured. */
  readonly bytes: Uint8Array;
  /** Bytes that debug information could not locate; those in `bytes` mean nothing. */
  readonly holes: readonly { readonly start: number; readonly end: number; readonly reason: string }[];
  /** What texts in the value read. */
  readonly texts: readonly CollectedText[];
  /** The parts of the value that formatters made nodes of. */
  readonly formatted?: readonly FormattedPart[];
}

/** A part of a value, by its place in it and its type. */
export interface FormattedPart {
  readonly offset: number;
  readonly type: Type;
  readonly node: ValueNode;
}

/** A text that a hit brought beside the value that leads to it. */
export interface CollectedText {
  /** Of the text's pointer, or of the structure that has it, in the value. */
  readonly offset: number;
  readonly kind: 'terminated' | 'counted';
  /** In quotes, or why it is not there. */
  readonly text: string;
}

/** Stands for what was not captured. */
export const MORE = '...';

export function snapshot(bytes: Uint8Array, parts: Partial<Snapshot> = {}): Snapshot {
  return { bytes, holes: [], texts: [], ...parts };
}

/** Why `size` bytes from `offset` on can't be shown; undefined if they can. */
export function missingAt({ bytes, holes }: Snapshot, offset: number, size: number): string | undefined {
  const hole = holes.find(({ start, end }) => start < offset + size && end > offset);
  if (hole !== undefined) return hole.reason;
  return offset + size > bytes.length ? MORE : undefined;
}

/** What a formatter made of the part that is there. */
export function formattedAt({ formatted }: Snapshot, offset: number, type: Type): ValueNode | undefined {
  return formatted?.find((part) => part.offset === offset && part.type === type)?.node;
}

/** The text that was collected for a pointer or a structure. */
export function textAt({ texts }: Snapshot, offset: number, kind: CollectedText['kind']): string | undefined {
  return texts.find((each) => each.offset === offset && each.kind === kind)?.text;
}
