/**
 * Where an object is, as the agent reaches it: {@link Location} with run-time addresses and the kernel's register
 * names. Objects in memory, in registers and in pieces of both are read in the same two ways: up to 8 bytes as a value,
 * any number as a capture.
 */
import { relocate } from '../../base/address';
import { readInteger } from '../../base/littleEndian';
import {
  type AccessSize,
  type AgentOperation,
  type AgentRegister,
  type BinaryOperation,
} from '../../contract/agent/operations';
import { type ImplicitObject, type Location, type LocationOperation } from '../../debuginfo/model/model';
import { type Reasons } from './reasons';
import { threadLocalAddress } from './threadLocal';

export type Storage =
  /** The operations leave the object's address. */
  | { readonly kind: 'memory'; readonly address: readonly AgentOperation[] }
  /** The operations leave the object's (at most 8) bytes. */
  | { readonly kind: 'value'; readonly value: readonly AgentOperation[]; readonly inRegister: boolean }
  | { readonly kind: 'vector'; readonly register: number }
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  | { readonly kind: 'pieces'; readonly pieces: readonly { readonly storage: Storage; readonly byteSize: number }[] }
  /** A pointer to byte `offset` of an object that is no place in memory. */
  | { readonly kind: 'implicit'; readonly object: () => Storage; readonly offset: number }
  | { readonly kind: 'missing'; readonly reason: string };

/** Bytes of a captured object that debug information can't locate. */
export interface Hole {
  readonly start: number;
  readonly end: number;
  readonly reason: string;
}

/** System V ABI §3.6.2; 16 is the return address column: the pc. */
// prettier-ignore
const DWARF_REGISTERS: readonly AgentRegister[] = [
  'rax', 'rdx', 'rcx', 'rbx', 'rsi', 'rdi', 'rbp', 'rsp', 'r8', 'r9', 'r10', 'r11', 'r12', 'r13', 'r14', 'r15', 'rip',
];
const IMPLICIT_POINTER = '<implicit pointer>';
const DWARF_XMM0 = 17;
const DWARF_XMM15 = 32;

export function storageOf(location: Location, bias: bigint, reasons: Reasons): Storage {
  const translate = (operations: readonly LocationOperation[]) => translated(operations, bias, reasons);
  switch (location.kind) {
    case 'memory':
      return { kind: 'memory', address: translate(location.address) };
    case 'value':
      return { kind: 'value', value: translate(location.value), inRegister: false };
    case 'register': {
      const { register } = location;
      const name = DWARF_REGISTERS[register];
      if (name !== undefined) return { kind: 'value', value: [{ op: 'register', register: name }], inRegister: true };
      if (isVector(register)) return { kind: 'vector', register: register - DWARF_XMM0 };
      return { kind: 'missing', reason: noRegister(register) };
    }
    case 'bytes':
      return location;
    case 'pieces':
      return {
        kind: 'pieces',
        pieces: location.pieces.map(({ location: piece, byteSize }) => ({
          storage: storageOf(piece, bias, reasons),
          byteSize,
        })),
      };
    case 'implicitPointer':
      return {
        kind: 'implicit',
        object: () => implicitObject(location.object, bias, reasons),
        offset: location.offset,
      };
    case 'unavailable':
      return { kind: 'missing', reason: location.reason };
  }
}

/** What an implicit pointer points to, no more bytes than it has. */
function implicitObject({ location, byteSize }: ImplicitObject, bias: bigint, reasons: Reasons): Storage {
  const storage = storageOf(location, bias, reasons);
  if (byteSize !== undefined) return { kind: 'pieces', pieces: [{ storage, byteSize }] };
  const hasOwnSize = storage.kind === 'memory' || storage.kind === 'bytes' || storage.kind === 'missing';
  return hasOwnSize ? storage : { kind: 'missing', reason: '<not available: an object of unknown size>' };
}

/** Agent operations that compute the same. `object`: what leaves the address of the object that it is about. */
export function translated(
  operations: readonly LocationOperation[],
  bias: bigint,
  reasons: Reasons,
  object: readonly AgentOperation[] = [],
): AgentOperation[] {
  return operations.flatMap((operation) => translatedOne(operation, bias, reasons, object));
}

function translatedOne(
  operation: LocationOperation,
  bias: bigint,
  reasons: Reasons,
  object: readonly AgentOperation[],
): readonly AgentOperation[] {
  switch (operation.op) {
    case 'object':
      return object;
    case 'address':
      return [{ op: 'const', value: relocate(operation.address, bias) }];
    case 'register': {
      const name = DWARF_REGISTERS[operation.register];
      if (name !== undefined) return [{ op: 'register', register: name }];
      if (!isVector(operation.register)) return [reasons.missing(noRegister(operation.register))];
      return [{ op: 'vector', register: operation.register - DWARF_XMM0, offset: 0, size: 8 }];
    }
    case 'tls':
      return threadLocalAddress(operation.block, operation.offset, bias, reasons);
    case 'abs':
      // x * (x >> 63 | 1): the sign without a branch, which could not reach what is below it on the stack.
      return [
        { op: 'dup' },
        { op: 'const', value: 63n },
        { op: 'shrS' },
        { op: 'const', value: 1n },
        { op: 'or' },
        { op: 'mul' },
      ];
    case 'choose': {
      const { then, otherwise } = operation;
      return [
        { op: 'if' },
        ...translated(then, bias, reasons, object),
        { op: 'else' },
        ...translated(otherwise, bias, reasons, object),
        { op: 'end' },
      ];
    }
    case 'missing':
      return [reasons.missing(operation.reason)];
    case 'const':
    case 'load':
    case 'extend':
      return [operation];
    default:
      return [{ op: operation.op }];
  }
}

