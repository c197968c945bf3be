/**
 * The address of a thread's copy of a module's thread-local variables, as the agent computes it. Libraries that are
 * loaded when the program runs have their blocks in a vector that the thread pointer leads to (ELF Handling For
 * Thread-Local Storage, §2): with glibc (sysdeps/generic/dl-dtv.h) an array of pairs, at fs:8, entry 0 the generation,
 * the word before it how many entries follow, and no pointer, or one of all ones, where the thread has not used the
 * module yet.
 */
import { type LinkAddress, linkAddress, relocate } from '../../base/address';
import { type AgentOperation } from '../../contract/agent/operations';
import { type ThreadBlock } from '../../debuginfo/model/model';
import { type Reasons } from './reasons';

const VECTOR_AT = 8n;
const ENTRY_BYTES_LOG2 = 4n;
const LENGTH_AT = -16n;
/** Of the third word of what a descriptor leads to: sysdeps/x86_64/dl-tlsdesc.h, struct tlsdesc_dynamic_arg. */
const GENERATION_AT = 16n;

const NOT_ALLOCATED = '<not allocated yet in this thread>';
const OTHERS = "<not available: another module's variable takes its place>";
const NOT_LOADED = '<not available: its library is not relocated yet>';
const NO_VECTOR = '<not available: its C library may not be glibc>';
const NOT_USED = '<not available: no code of its library has used it yet>';

const constant = (value: bigint): AgentOperation => ({ op: 'const', value: BigInt.asUintN(64, value) });
const plus = (value: bigint): AgentOperation[] => [constant(value), { op: 'add' }];
const word: AgentOperation = { op: 'load', size: 8 };
const threadPointer: AgentOperation = { op: 'register', register: 'fs_base' };
/** Leaves where the thread's vector is. */
const VECTOR: readonly AgentOperation[] = [threadPointer, ...plus(VECTOR_AT), word];

/** Operations that leave the address of byte `offset` of the block. */
export function threadLocalAddress(
  block: ThreadBlock,
  offset: bigint,
  bias: bigint,
  reasons: Reasons,
): AgentOperation[] {
  switch (block.kind) {
    case 'fixed':
      return [threadPointer, ...plus(block.offset + offset)];
    case 'offset': {
      const distance: AgentOperation[] = [...wordAt(block.slot, bias), ...plus(-block.addend)];
      // Blocks of modules lie below the thread pointer.
      return [
        ...unless([...distance, constant(0n), { op: 'geS' }], reasons.missing(NOT_LOADED), [
          threadPointer,
          ...distance,
          { op: 'add' },
          ...plus(offset),
        ]),
      ];
    }
    case 'module': {
      const found = inVector(wordAt(block.slot, bias), plus(offset), reasons);
      return block.expected ? unless(isOther(block.expected, bias), reasons.missing(OTHERS), found) : found;
    }
    case 'pair':
      return inVector(
        wordAt(block.slot, bias),
        [...wordAt(linkAddress(block.slot + 8n), bias), { op: 'add' }, ...plus(offset - block.addend)],
        reasons,
      );
    case 'descriptor':
      return byDescriptor(block, offset - block.addend, bias, reasons);
  }
}

/**
 * A descriptor's second word. Blocks of modules lie below the thread pointer, so a distance is negative, and addresses
 * are not.
 */
function byDescriptor(
  { slot, unresolved, hasVector }: Extract<ThreadBlock, { kind: 'descriptor' }>,
  offset: bigint,
  bias: bigint,
  reasons: Reasons,
): AgentOperation[] {
  const argument = wordAt(linkAddress(slot + 8n), bias);
  const within: AgentOperation[] = [...argument, ...plus(8n), word, { op: 'add' }, ...plus(offset)];
  // Whether the thread's vector is older than the block: what it has of the module is another's.
  const generation: AgentOperation[] = [...argument, ...plus(GENERATION_AT), word];
  const isOlder: AgentOperation[] = [...generation, ...VECTOR, word, { op: 'gtU' }];
  const found = unless(isOlder, reasons.missing(NOT_ALLOCATED), inVector([...argument, word], within, reasons));
  const pair = hasVector ? found : [reasons.missing(NO_VECTOR)];
  const isUnresolved: AgentOperation[] = [...argument, constant(relocate(unresolved, bias)), { op: 'eq' }];
  const isDistance: AgentOperation[] = [...argument, constant(0n), { op: 'ltS' }];
  const distance: AgentOperation[] = [threadPointer, ...argument, { op: 'add' }, ...plus(offset)];
  const resolved = either(isDistance, distance, unless(isUnresolved, reasons.missing(NOT_USED), pair));
  return unless([...argument, { op: 'isZero' }], reasons.missing(NOT_LOADED), resolved);
}

/**
 * `module`: leaves the module's number. `within`: operations that make the address of the block's start that of the
 * variable.
 */
function inVector(module: AgentOperation[], within: AgentOperation[], reasons: Reasons): AgentOperation[] {
  const entry: AgentOperation[] = [
    ...VECTOR,
    ...module,
    ...([constant(ENTRY_BYTES_LOG2), { op: 'shl' }, { op: 'add' }, word] as const),
  ];
  // Module numbers begin at 1.
  const isBeyond: AgentOperation[] = [...module, ...plus(-1n), ...VECTOR, ...plus(LENGTH_AT), word, { op: 'geU' }];
  // -1, or 0 where the thread has not looked at the module at all.
  const isUnallocated: AgentOperation[] = [...entry, ...plus(1n), constant(1n), { op: 'leU' }];
  return unless(
    isBeyond,
    reasons.missing(NOT_ALLOCATED),
    unless(isUnallocated, reasons.missing(NOT_ALLOCATED), [...entry, ...within]),
  );
}

function isOther(expected: { readonly slot: LinkAddress; readonly value: bigint }, bias: bigint): AgentOperation[] {
  return [...wordAt(expected.slot, bias), constant(expected.value), { op: 'ne' }];
}

/** The word of the module at a link-time address. */
function wordAt(slot: LinkAddress, bias: bigint): AgentOperation[] {
  return [constant(relocate(slot, bias)), word];
}

function unless(condition: AgentOperation[], then: AgentOperation, otherwise: AgentOperation[]): AgentOperation[] {
  return either(condition, [then], otherwise);
}

function either(condition: AgentOperation[], then: AgentOperation[], otherwise: AgentOperation[]): AgentOperation[] {
  return [...condition, { op: 'if' }, ...then, { op: 'else' }, ...otherwise, { op: 'end' }];
}
