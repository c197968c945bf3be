/** Structures, classes and unions (DWARF 5 §5.7). */
import { AT } from '../dwarf/constants';
import { ifWellFormed } from '../dwarf/debugInfo';
import { type Member, type StructureType, type TemplateArgument, type Type, type VariantPart } from '../model/model';
import { readMembers } from './members';
import { languageOf, qualifiedNameOf } from './names';
import { type PassedBy, passedBy } from './passing';
import { readTemplateArguments } from './templates';
import { MAX_LAYERS, type TypeReader } from './typeSource';
import { readVariants } from './variants';

export const structure =
  (kind: StructureType['kind']): TypeReader =>
  (types, entry) => {
    let members: readonly Member[] | undefined;
    let variants: { readonly part: VariantPart | undefined } | undefined;
    let templateArguments: { readonly list: readonly TemplateArgument[] | undefined } | undefined;
    let passing: { readonly by: PassedBy } | undefined;
    const alignment = entry.unsigned(AT.alignment);
    return {
      kind,
      name: qualifiedNameOf(entry),
      language: languageOf(entry.unit),
      get byteSize() {
        const definition = types.definitionOf(entry);
        if (definition.flag(AT.declaration) || this.hasRuntimeSize === true) return undefined;
        return definition.unsigned(AT.byte_size) ?? 0;
      },
      get hasRuntimeSize() {
        const definition = types.definitionOf(entry);
        if (definition.flag(AT.declaration) || definition.unsigned(AT.byte_size) !== undefined) return false;
        return definition.has(AT.byte_size) || this.members.some(isRuntimeSized);
      },
      ...(alignment !== undefined && { alignment }),
      get passedBy() {
        // Undefined meanwhile: a hostile file's class may contain itself.
        if (!passing) {
          passing = { by: undefined };
          passing = { by: ifWellFormed(() => passedBy(types, types.definitionOf(entry), this.members)) };
        }
        return passing.by;
      },
      get members() {
        members ??= readMembers(types, types.definitionOf(entry));
        return members;
      },
      get variants() {
        variants ??= { part: readVariants(types, types.definitionOf(entry)) };
        return variants.part;
      },
      get templateArguments() {
        templateArguments ??= { list: readTemplateArguments(types, types.definitionOf(entry)) };
        return templateArguments.list;
      },
    };
  };

/** Whether a member makes its structure one whose size only the running program knows. */
function isRuntimeSized({ byteOffset, inherited, type }: Member): boolean {
  if (typeof byteOffset !== 'number') return !inherited;
  let current = type;
  for (let layer = 0; layer < MAX_LAYERS; layer++) {
    if (current.kind === 'structure' || current.kind === 'class' || current.kind === 'union') {
      return current.hasRuntimeSize === true;
    }
    if (current.kind === 'array') {
      if (current.counts.some((count) => typeof count === 'object')) return true;
      current = current.element;
    } else if ('target' in current && !NOT_LAYERS.has(current.kind)) current = current.target;
    else return false;
  }
  return false;
}

const NOT_LAYERS = new Set<Type['kind']>(['pointer', 'reference', 'rvalueReference', 'memberPointer']);
