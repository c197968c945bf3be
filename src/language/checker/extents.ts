/** Go's `len(x)` and `cap(x)` (the Go specification, "Length and capacity"), Rust's `x.len()`. */
import { type Scope, type Type } from '../../debuginfo/model/model';
import { type Range, typeError } from '../expression/diagnostics';
import { rulesOf } from '../rules/rulesOf';
import { INT, LONG } from '../typed/builtinTypes';
import { constant, convert } from '../typed/conversions';
import { fieldAt } from '../typed/members';
import { dereference } from '../typed/pointers';
import { type Typed } from '../typed/tree';
import { isStructure, typeText, unqualified } from '../typed/types';
import { sequenceOf } from './sequences';

/** Members of what a map and a channel point to, of Go's versions up to 1.23 and from 1.24 on. */
const HIDDEN: Readonly<Record<'len' | 'cap', readonly string[]>> = {
  len: ['count', 'used', 'qcount'],
  cap: ['dataqsiz'],
};

/** Throws `type` for what has no such number. */
export function extent(what: 'len' | 'cap', node: Typed, range: Range, scope: Scope): Typed {
  const type = rulesOf(scope.language).wellKnownType(scope.language === 'rust' ? 'usize' : 'int') ?? LONG;
  const sequence = sequenceOf(node, scope);
  const number = what === 'len' ? sequence?.length : sequence?.text === undefined ? sequence?.capacity : undefined;
  const found = number ?? hidden(what, node, scope);
  if (found === undefined) throw typeError(`a value of type \`${typeText(node.type)}\` has no \`${what}\``, range);
  return convert(found, type);
}

/** Of a map or a channel, which are pointers; a null one has 0. */
function hidden(what: 'len' | 'cap', node: Typed, { language }: Scope): Typed | undefined {
  const type = unqualified(node.type);
  if (language !== 'go' || type.kind !== 'pointer' || !isMapOrChannel(node.type)) return undefined;
  const target = unqualified(type.target);
  if (!isStructure(target)) return undefined;
  const object = dereference(node, type.target);
  const found = HIDDEN[what].map((name) => fieldAt(object, [name])).find((field) => field !== undefined);
  if (found === undefined) return undefined;
  const isThere: Typed = {
    kind: 'binary',
    type: INT,
    operation: 'ne',
    left: convert(node, LONG),
    right: constant(LONG, 0n),
  };
  return {
    kind: 'conditional',
    type: LONG,
    condition: isThere,
    then: convert(found, LONG),
    otherwise: constant(LONG, 0n),
  };
}

function isMapOrChannel(type: Type): boolean {
  const under = unqualified(type);
  const target = under.kind === 'pointer' ? unqualified(under.target) : under;
  return (
    isStructure(target) &&
    /^(?:hash|hchan|map)<|^(?:internal\/runtime\/maps\.Map|runtime\.h(?:map|chan))$/.test(target.name ?? '')
  );
}

/** Whether a value is one of Go's maps, whose elements are found by hashing. */
export function isMap(node: Typed, { language }: Scope): boolean {
  const type = unqualified(node.type);
  return (
    language === 'go' && type.kind === 'pointer' && isMapOrChannel(node.type) && hasField(type.target, 'count', 'used')
  );
}

function hasField(type: Type, ...names: readonly string[]): boolean {
  const under = unqualified(type);
  return isStructure(under) && under.members.some(({ name }) => name !== undefined && names.includes(name));
}
