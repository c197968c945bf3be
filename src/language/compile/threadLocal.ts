/**
 * The address of a thread's copy of a module's thread-local variables, as the agent computes it. Libraries that are
 * loaded when the program runs have their blocks in a vector that the thread pointer leads to (ELF Handling For
 * Thread-Local Storage, §2): with glibc (sysdeps/generic/dl-dtv.h) an array of pairs, at fs:8, entry 0 the generation,
 * the word before it how many entries follow, and a pointer of all ones where the thread has not used the module yet.
 */
import { relocate } from '../../base/address';
import { type AgentOperation } from '../../contract/agent/operations';
import { type ThreadBlock } from '../../debuginfo/model/model';
import { type Reasons } from './reasons';

const VECTOR_AT = 8n;
const ENTRY_BYTES_LOG2 = 4n;
const LENGTH_AT = -16n;
const UNALLOCATED = -1n;

const NOT_ALLOCATED = '<not allocated yet in this thread>';
const OTHERS = "<not available: another module's variable takes its place>";
const NOT_LOADED = '<not available: its library is not relocated yet>';

const constant = (value: bigint): AgentOperation => ({ op: 'const', value: BigInt.asUintN(64, value) });
const plus = (value: bigint): AgentOperation[] => [constant(value), { op: 'add' }];
const word: AgentOperation = { op: 'load', size: 8 };
const threadPointer: AgentOperation = { op: 'register', register: 'fs_base' };

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
      const distance: AgentOperation[] = [constant(relocate(block.slot, bias)), word, ...plus(-block.addend)];
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
    case 'module':
      return inVector(block, offset, bias, reasons);
  }
}

function inVector(
  { slot, expected }: Extract<ThreadBlock, { kind: 'module' }>,
  offset: bigint,
  bias: bigint,
  reasons: Reasons,
): AgentOperation[] {
  const module: AgentOperation[] = [constant(relocate(slot, bias)), word];
  const vector: AgentOperation[] = [threadPointer, ...plus(VECTOR_AT), word];
  const entry: AgentOperation[] = [
    ...vector,
    ...module,
    ...([constant(ENTRY_BYTES_LOG2), { op: 'shl' }, { op: 'add' }, word] as const),
  ];
  // Module numbers begin at 1.
  const isBeyond: AgentOperation[] = [...module, ...plus(-1n), ...vector, ...plus(LENGTH_AT), word, { op: 'geU' }];
  const isUnallocated: AgentOperation[] = [...entry, constant(UNALLOCATED), { op: 'eq' }];
  const found = unless(
    isBeyond,
    reasons.missing(NOT_ALLOCATED),
    unless(isUnallocated, reasons.missing(NOT_ALLOCATED), [...entry, ...plus(offset)]),
  );
  if (!expected) return found;
  const isOthers: AgentOperation[] = [
    ...([constant(relocate(expected.slot, bias)), word, constant(expected.value), { op: 'ne' }] as const),
  ];
  return unless(isOthers, reasons.missing(OTHERS), found);
}

function unless(condition: AgentOperation[], then: AgentOperation, otherwise: AgentOperation[]): AgentOperation[] {
  return [...condition, { op: 'if' }, then, { op: 'else' }, ...otherwise, { op: 'end' }];
}
