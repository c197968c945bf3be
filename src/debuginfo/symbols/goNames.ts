/** What Go's compiler describes in its own way: variables on the heap, and types at run time. */
import { linkAddress } from '../../base/address';
import { AT, TYPE_TAGS } from '../dwarf/constants';
import { type Location, type Scope, type Variable } from '../model/model';
import { type LookupContext, named } from './globals';
import { qualifiedNameOf } from './names';
import { type Program } from './program';
import { type Types } from './types';

/** The variable that a pointer called `&name` points to. */
export function throughGoPointer(name: string, pointer: Variable): Variable {
  const { type, role } = pointer;
  const target = type.kind === 'pointer' ? type.target : type;
  return { name, type: target, location: pointedTo(pointer.location), role };
}

function pointedTo(location: Location): Location {
  switch (location.kind) {
    case 'memory':
      return { kind: 'memory', address: [...location.address, { op: 'load', size: 8 }] };
    case 'register':
      return { kind: 'memory', address: [{ op: 'register', register: location.register }] };
    case 'value':
      return { kind: 'memory', address: location.value };
    case 'unavailable':
      return location;
    case 'bytes':
    case 'implicitPointer':
    case 'pieces':
      return { kind: 'unavailable', reason: '<not available: its address is in several parts>' };
  }
}

/** Where the linker puts all descriptions of types (Go's cmd/link/internal/ld/data.go). */
const DESCRIPTIONS = 'runtime.types';

/** The type that is written so, with its package or in the function's own, and where it is described at run time. */
export function goRuntimeType(
  program: Program,
  types: Types,
  name: string,
  from: LookupContext,
): ReturnType<Scope['runtimeType']> {
  const [prefix = ''] = from.visible[0] ?? [];
  const [, signs = '', own = ''] = /^((?:\*|\[\d*\])*)(.*)$/s.exec(name) ?? [];
  const aliases: Readonly<Record<string, string>> = { byte: 'uint8', rune: 'int32' };
  const local = `${signs}${prefix}${own}`;
  const wanted = [...(own.includes('.') ? [] : [local]), `${signs}${aliases[own] ?? own}`];
  const base = program.facts.dataSymbol(DESCRIPTIONS);
  for (const each of wanted) {
    const found = [...named(program, each, TYPE_TAGS, from)].filter((entry) => {
      const qualified = qualifiedNameOf(entry);
      return qualified === each || qualified?.endsWith(`/${each}`) === true;
    });
    const described = found.find((entry) => entry.has(AT.go_runtime_type));
    const entry = described ?? found[0];
    if (!entry) continue;
    const offset = described?.address(AT.go_runtime_type);
    // An offset of 0 is a type that the linker found no use for.
    const isKnown = base !== undefined && offset !== undefined && offset > 0;
    return { type: types.of(entry), descriptor: isKnown ? linkAddress(base + offset) : undefined };
  }
  return undefined;
}
