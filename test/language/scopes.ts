/**
 * Scopes made by hand, as debug information would give them: the types and variables that the language's tests speak
 * of.
 */
import { linkAddress } from '../../src/base/address';
import {
  emptyScope,
  type BaseEncoding,
  type Location,
  type LocationOperation,
  type Member,
  type Scope,
  type SourceLanguage,
  type Type,
  type Variable,
} from '../../src/debuginfo/model/model';

export function base(name: string, byteSize: number, encoding: BaseEncoding): Type {
  return { kind: 'base', name, language: 'c', byteSize, encoding };
}

export const types = {
  char: base('char', 1, 'character'),
  signedChar: base('signed char', 1, 'character'),
  unsignedChar: base('unsigned char', 1, 'unsignedCharacter'),
  bool: base('_Bool', 1, 'boolean'),
  short: base('short int', 2, 'signed'),
  unsignedShort: base('short unsigned int', 2, 'unsigned'),
  int: base('int', 4, 'signed'),
  unsigned: base('unsigned int', 4, 'unsigned'),
  long: base('long int', 8, 'signed'),
  unsignedLong: base('long unsigned int', 8, 'unsigned'),
  float: base('float', 4, 'float'),
  double: base('double', 8, 'float'),
  longDouble: base('long double', 16, 'float'),
  int128: base('__int128', 16, 'signed'),
  void: { kind: 'void', byteSize: undefined },
} satisfies Record<string, Type>;

export function pointer(target: Type): Type {
  return { kind: 'pointer', byteSize: 8, target };
}

export function reference(target: Type): Type {
  return { kind: 'reference', byteSize: 8, target };
}

export function array(element: Type, ...counts: (number | undefined)[]): Type {
  const total = counts.reduce<number | undefined>(
    (product, count) => (product === undefined || count === undefined ? undefined : product * count),
    element.byteSize,
  );
  return { kind: 'array', byteSize: total, element, counts };
}

export function typedef(name: string, target: Type): Type {
  return { kind: 'typedef', name, language: 'c', byteSize: target.byteSize, target };
}

export function constant(target: Type): Type {
  return { kind: 'const', byteSize: target.byteSize, target };
}

export function enumeration(name: string, values: Record<string, bigint>, signed = false): Type {
  const enumerators = Object.entries(values).map(([enumerator, value]) => ({ name: enumerator, value }));
  return { kind: 'enumeration', name, language: 'c', byteSize: 4, signed, enumerators };
}

export function member(name: string | undefined, type: Type, byteOffset: number, more: Partial<Member> = {}): Member {
  return { name, type, byteOffset, inherited: false, ...more };
}

export function structure(
  name: string | undefined,
  byteSize: number | undefined,
  members: readonly Member[],
  kind: 'structure' | 'class' | 'union' = 'structure',
  language: SourceLanguage = 'c',
): Type {
  return { kind, name, byteSize, language, members };
}

/** In memory at a link-time address. */
export function at(address: bigint): Location {
  return { kind: 'memory', address: [{ op: 'address', address: linkAddress(address) }] };
}

/** In memory, `offset` bytes from a register (DWARF's number). */
export function fromRegister(register: number, offset: bigint): Location {
  const address: LocationOperation[] = [{ op: 'register', register }, { op: 'const', value: offset }, { op: 'add' }];
  return { kind: 'memory', address };
}

export function inRegister(register: number): Location {
  return { kind: 'register', register };
}

export const optimizedOut: Location = { kind: 'unavailable', reason: '<optimized out>' };

export interface ScopeParts {
  readonly variables?: readonly Variable[];
  readonly types?: Readonly<Record<string, Type>>;
  readonly function?: string;
  readonly language?: SourceLanguage;
}

export function variable(name: string, type: Type, location: Location, role: Variable['role'] = 'local'): Variable {
  return { name, type, location, role };
}

export function scopeOf(parts: ScopeParts): Scope {
  const variables = parts.variables ?? [];
  return {
    ...emptyScope(linkAddress(0x1136)),
    language: parts.language ?? 'c',
    function: parts.function,
    lookup: (name) => variables.find((candidate) => candidate.name === name),
    lookupLocal: (name) => variables.find((candidate) => candidate.name === name && candidate.role !== 'global'),
    parameters: () => variables.filter(({ role }) => role === 'parameter'),
    locals: () => variables.filter(({ role }) => role === 'local'),
    lookupType: (name) => parts.types?.[name],
    similarNames: (name) => variables.map((known) => known.name).filter((known) => known[0] === name[0]),
  };
}
