/** Types by the names that casts, conversions and sizeof say. */
import { assertExists } from '../../base/assert';
import { type Scope, type Type } from '../../debuginfo/model/model';
import { type TypeName } from '../expression/ast';
import { didYouMean, typeError, unknownName } from '../expression/diagnostics';
import { isTypeWord } from '../expression/typeName';

import { arithmeticType, wellKnownType } from '../typed/builtinTypes';
import { rulesOf } from '../rules/rulesOf';
import { arrayOf, pointerTo, sizeOf } from '../typed/types';

/** The type that `(type)` names. Throws `unknown-name`. */
export function typeNamed(typeName: TypeName, scope: Scope): Type {
  let type = baseType(typeName.name, scope);
  if (type === undefined) {
    const advice = didYouMean(scope.similarTypes(typeName.name));
    throw unknownName(`there is no type \`${typeName.name}\` here`, typeName.range, advice);
  }
  for (let pointers = 0; pointers < typeName.pointers; pointers++) type = pointerTo(type);
  for (const count of [...typeName.counts].reverse()) {
    if (sizeOf(type) === undefined) throw typeError('array elements need a size', typeName.range);
    type = arrayOf(type, count);
  }
  return type;
}

function baseType(name: string, scope: Scope): Type | undefined {
  const own = rulesOf(scope.language).wellKnownType(name);
  if (own !== undefined) return own;
  const words = name.split(' ');
  for (const spelling of spellings(name)) {
    const found = scope.lookupType(spelling);
    if (found !== undefined) return found;
  }
  return words.every(isTypeWord) ? arithmeticType(words) : wellKnownType(name);
}

/** Template arguments as compilers write them: older ones keep two closing brackets apart. */
function spellings(name: string): readonly string[] {
  if (!name.includes('<')) return [name];
  const tight = name.replace(/\s*([<>,*&])\s*/g, '$1').replaceAll(',', ', ');
  const spaced = (text: string) => text.replace(/(?<=[\w>])(?=[*&])/g, ' ');
  const apart = (text: string) => text.replace(/>(?=>)/g, '> ');
  const words = [tight, withArithmetic(tight, GCC_NAMES), withArithmetic(tight, CLANG_NAMES)];
  return [...new Set([name, ...words.flatMap((each) => [each, spaced(each), apart(each), apart(spaced(each))])])];
}

/** What gcc and clang call the types whose words may stand in any order. */
const GCC_NAMES: ReadonlyMap<Type, string> = arithmeticNames('short int', 'short unsigned int', 'unsigned int', [
  'long int',
  'long unsigned int',
  'long long int',
  'long long unsigned int',
]);
const CLANG_NAMES: ReadonlyMap<Type, string> = arithmeticNames('short', 'unsigned short', 'unsigned int', [
  'long',
  'unsigned long',
  'long long',
  'unsigned long long',
]);

function arithmeticNames(short: string, unsignedShort: string, unsigned: string, longs: readonly string[]) {
  const names = [short, unsignedShort, unsigned, ...longs];
  return new Map(names.map((each) => [assertExists(arithmeticType(each.split(' ')), each), each] as const));
}

function withArithmetic(text: string, names: ReadonlyMap<Type, string>): string {
  return text.replace(/\b(?:(?:signed|unsigned|short|long|int|char)\b ?)+/g, (run) => {
    const words = run.trim();
    const type = arithmeticType(words.split(' '));
    return `${(type && names.get(type)) ?? words}${run.endsWith(' ') ? ' ' : ''}`;
  });
}

/** Whether a name that stands in parentheses is a type's. */
export function isTypeName(name: string, scope: Scope): boolean {
  return scope.lookup(name) === undefined && baseType(name, scope) !== undefined;
}

/** Whether a name with template arguments is a type's, or of something that a type has. */
export function isTemplateName(name: string, scope: Scope): boolean {
  if (scope.lookupLocal(name.slice(0, name.indexOf('<'))) !== undefined) return false;
  return spellings(name).some((each) => scope.lookup(each) !== undefined) || baseType(name, scope) !== undefined;
}

/** Template arguments of a value's name as the program's debug information has them. */
export function spelledValue(name: string, scope: Scope): string {
  return spellings(name).find((each) => scope.lookup(each) !== undefined) ?? name;
}
