/** Variables that another function or another file has for itself: `function::name`, `\'file.c\'::name`. */
import { AT, TAG } from '../dwarf/constants';
import { ifWellFormed } from '../dwarf/debugInfo';
import { Entry } from '../dwarf/entry';
import { type Unit } from '../dwarf/unit';
import { isPathSuffix } from '../names/sourcePath';
import { namedFunctions } from './functionInstances';
import { type Found } from './globals';
import { nameOf, qualifiedNameOf } from './names';
import { type Program } from './program';

/** Blocks inside each other. */
const MAX_BLOCKS = 64;

export function staticVariables(program: Program, name: string): Found | undefined {
  const [, file, inFile] = /^'([^']+)'::(.+)$/s.exec(name) ?? [];
  if (file !== undefined && inFile !== undefined) return only(ofFile(program, file, inFile));
  const cut = name.lastIndexOf('::');
  return cut > 0 ? only(ofFunction(program, name.slice(0, cut).replace(/^::/, ''), name.slice(cut + 2))) : undefined;
}

/** The one variable, of several copies of one; with alternatives where there are several. */
function only(entries: Iterable<Entry>): Found | undefined {
  const byPlace = new Map<string, Entry>();
  for (const entry of entries) byPlace.set(placeText(entry), entry);
  const [first, ...others] = byPlace.values();
  if (!first) return undefined;
  return { entry: first, alternatives: others.length === 0 ? [] : [first, ...others].map(fullName) };
}

function placeText(entry: Entry): string {
  const place = entry.attribute(AT.location)?.block();
  return place
    ? Buffer.from(place).toString('hex')
    : `value ${entry.attribute(AT.const_value)?.constant() ?? entry.key}`;
}

function fullName(entry: Entry): string {
  return `'${pathOf(entry.unit)?.split('/').at(-1) ?? '?'}'::${qualifiedNameOf(entry) ?? ''}`;
}

function* ofFile(program: Program, file: string, name: string): IterableIterator<Entry> {
  const cut = name.lastIndexOf('::');
  for (const unit of program.info.units) {
    const path = ifWellFormed(() => pathOf(unit));
    if (path === undefined || !isPathSuffix(path, file)) continue;
    const { entries } = unit;
    for (const index of entries.children(0)) {
      if (entries.tags[index] !== TAG.variable) continue;
      const entry = Entry.of(entries, index);
      if (isFixed(entry) && ifWellFormed(() => qualifiedNameOf(entry)) === name) yield entry;
    }
    if (cut > 0) {
      for (const entry of ofFunction(program, name.slice(0, cut), name.slice(cut + 2))) {
        if (entry.unit === unit) yield entry;
      }
    }
  }
}

function pathOf(unit: Unit): string | undefined {
  return Entry.rootOf(unit)?.string(AT.name);
}

function* ofFunction(program: Program, owner: string, name: string): IterableIterator<Entry> {
  for (const entry of namedFunctions(program, owner)) yield* within(entry, name, 0);
}

function* within(block: Entry, name: string, depth: number): IterableIterator<Entry> {
  if (depth > MAX_BLOCKS) return;
  for (const child of block.children()) {
    if (child.tag === TAG.lexical_block) yield* within(child, name, depth + 1);
    else if (child.tag === TAG.variable && isFixed(child) && ifWellFormed(() => nameOf(child)) === name) yield child;
  }
}

/** Its address is the same in all calls: an expression that begins with one, or a value. */
function isFixed(entry: Entry): boolean {
  const [operation] = entry.attribute(AT.location)?.block() ?? [];
  return (operation !== undefined && ADDRESSES.has(operation)) || entry.has(AT.const_value);
}

/** DW_OP_addr, DW_OP_addrx, and what begins thread-local addresses: DW_OP_const4u, DW_OP_const8u. */
const ADDRESSES: ReadonlySet<number> = new Set([0x03, 0x0c, 0x0e, 0xa1]);
