/**
 * Typed tree → agent operations. A value on the agent's stack is 64 bits wide: integers are extended by their type's
 * sign, floats of either size are doubles. Every operation keeps that so, and a narrower result is cut back to its type
 * at once.
 */
import { assertExists } from '../../base/assert';
import { type AgentOperation } from '../../contract/agent/operations';
import { type Location, type RuntimeNumber, type Type } from '../../debuginfo/model/model';
import { type Place, type Typed } from '../typed/tree';
import { type Scalar, scalarOf, sizeOf } from '../typed/types';
import { type Reasons } from './reasons';
import { addressIn, implicitTarget, loadFrom, shift, shifted, type Storage, storageOf, translated } from './storage';

/** From single to double and back rounds to single precision (IEEE 754 §4.3.1). */
const ROUND_TO_SINGLE: readonly AgentOperation[] = [{ op: 'doubleToSingle' }, { op: 'singleToDouble' }];
/** Bits of integers that a double holds exactly. */
const DOUBLE_PRECISION = 53;

/** What the names of a formatter stand for. Their locations mean nothing but themselves. */
export interface Bindings {
  /** Where the variable is that was given this location. */
  storageOf(location: Location): Storage | undefined;
  /** Where the object is that a pointer of this location points to, if it has no address. */
  objectOf(location: Location): Storage | undefined;
}

export class ValueCompiler {
  constructor(
    readonly bias: bigint,
    readonly reasons: Reasons,
    /** Where a number that only the running program has is, at the site. */
    readonly locate: (number: RuntimeNumber) => Location,
    readonly bindings?: Bindings,
  ) {}

  /** Operations that leave the value of a scalar node. */
  value(node: Typed): AgentOperation[] {
    switch (node.kind) {
      case 'constant':
        return [{ op: 'const', value: node.value }];
      case 'register':
        return [{ op: 'register', register: node.register }, ...shift('shrU', node.shift), ...cutTo(scalar(node.type))];
      case 'place':
        return this.#load(node);
      case 'addressOf':
        return this.address(node.place);
      case 'convert':
        return this.#convert(node.operand, scalar(node.operand.type), scalar(node.type));
      case 'unary':
        return [...this.value(node.operand), { op: node.operation }, ...result(node.operation, node.type)];
      case 'binary':
        return [
          ...this.value(node.left),
          ...this.value(node.right),
          { op: node.operation },
          ...result(node.operation, node.type),
        ];
      case 'conditional':
        return [
          ...this.value(node.condition),
          { op: 'if' },
          ...this.value(node.then),
          { op: 'else' },
          ...this.value(node.otherwise),
          { op: 'end' },
        ];
      case 'checked':
        return [
          ...this.value(node.condition),
          { op: 'if' },
          ...this.value(node.value),
          { op: 'else' },
          this.reasons.missing(node.reason),
          { op: 'end' },
        ];
      case 'elements':
        return this.value(node.pointer);
      case 'runtime':
        return this.#runtimeNumber(node.number, node.object);
      case 'aligned':
        return this.#aligned(node.size, node.unit, node.isCertain);
      case 'context':
        return [this.reasons.missing(`<$${node.context} is not known to the agent>`)];
    }
  }

  /** Operations that leave the address of a place. */
  address(place: Place): AgentOperation[] {
    return addressIn(this.storage(place), place.offset, this.reasons);
  }

  /** Where a place's base is; the place begins `offset` bytes after it. */
  storage({ base }: Place): Storage {
    if (base.kind === 'variable') {
      return this.bindings?.storageOf(base.location) ?? storageOf(base.location, this.bias, this.reasons);
    }
    const { pointer } = base;
    const isVariable = pointer.kind === 'place' && pointer.base.kind === 'variable' && pointer.offset === 0;
    const object = isVariable ? this.bindings?.objectOf(pointer.base.location) : undefined;
    return object ?? this.#implicitTarget(pointer) ?? { kind: 'memory', address: this.value(pointer) };
  }

