/**
 * How functions take and return objects of a C++ class: by value if they may be copied byte by byte (Itanium C++ ABI
 * §1.1, "non-trivial for the purposes of calls"). Clang says it (DW_AT_calling_convention, DWARF 5 §5.7.5). GCC does
 * not, but describes all that a class declares, and what of that is defaulted (§5.7.8).
 */
import { AT, TAG } from '../dwarf/constants';
import { ifWellFormed } from '../dwarf/debugInfo';
import { Entry } from '../dwarf/entry';
import { type Member, type StructureType, type Type } from '../model/model';
import { languageOf } from './names';
import { type TypeSource } from './typeSource';

export type PassedBy = StructureType['passedBy'];

/** DW_CC_pass_by_reference and DW_CC_pass_by_value (DWARF 5 §7.15). */
const STATED: ReadonlyMap<number, PassedBy> = new Map([
  [4, 'reference'],
  [5, 'value'],
]);

/** DW_DEFAULTED_in_class (DWARF 5 §7.27). */
const DEFAULTED_IN_CLASS = 1;
/** Since this version GCC says what is defaulted. */
const TELLING_VERSION = 5;

/** `definition`: the class's entry. `members`: its own. Undefined where nothing tells. */
export function passedBy(types: TypeSource, definition: Entry, members: readonly Member[]): PassedBy {
  const stated = STATED.get(definition.unsigned(AT.calling_convention) ?? 0);
  if (stated !== undefined || languageOf(definition.unit) !== 'c++') return stated;
  const isGcc = Entry.rootOf(definition.unit)?.string(AT.producer)?.startsWith('GNU ') === true;
  if (!isGcc || definition.unit.header.version < TELLING_VERSION) return undefined;
  const parts = members.map(({ byteOffset, type }) => (typeof byteOffset === 'number' ? ofPart(type) : 'reference'));
  const own = [...definition.children()].flatMap((child) =>
    child.tag === TAG.subprogram ? [ofFunction(types, definition, child)] : [],
  );
  const all = [...parts, ...own];
  if (all.includes('reference')) return 'reference';
  return all.includes(undefined) ? undefined : 'value';
}

function ofPart(type: Type): PassedBy {
  let current = type;
  for (;;) {
    switch (current.kind) {
      case 'array':
        current = current.element;
        break;
      case 'typedef':
      case 'const':
      case 'volatile':
      case 'restrict':
      case 'atomic':
        current = current.target;
        break;
      case 'structure':
      case 'class':
      case 'union':
        return current.language === 'c++' ? current.passedBy : 'value';
      default:
        return 'value';
    }
  }
}

/** What a member function says of its class. Of a deleted one, the others matter, and may not be described. */
function ofFunction(types: TypeSource, definition: Entry, member: Entry): PassedBy {
  if ((member.unsigned(AT.virtuality) ?? 0) > 0) return 'reference';
  const name = ifWellFormed(() => member.string(AT.name)) ?? '';
  if (!name.startsWith('~') && !copies(types, definition, member)) return 'value';
  if (member.flag(AT.deleted)) return undefined;
  const isImplicit = member.flag(AT.artificial) || member.unsigned(AT.defaulted) === DEFAULTED_IN_CLASS;
  return isImplicit ? 'value' : 'reference';
}

/** Whether it is a constructor from another object of the class: its first parameter, after `this`, refers to one. */
function copies(types: TypeSource, definition: Entry, member: Entry): boolean {
  const own = (definition.string(AT.name) ?? '').replace(/<.*$/, '');
  if (own === '' || member.string(AT.name)?.replace(/<.*$/, '') !== own) return false;
  const [, first] = [...member.children()].filter(({ tag }) => tag === TAG.formal_parameter);
  if (!first) return false;
  const type = types.typeOf(first);
  if (type.kind !== 'reference' && type.kind !== 'rvalueReference') return false;
  let target = type.target;
  while (target.kind === 'const' || target.kind === 'volatile') target = target.target;
  return target === types.of(definition);
}
