/**
 * What names mean at an address (DWARF 5 §3.3 to §3.5, §4.1): the blocks around it, then the file's and the program's
 * names.
 */
import { type FrameStore } from '../../base/controlFlow';
import { linkAddress } from '../../base/address';
import { AT, TAG } from '../dwarf/constants';
import { ifWellFormed } from '../dwarf/debugInfo';
import { Entry } from '../dwarf/entry';
import { type LinkAddress } from '../../base/address';
import {
  type Location,
  type RuntimeNumber,
  type Scope,
  type SourceLanguage,
  type Type,
  type Variable,
} from '../model/model';
import { entryAddress, innermostFunction, isFunction } from './blocks';
import { findFolded } from './folded';
import { findEnumerator, findGlobal, type Found, type LookupContext } from './globals';
import { Locations, throughWord } from './locations';
import { functionsNamed } from './functionsNamed';
import { goRuntimeType, throughGoPointer } from './goNames';
import { staticVariables } from './staticVariables';
import { similarTypes } from './similarTypes';
import { visibleNames, type VisibleNames } from './visibleNames';
import { declarationOf, languageOf, linkageNameOf, nameOf, origins, qualifiedNameOf } from './names';
import { beforeStore, pendingStore } from './pendingStore';
import { type Program } from './program';
import { DwarfNumber } from './runtimeNumber';
import { mostSimilar } from '../names/similarity';
import { namedType } from './typeNames';
import { type Types } from './types';

/**
 * The function of a chain that a question at `address` is about: the innermost of the name asked for; else, where the
 * out-of-line function is just entered, that one, although functions inlined into its start begin there too; else the
 * innermost.
 */
function functionMeant(chain: readonly Entry[], address: number, name: string | undefined): Entry | undefined {
  const [subprogram] = chain;
  if (!subprogram) return undefined;
  const named =
    name === undefined ? undefined : chain.findLast((block) => isFunction(block) && qualifiedNameOf(block) === name);
  return named ?? (entryAddress(subprogram) === address ? subprogram : innermostFunction(chain));
}

/**
 * The blocks around an address. Where the function of that name is none of them, but was folded into the one there: its
 * own, and the address that they describe as this one.
 */
function blocksMeant(
  program: Program,
  address: number,
  name: string | undefined,
): { readonly chain: readonly Entry[]; readonly pc: number } {
  const chain = program.blocksAt(address);
  const entry = chain[0] && entryAddress(chain[0]);
  const isThere = name === undefined || chain.some((block) => isFunction(block) && qualifiedNameOf(block) === name);
  const folded = entry === undefined || isThere ? undefined : findFolded(program, name);
  if (entry === undefined || !folded || address >= entry + folded.size) return { chain, pc: address };
  const pc = folded.low + (address - entry);
  return { chain: program.blocksWithin(folded.entry, pc), pc };
}

/** The function and the blocks of its own in the chain, outermost first. */
function blocksOf(instance: Entry, chain: readonly Entry[]): Entry[] {
  const inside = chain.slice(chain.indexOf(instance) + 1);
  const end = inside.findIndex(isFunction);
  return [instance, ...(end < 0 ? inside : inside.slice(0, end))];
}

/** A variable or parameter of a block: its own entry, or the abstract one where the compiler left no instance of it. */
interface Declaration {
  readonly name: string;
  readonly entry: Entry;
  readonly isGone: boolean;
}

/** Functions nested in each other, blocks inside each other: more are malformed. */
const MAX_NESTED_FUNCTIONS = 8;
const MAX_BLOCKS = 64;

/** Go's compiler describes some parts of what it moved to memory twice, and the others as if they came after. */
const WRONG_PIECES: Location = {
  kind: 'unavailable',
  reason: '<not available: it is described with more than it has>',
};
const OPTIMIZED_OUT: Location = { kind: 'unavailable', reason: '<optimized out>' };

export class ProgramScope implements Scope {
  readonly language: SourceLanguage;
  readonly function: string | undefined;
  readonly #program: Program;
  readonly #types: Types;
  /** The innermost function and the blocks in it around pc, innermost first. */
  readonly #blocks: readonly Entry[];
  readonly #locations: Locations;
  readonly #viewpoint: LookupContext;
  readonly #visible: VisibleNames;
  /** What pc's own instruction has yet to put into its place in the frame. */
  readonly #pending: FrameStore | undefined;

