/** What a message shows of a hit, and what all kinds of shown values are made with. */
import { assertExists } from '../../base/assert';
import { readInteger } from '../../base/littleEndian';
import { type AgentOperation, CaptureStatus } from '../../contract/agent/operations';
import { type Capture } from '../../contract/hits';
import { type Style } from '../expression/format';
import { leaf, type ValueNode } from '../value/node';
import { type CaptureBudget } from './budget';
import { type Typed } from '../typed/tree';
import { type ValueCompiler } from './value';

/** What is known of a hit besides its captures. */
export interface HitContext {
  readonly pid: number;
  readonly tid: number;
  readonly threadName: string;
  /** Where a function returns: ns since its entry; undefined where that was not seen. */
  readonly durationNs?: number | undefined;
  /** When it happened: CLOCK_REALTIME in ns. */
  readonly timeNs: bigint;
  /** Which hit of its probe it is, from 1. */
  readonly ordinal: number;
}

export interface ShownValue {
  /** What the user called it. */
  readonly label?: string;
  readonly captures: readonly (readonly AgentOperation[])[];
  /** The value that a hit brought. `captures`: those of this value, in the order of its operations. */
  node(captures: readonly Capture[], context: HitContext): ValueNode;
  /** What the node reads in one line, where that takes no tree: most hits bring numbers, and a node is garbage then. */
  readonly text?: (captures: readonly Capture[]) => string;
}

/** What a value is shown with. */
export interface Showing {
  readonly style: Style | undefined;
  readonly compiler: ValueCompiler;
  readonly budget: CaptureBudget;
  /** Values of types that have a formatter. */
  readonly formatters?: Formatters | undefined;
}

export interface Formatters {
  /** Undefined for a value that no formatter is about. */
  shown(node: Typed, format: ShownFormat, showing: Showing): ShownValue | undefined;
}

export interface ShownFormat {
  readonly style?: Style | undefined;
  /** An integer: how many elements to show. */
  readonly count?: Typed | undefined;
  /** As its type is made, whatever formatter there is for it. */
  readonly isRaw?: boolean;
}

/** A value that is known, or known to be missing, before any hit. */
export function fixed(text: string): ShownValue {
  return { captures: [], node: () => leaf(text) };
}

/** The capture of a value's own bytes, which is the first. */
export function mainOf([main]: readonly Capture[]): Capture {
  return assertExists(main, 'capture of a value');
}

/** Why a capture has no value; undefined if it has one. */
export function failureOf({ status, bytes }: Capture, { reasons }: ValueCompiler): string | undefined {
  if (status === CaptureStatus.divisionByZero) return '<division by zero>';
  if (status !== CaptureStatus.unreadable && status !== CaptureStatus.missing) return undefined;
  const number = bytes.length < 8 ? 0n : readInteger(bytes, 0, 8, false);
  if (status === CaptureStatus.missing) return reasons.textOf(Number(number));
  return `<not readable: 0x${number.toString(16)}>`;
}
