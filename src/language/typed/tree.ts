/**
 * Expressions whose meaning is settled: every node has its type, every conversion of C's is a node, every operation is
 * one of the agent's. What follows (`compile`) makes no decision about types any more.
 */
import { type AgentRegister, type BinaryOperation } from '../../contract/agent/operations';
import { type Location, type RuntimeNumber, type Type } from '../../debuginfo/model/model';

/** Where an object begins. */
export type PlaceBase =
  | { readonly kind: 'variable'; readonly name: string; readonly location: Location }
  | { readonly kind: 'pointer'; readonly pointer: Typed };

/** An object, or a part of one: what has a location and not only a value. */
export interface Place {
  readonly kind: 'place';
  readonly type: Type;
  readonly base: PlaceBase;
  /** Bytes from the base on. */
  readonly offset: number;
  /** A bit-field's bits, counted from `offset`. */
  readonly bits?: { readonly offset: number; readonly size: number };
}

export interface Elements {
  readonly kind: 'elements';
  /** An array of unknown length; of a text, the language's own type of texts. */
  readonly type: Type;
  /** To the first. */
  readonly pointer: Typed;
  /** An integer; below 0, there are none. */
  readonly count: Typed;
  readonly element: Type;
  /** Whether they are bytes of UTF-8 that read as a string. */
  readonly isText: boolean;
}

export type Context = 'pid' | 'tid' | 'threadName' | 'time' | 'hits' | 'duration';

export type Typed =
  /**
   * The value as the agent's stack holds it: integers extended to 64 bits by their sign, floats as the bits of a
   * double.
   */
  | { readonly kind: 'constant'; readonly type: Type; readonly value: bigint }
  /** The register shifted right, then cut to the type. */
  | { readonly kind: 'register'; readonly type: Type; readonly register: AgentRegister; readonly shift: number }
  | Place
  | { readonly kind: 'addressOf'; readonly type: Type; readonly place: Place }
  | { readonly kind: 'convert'; readonly type: Type; readonly operand: Typed }
  /** The operand is of the node's type, but for `isZero`, which makes an `int` of any integer. */
  | {
      readonly kind: 'unary';
      readonly type: Type;
      readonly operation: 'neg' | 'not' | 'negF' | 'isZero';
      readonly operand: Typed;
    }
  /** The operands are of the node's type; of one common type, if the operation compares. */
  | {
      readonly kind: 'binary';
      readonly type: Type;
      readonly operation: BinaryOperation;
      readonly left: Typed;
      readonly right: Typed;
    }
  /** The condition is an integer, the branches are of the node's type. Only one of them is evaluated. */
  | {
      readonly kind: 'conditional';
      readonly type: Type;
      readonly condition: Typed;
      readonly then: Typed;
      readonly otherwise: Typed;
    }
  /** `value` where the condition, an integer, holds; else it reads as `reason`. */
  | {
      readonly kind: 'checked';
      readonly type: Type;
      readonly condition: Typed;
      readonly value: Typed;
      readonly reason: string;
    }
  /** So many elements one after the other, which only the running program can count: shown, or indexed. */
  | Elements
  /** A number that only the running program has; of an object where the number is computed from its address. */
  | {
      readonly kind: 'runtime';
      readonly type: Type;
      readonly number: RuntimeNumber;
      readonly object: Place | undefined;
    }
  /**
   * A size rounded up to a multiple of `unit`. If the unit is not certain, a size that is no such multiple is not
   * known.
   */
  | {
      readonly kind: 'aligned';
      readonly type: Type;
      readonly size: Typed;
      readonly unit: number;
      readonly isCertain: boolean;
    }
  /** Known without looking at the thread's registers: shown alone, never computed with. */
  | { readonly kind: 'context'; readonly type: Type; readonly context: Context };