  constructor(
    program: Program,
    types: Types,
    readonly pc: LinkAddress,
    inFunction?: string,
  ) {
    this.#program = program;
    this.#types = types;
    const address = Number(pc);
    const { chain, pc: described } = blocksMeant(program, address, inFunction);
    const unit = chain[0]?.unit ?? program.unitAt(address);
    const instance = functionMeant(chain, described, inFunction);
    this.#blocks = instance ? blocksOf(instance, chain).reverse() : [];
    this.#locations = new Locations(program, described, chain[0], unit, 0, address);
    this.#pending = chain[0] && pendingStore(program, chain[0], address);
    this.function = instance && qualifiedNameOf(instance);
    // What was inlined across languages or merged by link-time optimisation reads as where it was written.
    const written = instance && declarationOf(instance).unit;
    this.language = written ? languageOf(written) : unit ? languageOf(unit) : 'other';
    this.#visible = visibleNames(this.#blocks, written ?? unit, this.language);
    this.#viewpoint = { unit: written ?? unit, visible: this.#visible.prefixes };
  }

  lookup(name: string): Variable | undefined {
    const local = this.lookupLocal(name);
    if (local) return local;
    const full = this.#inFull(name);
    return (
      this.#lookupGlobal(full) ?? this.#lookupEnumerator(full) ?? this.#lookupFunction(full) ?? this.#lookupStatic(full)
    );
  }

