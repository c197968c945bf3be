/** Names of entries as their language writes them, and what a name that a user typed matches. */
import { AT, TAG } from '../dwarf/constants';
import { Entry } from '../dwarf/entry';
import { type Unit } from '../dwarf/unit';
import { type SourceLanguage } from '../model/model';

/** DW_LANG_* (DWARF 5 §7.12 and the codes registered since). */
const LANGUAGES = new Map<number, SourceLanguage>([
  [0x01, 'c'],
  [0x02, 'c'],
  [0x04, 'c++'],
  [0x0c, 'c'],
  [0x16, 'go'],
  [0x19, 'c++'],
  [0x1a, 'c++'],
  [0x1c, 'rust'],
  [0x1d, 'c'],
  [0x21, 'c++'],
  [0x27, 'zig'],
  [0x2b, 'c++'],
  [0x2c, 'c'],
  [0x2e, 'c++'],
  [0x31, 'asm'],
  [0x3a, 'c++'],
  [0x3e, 'c'],
  [0x8001, 'asm'],
]);

/**
 * No chain of origins and specifications is longer in sound files: inlined, abstract instance, declaration in its
 * class.
 */
const MAX_ORIGINS = 8;

const SCOPES = new Set<number>([
  TAG.namespace,
  TAG.module,
  TAG.structure_type,
  TAG.class_type,
  TAG.union_type,
  TAG.interface_type,
  TAG.enumeration_type,
]);

export function languageOf(unit: Unit): SourceLanguage {
  const root = Entry.rootOf(unit);
  // Zig's compiler says that it compiles C.
  if (root?.string(AT.producer)?.startsWith('zig ')) return 'zig';
  return LANGUAGES.get(root?.unsigned(AT.language) ?? 0) ?? 'other';
}

/** `entry` and what it completes: its abstract origin, then that one's declaration. */
export function* origins(entry: Entry): IterableIterator<Entry> {
  let current: Entry | undefined = entry;
  for (let i = 0; current && i < MAX_ORIGINS; i++) {
    yield current;
    current = current.reference(AT.abstract_origin) ?? current.reference(AT.specification);
  }
}

/** The last of {@link origins}: the entry that the others complete. */
export function declarationOf(entry: Entry): Entry {
  let last = entry;
  for (const origin of origins(entry)) last = origin;
  return last;
}

/** What `read` finds first on the entry or what it completes. */
export function inherited<T>(entry: Entry, read: (entry: Entry) => T | undefined): T | undefined {
  for (const origin of origins(entry)) {
    const found = read(origin);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** DW_AT_name of the entry or of what it completes, without its surroundings. */
export function nameOf(entry: Entry): string | undefined {
  return inherited(entry, (origin) => origin.string(AT.name));
}

export function linkageNameOf(entry: Entry): string | undefined {
  return inherited(entry, (origin) => origin.string(AT.linkage_name) ?? origin.string(AT.MIPS_linkage_name));
}

/** The name with the namespaces and classes around it; undefined for what has no name. */
export function qualifiedNameOf(entry: Entry): string | undefined {
  const name = nameOf(entry);
  return name === undefined ? undefined : [...scopesOf(entry).map(scopeName), name].join('::');
}

/**
 * The same without namespaces that need not be written: inline ones (C++20 [namespace.def.general]) and those without a
 * name.
 */
export function shortNameOf(entry: Entry): string {
  const scopes = scopesOf(entry).filter((scope) => scope.tag !== TAG.namespace || !isTransparent(scope));
  return [...scopes.map(scopeName), nameOf(entry) ?? ''].join('::');
}

/** Namespaces and classes around an entry's declaration, outermost first. */
function scopesOf(entry: Entry): Entry[] {
  const declared = declarationOf(entry);
  const scopes: Entry[] = [];
  for (let scope = declared.parent; scope; scope = scope.parent) {
    const isNamed = scope.has(AT.name) || scope.tag === TAG.namespace;
    if (SCOPES.has(scope.tag) && isNamed) scopes.unshift(scope);
  }
  return scopes;
}

function scopeName(scope: Entry): string {
  return scope.string(AT.name) ?? '(anonymous namespace)';
}

function isTransparent(namespace: Entry): boolean {
  return namespace.flag(AT.export_symbols) || namespace.string(AT.name) === undefined;
}
