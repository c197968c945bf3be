/** What `$return` means where a function returns: its type, and where the ABI of its language has the value. */
import {
  type Leaving,
  type Location,
  type Member,
  type Returned,
  type Scope,
  type Type,
} from '../../debuginfo/model/model';
import { type Range, typeError, unknownName } from '../expression/diagnostics';
import { LONG } from './builtinTypes';
import { referent } from './conversions';
import { definition } from './members';
import { type Typed } from './tree';
import { scalarOf, sizeOf, typeText } from './types';
import { goPlaces } from './goResults';
import { type Piece, unavailable } from './resultRegisters';
import { rustPlace } from './rustResults';
import { systemVPlace } from './systemVResults';

const NAME = '$return';
const ADVICE = 'Probe return FUNCTION instead.';

/** The returned value; what is not there reads why. Throws `type` or `unknown-name` where there can't be any. */
export function returnValue(scope: Scope, range: Range): Typed {
  const { leaving } = scope;
  if (!leaving) {
    throw unknownName('`$return` has a value only where a function returns', range, ADVICE);
  }
  const { exit, returned } = leaving;
  if (!returned) {
    const advice = 'Write $rax, or $xmm0.v2_double[0] for a floating-point number.';
    throw typeError('nothing tells what the function returns: it has no debug information', range, advice);
  }
  const types = returned.results.map(({ type }) => defined(type, scope));
  if (types.length === 0 || types.every((type) => sizeOf(type) === 0)) {
    throw typeError(`\`${scope.function ?? 'the function'}\` returns nothing`, range);
  }
  const { type, location } = valueOf(returned, types);
  const missing = exit.kind === 'tailJump' ? returnedBy(exit) : returned.unreliable;
  const base = {
    kind: 'variable',
    name: NAME,
    location: missing === undefined ? location : unavailable(missing),
  } as const;
  return referent({ kind: 'place', type, base, offset: 0 });
}

/** `$duration`: ns from the entry on. Throws `unknown-name` where nothing returns. */
export function callDuration(scope: Scope, range: Range): Typed {
  const { leaving } = scope;
  if (!leaving) throw unknownName('`$duration` is known only where a function returns', range, ADVICE);
  if (leaving.exit.kind === 'return') return { kind: 'context', context: 'duration', type: LONG };
  const base = { kind: 'variable', name: '$duration', location: unavailable(returnedBy(leaving.exit)) } as const;
  return { kind: 'place', type: LONG, base, offset: 0 };
}

function returnedBy({ to }: Extract<Leaving['exit'], { kind: 'tailJump' }>): string {
  return `<returned by ${to ?? 'another function'}>`;
}

interface Value {
  readonly type: Type;
  readonly location: Location;
}

function valueOf(returned: Returned, types: readonly Type[]): Value {
  const [type] = types as [Type];
  switch (returned.language) {
    case 'c':
    case 'c++':
      return { type, location: systemVPlace(type) };
    case 'rust':
      return { type, location: rustPlace(type) };
    case 'go':
      return goValue(returned, types);
    default:
      if (scalarOf(type) !== undefined) return { type, location: systemVPlace(type) };
      return {
        type,
        location: unavailable(`<not available: nothing tells how its language returns ${typeText(type)}>`),
      };
  }
}

/** Several results are shown as a structure of them. */
function goValue({ results }: Returned, types: readonly Type[]): Value {
  const places = goPlaces(types);
  const [type] = types as [Type];
  if (types.length === 1) return { type, location: places[0] ?? unavailable('<not available>') };
  const members: Member[] = [];
  const pieces: Piece[] = [];
  let end = 0;
  for (const [index, each] of types.entries()) {
    const size = sizeOf(each) ?? 0;
    members.push({ name: resultName(results, index), type: each, byteOffset: end, inherited: false });
    pieces.push({ location: places[index] ?? unavailable('<not available>'), byteSize: size });
    const padding = -size & 7;
    if (padding > 0) pieces.push({ location: { kind: 'bytes', bytes: new Uint8Array(padding) }, byteSize: padding });
    end += size + padding;
  }
  const structure = { kind: 'structure', name: undefined, byteSize: end, language: 'go', members } as const;
  return { type: structure, location: { kind: 'pieces', pieces } };
}

/** A result without a name, for which the compiler has one that is in no expression, is `r0`, `r1`… by its place. */
function resultName(results: Returned['results'], index: number): string {
  const name = results[index]?.name;
  if (name !== undefined && !/^~/.test(name)) return name;
  const numbered = `r${index}`;
  return results.some((other) => other.name === numbered) ? '_' : numbered;
}

/** With the definition of what is only declared where the function is. */
function defined(type: Type, scope: Scope): Type {
  return sizeOf(type) === undefined ? (definition(type, scope) ?? type) : type;
}