function isVector(register: number): boolean {
  return register >= DWARF_XMM0 && register <= DWARF_XMM15;
}

function noRegister(register: number): string {
  return `<not available: in DWARF register ${register}>`;
}

/** Operations that leave the address of the byte at `offset`. */
export function addressIn(storage: Storage, offset: number, reasons: Reasons): AgentOperation[] {
  switch (storage.kind) {
    case 'memory':
      return plus(storage.address, offset);
    case 'missing':
      return [reasons.missing(storage.reason)];
    case 'pieces': {
      const found = pieceAt(storage, offset, 1);
      if (found !== undefined) return addressIn(found.storage, found.offset, reasons);
      return [reasons.missing('<not in memory>')];
    }
    case 'vector':
      return [reasons.missing('<in a register>')];
    case 'value':
      return [reasons.missing(storage.inRegister ? '<in a register>' : '<not in memory>')];
    case 'bytes':
    case 'implicit':
      return [reasons.missing('<not in memory>')];
  }
}

/** Operations that leave `size` bytes from `offset` on, zero-extended. `size` is 1 to 8. */
export function loadFrom(storage: Storage, offset: number, size: number, reasons: Reasons): AgentOperation[] {
  if (storage.kind === 'missing') return [reasons.missing(storage.reason)];
  if (storage.kind === 'implicit') return [reasons.missing(IMPLICIT_POINTER)];
  if (storage.kind === 'pieces') {
    const found = pieceAt(storage, offset, size);
    if (found !== undefined) return loadFrom(found.storage, found.offset, size, reasons);
  } else if (storage.kind === 'bytes') {
    if (offset + size <= storage.bytes.length)
      return [{ op: 'const', value: readInteger(storage.bytes, offset, size, false) }];
  } else if (storage.kind === 'value') {
    if (offset + size <= 8) return cut(storage.value, offset, size);
  } else if (storage.kind === 'vector') {
    const half = offset & 8;
    if (offset + size <= half + 8 && half + 8 <= 16) {
      return cut([{ op: 'vector', register: storage.register, offset: half, size: 8 }], offset - half, size);
    }
  } else if (isAccessSize(size)) {
    return [...plus(storage.address, offset), { op: 'load', size }];
  }
  if (size === 1) return [reasons.missing('<not available>')];
  return joined(accesses(size), (at, bytes) => loadFrom(storage, offset + at, bytes, reasons));
}

/**
 * Operations that append `size` bytes from `offset` on; what can't be located is appended as zeros and told as holes.
 */
export function captureFrom(
  storage: Storage,
  offset: number,
  size: number,
  reasons: Reasons,
): { operations: AgentOperation[]; holes: Hole[] } {
  if (storage.kind === 'memory') {
    return { operations: [...plus(storage.address, offset), { op: 'captureMemory', size }], holes: [] };
  }
  const operations: AgentOperation[] = [];
  const holes: Hole[] = [];
  let done = 0;
  const limits = partLimits(storage, offset, size);
  for (const { part, partOffset, bytes } of limits) {
    if (part.kind === 'missing' || part.kind === 'implicit') {
      const reason = part.kind === 'missing' ? part.reason : IMPLICIT_POINTER;
      holes.push({ start: done, end: done + bytes, reason });
      for (const step of accesses(bytes)) operations.push({ op: 'const', value: 0n }, { op: 'capture', size: step });
    } else if (part.kind === 'memory') {
      operations.push(...plus(part.address, partOffset), { op: 'captureMemory', size: bytes });
    } else {
      let at = 0;
      for (const step of accesses(bytes)) {
        operations.push(...loadFrom(part, partOffset + at, step, reasons), { op: 'capture', size: step });
        at += step;
      }
    }
    done += bytes;
  }
  return { operations, holes };
}

interface Part {
  readonly part: Storage;
  readonly partOffset: number;
  readonly bytes: number;
}

/** The parts of a storage that hold `size` bytes from `offset` on, in order; what it does not hold is missing. */
function partLimits(storage: Storage, offset: number, size: number): Part[] {
  const parts: Part[] = [];
  let start = 0;
  for (const { storage: piece, byteSize } of wholes(storage)) {
    const from = Math.max(offset, start);
    const to = Math.min(offset + size, start + byteSize);
    if (from < to) {
      if (piece.kind === 'pieces') parts.push(...partLimits(piece, from - start, to - from));
      else parts.push({ part: piece, partOffset: from - start, bytes: to - from });
    }
    start += byteSize;
  }
  const rest = offset + size - Math.max(offset, start);
  if (rest > 0) parts.push({ part: { kind: 'missing', reason: '<not available>' }, partOffset: 0, bytes: rest });
  return parts;
}