  /** What a pointer points to that has no value itself; undefined for other pointers. */
  #implicitTarget(pointer: Typed): Storage | undefined {
    switch (pointer.kind) {
      case 'place':
        return pointer.bits || sizeOf(pointer.type) !== 8
          ? undefined
          : implicitTarget(this.storage(pointer), pointer.offset);
      case 'convert':
        return sizeOf(pointer.type) === 8 ? this.#implicitTarget(pointer.operand) : undefined;
      case 'binary': {
        const { operation, left, right } = pointer;
        if (right.kind !== 'constant' || (operation !== 'add' && operation !== 'sub')) return undefined;
        const target = this.#implicitTarget(left);
        const distance = Number(BigInt.asIntN(64, right.value)) * (operation === 'add' ? 1 : -1);
        return target && shifted(target, distance);
      }
      default:
        return undefined;
    }
  }

  #runtimeNumber(number: RuntimeNumber, object: Place | undefined): AgentOperation[] {
    const location = this.locate(number);
    if (location.kind === 'value') {
      return translated(location.value, this.bias, this.reasons, object && this.address(object));
    }
    return [this.reasons.missing(location.kind === 'unavailable' ? location.reason : '<not available>')];
  }

  #aligned(size: Typed, unit: number, isCertain: boolean): AgentOperation[] {
    const rest = BigInt(unit - 1);
    const operations = this.value(size);
    if (isCertain) {
      return [...operations, ...([constant(rest), { op: 'add' }, constant(~rest), { op: 'and' }] as const)];
    }
    const unknown = this.reasons.missing('<not available: its structure may be packed>');
    return [
      ...operations,
      ...([constant(rest), { op: 'and' }, { op: 'if' }, unknown, { op: 'else' }] as const),
      ...operations,
      { op: 'end' },
    ];
  }

  #load(place: Place): AgentOperation[] {
    const type = scalar(place.type);
    if (place.bits !== undefined) return this.#loadBits(place, place.bits, type.signed);
    const size = assertExists(sizeOf(place.type), 'size of a scalar');
    const operations = loadFrom(this.storage(place), place.offset, size, this.reasons);
    if (type.kind === 'float') return type.bits === 32 ? [...operations, { op: 'singleToDouble' }] : operations;
    return type.signed || type.bits < size * 8 ? [...operations, ...cutTo(type)] : operations;
  }

  /** A bit-field: the bytes that hold it, shifted and cut. One of 64 bits may need nine of them. */
  #loadBits(place: Place, bits: NonNullable<Place['bits']>, signed: boolean): AgentOperation[] {
    const storage = this.storage(place);
    const first = Math.floor(bits.offset / 8);
    const offset = bits.offset % 8;
    const bytes = Math.ceil((offset + bits.size) / 8);
    const operations = [
      ...loadFrom(storage, place.offset + first, Math.min(bytes, 8), this.reasons),
      ...shift('shrU', offset),
    ];
    if (bytes > 8) {
      operations.push(...loadFrom(storage, place.offset + first + 8, 1, this.reasons), ...shift('shl', 64 - offset), {
        op: 'or',
      });
    }
    return bits.size === 64 ? operations : [...operations, { op: 'extend', bits: bits.size, signed }];
  }

  #convert(operand: Typed, from: Scalar, to: Scalar): AgentOperation[] {
    const value = this.value(operand);
    if (to.kind === 'boolean') {
      if (from.kind === 'boolean') return value;
      return [...value, { op: 'const', value: 0n }, { op: from.kind === 'float' ? 'neF' : 'ne' }];
    }
    if (from.kind === 'float') {
      if (to.kind === 'float') return to.bits < from.bits ? [...value, ...ROUND_TO_SINGLE] : value;
      return to.bits === 64 && !to.signed ? [...value, { op: 'toU' }] : [...value, { op: 'toS' }, ...cutTo(to)];
    }
    if (to.kind === 'float') {
      const exact = to.bits === 32 && from.bits > DOUBLE_PRECISION ? withStickyBit(value, from.signed) : value;
      return [...exact, { op: from.signed ? 'fromS' : 'fromU' }, ...(to.bits === 32 ? ROUND_TO_SINGLE : [])];
    }
    return holds(to, from) ? value : [...value, ...cutTo(to)];
  }
}

function constant(value: bigint): AgentOperation {
  return { op: 'const', value: BigInt.asUintN(64, value) };
}

function scalar(type: Type): Scalar {
  const found = scalarOf(type);
  if (found === undefined) throw new Error(`internal error: a ${type.kind} as a value`);
  return found;
}

/** Whether every value of `from` is one of `to`, extended to 64 bits in the same way. */
function holds(to: Scalar, from: Scalar): boolean {
  if (to.bits === 64) return true;
  return to.signed === from.signed ? from.bits <= to.bits : to.signed && from.bits < to.bits;
}

function cutTo({ bits, signed }: Scalar): AgentOperation[] {
  return bits === 64 ? [] : [{ op: 'extend', bits, signed }];
}

/** What an operation's result needs to be of its type again; comparisons leave 0 or 1, which any type holds. */
function result(operation: string, type: Type): readonly AgentOperation[] {
  if (/^(?:eq|ne|lt|le|gt|ge)(?:[SUF]?)$|^isZero$/.test(operation)) return [];
  const to = scalar(type);
  if (to.kind === 'float') return to.bits === 32 ? ROUND_TO_SINGLE : [];
  return cutTo(to);
}

/**
 * A 64-bit integer that rounds to single precision as if it had not been rounded to double before: beyond 2^53, the
 * eleven bits that a double has no room for are or-ed into the one above them.
 */
function withStickyBit(value: readonly AgentOperation[], signed: boolean): AgentOperation[] {
  const low = constant(0x7ffn);
  const inRange: AgentOperation[] = signed
    ? [constant(1n << 53n), { op: 'add' }, constant(1n << 54n), { op: 'gtU' }]
    : [constant(1n << 53n), { op: 'gtU' }];
  return [
    ...value,
    ...inRange,
    { op: 'if' },
    ...value,
    { op: 'dup' },
    low,
    { op: 'and' },
    low,
    { op: 'add' },
    { op: 'or' },
    constant(~0x7ffn),
    { op: 'and' },
    { op: 'else' },
    ...value,
    { op: 'end' },
  ];
}