  lookupLocal(name: string): Variable | undefined {
    for (const block of this.#blocks) {
      const declarations = declarationsOf(block);
      const declaration = declarations.find((candidate) => candidate.name === name);
      if (declaration) return this.#variable(declaration);
      // Go: what lives longer than its function is described as a pointer to it.
      const moved = this.language === 'go' && declarations.find((candidate) => candidate.name === `&${name}`);
      if (moved) return throughGoPointer(name, this.#variable(moved));
    }
    return this.#lookupEnclosing(name);
  }

  functions(name: string): readonly Variable[] {
    return functionsNamed(this.#program, this.#inFull(name), this.#viewpoint).map(({ qualified, entry, address }) => {
      const location: Location = { kind: 'memory', address: [{ op: 'address', address: linkAddress(address) }] };
      return { name: qualified, type: this.#types.of(declarationOf(entry)), location, role: 'global' };
    });
  }

  parameters(): readonly Variable[] {
    const block = this.#blocks.at(-1);
    if (!block) return [];
    return declarationsOf(block)
      .filter(({ entry }) => this.#roleOf(entry) === 'parameter')
      .map((declaration) => this.#variable(declaration));
  }

  locals(): readonly Variable[] {
    return this.#blocks
      .flatMap((block) => declarationsOf(block))
      .filter(({ entry }) => this.#roleOf(entry) === 'local')
      .map((declaration) => this.#variable(declaration));
  }

  lookupType(name: string): Type | undefined {
    const full = this.#inFull(name);
    return namedType(this.#program, this.#types, full, this.#viewpoint, (entry) => this.#locations.isForeign(entry));
  }

  runtimeType(name: string): ReturnType<Scope['runtimeType']> {
    return goRuntimeType(this.#program, this.#types, name, this.#viewpoint);
  }

  compute(number: RuntimeNumber): Location {
    if (!(number instanceof DwarfNumber))
      throw new Error('internal error: a number that debug information has not made');
    return this.#locations.compute(number, this.#blocks);
  }

  lookupElsewhere(name: string): Variable | undefined {
    const block = this.#blocks.at(-1);
    if (!block) return undefined;
    for (const origin of origins(block)) {
      const entry = innerDeclaration(origin, name, 0);
      if (entry) return { name, type: this.#typeOf(entry), location: OPTIMIZED_OUT, role: this.#roleOf(entry) };
    }
    return undefined;
  }

  similarNames(name: string): readonly string[] {
    const names = new Set<string>();
    for (const block of this.#blocks) for (const declaration of declarationsOf(block)) names.add(declaration.name);
    for (const global of this.#globalNames()) names.add(global);
    return mostSimilar(name, names);
  }

  similarTypes(name: string): readonly string[] {
    const { unit } = this.#viewpoint;
    // Go's linker puts all types in one unit.
    return similarTypes(this.language === 'go' ? this.#program.info.units : unit ? [unit] : [], name);
  }

  /** A name whose first part is an alias, or is said from where the function is, as the program knows it. */
  #inFull(name: string): string {
    const [first = ''] = name.split('::', 1);
    const alias = this.#visible.aliases.get(first);
    if (alias !== undefined) return `::${alias}${name.slice(first.length)}`;
    if (this.language !== 'rust') return name;
    const scopes = this.#visible.prefixes.flat().filter((scope) => !scope.includes('{'));
    const base = { crate: scopes.at(-2), self: scopes[0], super: scopes[1] }[first];
    return base === undefined ? name : `::${base}${name.slice(first.length + 2)}`;
  }

  #variable({ name, entry, isGone }: Declaration, locations = this.#locations): Variable {
    const role = this.#roleOf(entry);
    if (entry.flag(AT.declaration)) {
      // `extern` inside a function.
      const global = this.#lookupGlobal(name);
      return global ?? { name, type: this.#typeOf(entry), location: this.#declaredLocation(entry), role: 'global' };
    }
    const type = this.#typeOf(entry);
    const stated = isGone && !hasFixedPlace(entry) ? OPTIMIZED_OUT : locations.of(entry);
    const location = isTooLarge(stated, type) ? WRONG_PIECES : stated;
    return {
      name,
      type,
      location: this.#pending ? beforeStore(location, type.byteSize, this.#pending) : location,
      role,
    };
  }

  #roleOf(entry: Entry): Variable['role'] {
    // Go describes results as parameters too; they have no value before the function returns.
    return entry.tag === TAG.formal_parameter && !entry.flag(AT.variable_parameter) ? 'parameter' : 'local';
  }

  /** GNU C: a variable of a function that the innermost is nested in. */
  #lookupEnclosing(name: string): Variable | undefined {
    let instance = this.#blocks.at(-1);
    let locations = this.#locations;
    const enclosing: { readonly block: Entry; readonly locations: Locations }[] = [];
    for (let level = 0; instance && level < MAX_NESTED_FUNCTIONS; level++) {
      const pending: Entry[] = [];
      let scope: Entry | undefined = declarationOf(instance).parent;
      for (; scope?.tag === TAG.lexical_block; scope = scope.parent) pending.push(scope);
      if (!scope || !isFunction(scope)) break;
      locations = locations.enclosing(scope);
      for (const block of [...pending, scope]) enclosing.push({ block, locations });
      instance = scope;
    }
    for (const { block, locations } of enclosing) {
      const declaration = declarationsOf(block).find((candidate) => candidate.name === name);
      if (declaration) return this.#variable(declaration, locations);
    }
    return undefined;
  }

  #lookupGlobal(name: string): Variable | undefined {
    const found = findGlobal(this.#program, name, this.#viewpoint);
    return found && this.#global(name, found);
  }

  #global(name: string, { entry, alternatives }: Found): Variable {
    const isDefined = entry.has(AT.location) || entry.has(AT.const_value);
    const location = isDefined ? this.#locations.of(entry) : this.#declaredLocation(entry);
    return {
      name,
      type: this.#typeOf(entry),
      location,
      role: 'global',
      ...(alternatives.length > 0 && { alternatives }),
    };
  }

  /** `function::name` and `'file.c'::name`. */
  #lookupStatic(name: string): Variable | undefined {
    const found = staticVariables(this.#program, name);
    return found && this.#global(name, found);
  }

  /** Where a variable is that debug information only declares: symbols tell, or the dynamic linker. */
  #declaredLocation(entry: Entry): Location {
    const { facts } = this.#program;
    if (!entry.flag(AT.declaration)) return this.#locations.of(entry);
    const symbol = linkageNameOf(entry) ?? nameOf(entry) ?? '';
    const address = facts.dataSymbol(symbol);
    if (address !== undefined) return { kind: 'memory', address: [{ op: 'address', address: linkAddress(address) }] };
    const offset = facts.threadLocalSymbol(symbol);
    if (offset !== undefined) return this.#locations.ofThreadLocal(offset);
    const word = facts.linked.importedData(symbol);
    if (word !== undefined) return throughWord(word);
    const block = facts.linked.importedThreadLocal(symbol);
    if (block !== undefined) return { kind: 'memory', address: [{ op: 'tls', block, offset: 0n }] };
    return { kind: 'unavailable', reason: '<not available: it is only declared here>' };
  }

  #lookupEnumerator(name: string): Variable | undefined {
    const found = findEnumerator(this.#program, name, this.#viewpoint);
    const entry = found?.entry;
    const value = entry?.attribute(AT.const_value)?.constant();
    const enumeration = entry?.parent;
    if (!enumeration || value === undefined) return undefined;
    const location: Location = { kind: 'value', value: [{ op: 'const', value: BigInt.asUintN(64, value) }] };
    const alternatives = found?.alternatives ?? [];
    const type = this.#types.of(enumeration);
    return { name, type, location, role: 'global', ...(alternatives.length > 0 && { alternatives }) };
  }

  /** A function's name means its address, as in C. */
  #lookupFunction(name: string): Variable | undefined {
    const [only, ...others] = this.functions(name);
    return only && others.length === 0 ? { ...only, name } : undefined;
  }

  #typeOf(entry: Entry): Type {
    for (const origin of origins(entry)) if (origin.has(AT.type)) return this.#types.typeOf(origin);
    return this.#types.typeOf(entry);
  }

  *#globalNames(): IterableIterator<string> {
    const { unit } = this.#viewpoint;
    if (!unit) return;
    const { entries } = unit;
    for (const index of entries.children(0)) {
      if (entries.tags[index] !== TAG.variable) continue;
      const name = ifWellFormed(() => Entry.of(entries, index).string(AT.name));
      if (name !== undefined) yield name;
    }
  }
}

/**
 * Variables and parameters of a block. An inlined or optimised instance may lack some of what its abstract instance
 * declares: these are gone, but they still hide outer ones of their name.
 */
function declarationsOf(block: Entry): Declaration[] {
  const present: Declaration[] = [];
  const covered = new Set<number>();
  for (const child of block.children()) {
    if (!isVariable(child)) continue;
    for (const origin of origins(child)) covered.add(origin.key);
    const name = ifWellFormed(() => nameOf(child));
    if (name !== undefined) present.push({ name, entry: child, isGone: false });
  }
  const abstract = ifWellFormed(() => block.reference(AT.abstract_origin));
  if (!abstract) return present;
  const order: string[] = [];
  for (const child of abstract.children()) {
    const name = isVariable(child) ? ifWellFormed(() => nameOf(child)) : undefined;
    if (name === undefined) continue;
    order.push(name);
    if (!covered.has(child.key)) present.push({ name, entry: child, isGone: true });
  }
  // As declared: what is gone has no place of its own among the others.
  return present.sort((a, b) => order.indexOf(a.name) - order.indexOf(b.name));
}

/** A variable of this name in a block inside `block`, down to but not into other functions. */
function innerDeclaration(block: Entry, name: string, depth: number): Entry | undefined {
  if (depth > MAX_BLOCKS) return undefined;
  for (const child of block.children()) {
    if (isVariable(child) && ifWellFormed(() => nameOf(child)) === name) return child;
    const found = child.tag === TAG.lexical_block ? innerDeclaration(child, name, depth + 1) : undefined;
    if (found) return found;
  }
  return undefined;
}

function isTooLarge(location: Location, { byteSize }: Type): boolean {
  if (location.kind !== 'pieces' || byteSize === undefined) return false;
  return location.pieces.reduce((sum, piece) => sum + piece.byteSize, 0) > byteSize;
}

function isVariable({ tag }: Entry): boolean {
  return tag === TAG.variable || tag === TAG.formal_parameter;
}

/** Static variables and constants keep their place in the abstract instance. */
function hasFixedPlace(entry: Entry): boolean {
  return entry.has(AT.location) || entry.has(AT.const_value);
}