function wholes(storage: Storage): readonly { readonly storage: Storage; readonly byteSize: number }[] {
  switch (storage.kind) {
    case 'pieces':
      return storage.pieces;
    case 'value':
    case 'implicit':
      return [{ storage, byteSize: 8 }];
    case 'vector':
      return [{ storage, byteSize: 16 }];
    case 'bytes':
      return [{ storage, byteSize: storage.bytes.length }];
    case 'memory':
    case 'missing':
      return [{ storage, byteSize: Infinity }];
  }
}

/** What the pointer at `offset` points to, if it is an implicit one. */
export function implicitTarget(storage: Storage, offset: number): Storage | undefined {
  if (storage.kind === 'implicit') return offset === 0 ? shifted(storage.object(), storage.offset) : undefined;
  const found = storage.kind === 'pieces' ? pieceAt(storage, offset, 8) : undefined;
  return found && implicitTarget(found.storage, found.offset);
}

/** The bytes of an object from `distance` on. */
export function shifted(storage: Storage, distance: number): Storage {
  if (distance === 0 || storage.kind === 'missing') return storage;
  if (storage.kind === 'memory') return { kind: 'memory', address: plus(storage.address, distance) };
  if (distance < 0) return { kind: 'missing', reason: '<not available: before the object>' };
  const pieces: { storage: Storage; byteSize: number }[] = [];
  for (const { part, partOffset, bytes } of partLimits(storage, distance, sizeOfStorage(storage) - distance)) {
    pieces.push({ storage: cutOut(part, partOffset), byteSize: bytes });
  }
  return { kind: 'pieces', pieces };
}

function sizeOfStorage(storage: Storage): number {
  return wholes(storage).reduce((sum, { byteSize }) => sum + byteSize, 0);
}

/** A part that is not in pieces, from a byte of it on. */
function cutOut(part: Storage, offset: number): Storage {
  switch (part.kind) {
    case 'value':
      return { ...part, value: [...part.value, ...shift('shrU', offset * 8)] };
    case 'bytes':
      return { kind: 'bytes', bytes: part.bytes.subarray(offset) };
    case 'vector': {
      const value: AgentOperation = { op: 'vector', register: part.register, offset: 8, size: 8 };
      if (offset >= 8) return { kind: 'value', value: [value, ...shift('shrU', (offset - 8) * 8)], inRegister: true };
      return offset === 0 ? part : { kind: 'missing', reason: '<in a register>' };
    }
    case 'memory':
      return { kind: 'memory', address: plus(part.address, offset) };
    case 'implicit':
    case 'pieces':
      return offset === 0 ? part : { kind: 'missing', reason: IMPLICIT_POINTER };
    case 'missing':
      return part;
  }
}

/** The piece that holds all of the bytes; undefined if they lie across two, or after the last. */
function pieceAt(
  { pieces }: Extract<Storage, { kind: 'pieces' }>,
  offset: number,
  size: number,
): { storage: Storage; offset: number } | undefined {
  let start = 0;
  for (const { storage, byteSize } of pieces) {
    if (offset >= start && offset + size <= start + byteSize) return { storage, offset: offset - start };
    start += byteSize;
  }
  return undefined;
}

/** The low `size` bytes of a value from its byte `offset` on. */
function cut(value: readonly AgentOperation[], offset: number, size: number): AgentOperation[] {
  const operations = [...value];
  if (offset > 0) operations.push({ op: 'const', value: BigInt(offset * 8) }, { op: 'shrU' });
  if (offset + size < 8) operations.push({ op: 'extend', bits: size * 8, signed: false });
  return operations;
}

/** Little-endian bytes that take several reads, put together. */
function joined(
  sizes: readonly AccessSize[],
  read: (at: number, size: AccessSize) => AgentOperation[],
): AgentOperation[] {
  const operations: AgentOperation[] = [];
  let at = 0;
  for (const size of sizes) {
    operations.push(...read(at, size));
    if (at > 0) operations.push(...shift('shl', at * 8), { op: 'or' });
    at += size;
  }
  return operations;
}

export function shift(operation: BinaryOperation & ('shl' | 'shrU'), bits: number): AgentOperation[] {
  return bits === 0 ? [] : [{ op: 'const', value: BigInt(bits) }, { op: operation }];
}

function plus(address: readonly AgentOperation[], offset: number): AgentOperation[] {
  return offset === 0 ? [...address] : [...address, { op: 'const', value: BigInt(offset) }, { op: 'add' }];
}

/** The largest accesses that together are `bytes` long, largest first. */
function accesses(bytes: number): AccessSize[] {
  const sizes: AccessSize[] = [];
  for (const size of [8, 4, 2, 1] as const) {
    for (; bytes >= size; bytes -= size) sizes.push(size);
  }
  return sizes;
}

function isAccessSize(size: number): size is AccessSize {
  return size === 1 || size === 2 || size === 4 || size === 8;
}
