/**
 * Which visualizers a type has, best first, as Natvis orders them: those for the type before those for its base
 * classes, earlier files before later ones, names that say more before those that leave more open, and of equals the
 * one with the higher priority.
 */
import { type StructureType, type TemplateArgument, type Type } from '../../debuginfo/model/model';
import { isStructure, typeText, unqualified } from '../typed/types';
import {
  type FoundVisualizer,
  type MatchedArgument,
  type NatvisFile,
  type VisualizedName,
  type Visualizer,
  type Visualizers,
} from './ast';
import { headOf } from './typeName';
import { type Captured, type ParsedName, parsedName, type TypePattern, typePattern } from './pattern';

/** Base classes that are looked through, and how many names a type may have. */
const MAX_BASES = 64;
const MAX_NAMES = 64;

interface Candidate {
  readonly visualizer: Visualizer;
  readonly name: VisualizedName;
  readonly pattern: TypePattern;
  readonly file: number;
  readonly order: number;
}

/** A type under one of its names. */
interface NamedType {
  readonly name: ParsedName;
  readonly type: Type;
}

/** Earlier files come first. */
export function visualizersOf(files: readonly NatvisFile[]): Visualizers {
  return new VisualizerTable(files);
}

class VisualizerTable implements Visualizers {
  readonly #byHead = new Map<string, Candidate[]>();
  readonly #open: Candidate[] = [];
  readonly #found = new WeakMap<Type, Map<string, readonly FoundVisualizer[]>>();

  constructor(files: readonly NatvisFile[]) {
    let order = 0;
    for (const [file, { visualizers }] of files.entries()) {
      for (const visualizer of visualizers) {
        for (const name of visualizer.names) {
          const pattern = typePattern(name.pattern, visualizer.language);
          this.#add({ visualizer, name, pattern, file, order: order++ });
        }
      }
    }
  }

  find(type: Type, view = ''): readonly FoundVisualizer[] {
    let views = this.#found.get(type);
    if (views === undefined) this.#found.set(type, (views = new Map<string, readonly FoundVisualizer[]>()));
    let found = views.get(view);
    if (found === undefined) views.set(view, (found = this.#search(type, view)));
    return found;
  }

  #add(candidate: Candidate): void {
    const { head } = candidate.pattern;
    if (head === undefined) this.#open.push(candidate);
    else {
      const list = this.#byHead.get(head);
      if (list === undefined) this.#byHead.set(head, [candidate]);
      else list.push(candidate);
    }
  }

  #search(type: Type, view: string): readonly FoundVisualizer[] {
    const found: FoundVisualizer[] = [];
    let level: readonly { readonly type: Type; readonly offset: number }[] = [{ type, offset: 0 }];
    for (let seen = 0, isBase = false; level.length > 0 && seen < MAX_BASES; isBase = true) {
      seen += level.length;
      for (const { type: each, offset } of level) {
        for (const match of this.#matches(each, view)) {
          if (isBase && !match.isInheritable) continue;
          found.push({ ...match.found, offset });
        }
      }
      level = level.flatMap((each) => basesOf(each.type, each.offset));
    }
    return found;
  }

  #matches(type: Type, view: string): { readonly found: FoundVisualizer; readonly isInheritable: boolean }[] {
    const named = namesOf(type);
    const matches = named.flatMap(({ name, type: under }, layer) => {
      const candidates = this.#candidates(name).filter((each) => isFor(each.visualizer, under, view));
      return candidates.flatMap((candidate) => {
        const captured = candidate.pattern.match(name);
        if (captured === undefined) return [];
        const templateArguments = captured.map((each) => argumentOf(each, name.text, under));
        return [{ candidate, layer, found: { visualizer: candidate.visualizer, templateArguments, type, offset: 0 } }];
      });
    });
    matches.sort((one, other) => one.layer - other.layer || compare(one.candidate, other.candidate));
    return matches.map(({ candidate, found }) => ({ found, isInheritable: candidate.name.isInheritable }));
  }

  #candidates(name: ParsedName): readonly Candidate[] {
    const heads = new Set([headOf(name.parts), headOf(name.plain)]);
    return [...[...heads].flatMap((head) => this.#byHead.get(head) ?? []), ...this.#open];
  }
}

function compare(one: Candidate, other: Candidate): number {
  return (
    one.file - other.file ||
    other.pattern.specificity - one.pattern.specificity ||
    other.name.priority - one.name.priority ||
    one.order - other.order
  );
}

function isFor({ views: { included, excluded }, language }: Visualizer, type: Type, view: string): boolean {
  if (language !== undefined && 'language' in type && type.language !== language) return false;
  if (included.length > 0 && !included.includes(view)) return false;
  return !excluded.includes(view);
}

/** What the type is called: by the names of typedefs, and then of what is under them. */
function namesOf(type: Type): NamedType[] {
  const names: NamedType[] = [];
  let current = type;
  for (let depth = 0; depth < MAX_NAMES; depth++) {
    const text = nameOf(current);
    if (text !== undefined) names.push({ name: parsedName(text), type: current });
    if (!('target' in current) || !LAYERS.has(current.kind)) break;
    current = current.target;
  }
  return names;
}

/** Whether a type has a name, its own or a typedef's, that is of another language than C or may be of any. */
export function isNamedBeyondC(type: Type): boolean {
  return namesOf(type).some(({ type: named }) => !('language' in named) || named.language !== 'c');
}

const LAYERS: ReadonlySet<Type['kind']> = new Set(['typedef', 'const', 'volatile', 'restrict', 'atomic']);

function nameOf(type: Type): string | undefined {
  if (!('name' in type) || type.name === undefined) return undefined;
  // Names without their arguments: clang's -gsimple-template-names.
  const args = type.kind === 'structure' || type.kind === 'class' ? type.templateArguments : undefined;
  if (args === undefined || type.name.includes('<') || type.kind === 'typedef') return type.name;
  return `${type.name}<${flat(args).map(argumentText).join(', ')}>`;
}

function argumentText(argument: TemplateArgument): string {
  switch (argument.kind) {
    case 'type':
      return typeText(argument.type);
    case 'template':
      return argument.template;
    default:
      return '?';
  }
}

function flat(args: readonly TemplateArgument[]): readonly TemplateArgument[] {
  return args.flatMap((each) => (each.kind === 'pack' ? flat(each.arguments) : [each]));
}

/** A wildcard's part of a name, with the type that it is where debug information says so. */
function argumentOf({ start, end, path }: Captured, name: string, type: Type): MatchedArgument {
  let found: Type | undefined = path && type;
  for (const index of path ?? []) {
    const under = found && unqualified(found);
    const args = under && isStructure(under) ? under.templateArguments : undefined;
    const argument = args && flat(args)[index];
    found = argument?.kind === 'type' ? argument.type : undefined;
  }
  return { text: name.slice(start, end), type: found };
}

function basesOf(type: Type, offset: number): { readonly type: StructureType; readonly offset: number }[] {
  const under = unqualified(type);
  if (!isStructure(under)) return [];
  return under.members.flatMap((member) => {
    const base = unqualified(member.type);
    // Where a virtual base lies, only the running program knows.
    if (!member.inherited || typeof member.byteOffset !== 'number' || !isStructure(base)) return [];
    return [{ type: base, offset: offset + member.byteOffset }];
  });
}
