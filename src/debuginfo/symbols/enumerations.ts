/** Enumerations (DWARF 5 §5.8). */
import { littleEndian } from '../../base/littleEndian';
import { AT, TAG } from '../dwarf/constants';
import { type Attribute, type Entry } from '../dwarf/entry';
import { type BaseType, type Type } from '../model/model';
import { languageOf, qualifiedNameOf } from './names';
import { MAX_LAYERS, type TypeSource } from './typeSource';

/** __int128, in bytes. */
const WIDEST_INTEGER = 16;

export function readEnumeration(types: TypeSource, entry: Entry): Type {
  const definition = types.definitionOf(entry);
  const stated: { name: string; value: bigint }[] = [];
  for (const child of definition.children()) {
    if (child.tag !== TAG.enumerator) continue;
    stated.push({ name: child.string(AT.name) ?? '', value: constantOf(child.attribute(AT.const_value)) });
  }
  const underlying = underlyingOf(types.typeOf(definition));
  const signed = underlying ? isSignedBase(underlying) : stated.some(({ value }) => value < 0n);
  const byteSize = definition.unsigned(AT.byte_size) ?? underlying?.byteSize ?? 4;
  // Producers write a value in a form that is as wide as they like, with a sign or without.
  const asStored = (bits: number, value: bigint) => (signed ? BigInt.asIntN(bits, value) : BigInt.asUintN(bits, value));
  const enumerators = stated.map(({ name, value }) => ({ name, value: asStored(byteSize * 8, value) }));
  return {
    kind: 'enumeration',
    name: qualifiedNameOf(entry),
    language: languageOf(entry.unit),
    byteSize,
    signed,
    enumerators,
  };
}

function constantOf(value: Attribute | undefined): bigint {
  // Wider than 64 bits: bytes.
  return value?.constant() ?? littleEndian((value?.block() ?? new Uint8Array(0)).subarray(0, WIDEST_INTEGER));
}

function underlyingOf(type: Type): BaseType | undefined {
  let current = type;
  for (let layer = 0; layer < MAX_LAYERS && current.kind !== 'base'; layer++) {
    if (!('target' in current)) return undefined;
    current = current.target;
  }
  return current.kind === 'base' ? current : undefined;
}

/** `char` is signed on x86-64 (System V ABI §3.1.2). */
function isSignedBase({ encoding }: BaseType): boolean {
  return encoding === 'signed' || encoding === 'character';
}
