/**
 * Split DWARF (DWARF 5 §7.3.2; GNU's DebugFission before): units of the linked file that are skeletons, and the units
 * in .dwo files or a .dwp package that they stand for. Both carry one identifier, so that a file of another build is
 * never taken.
 */
import { SidestepError } from '../../base/errors';
import { Once } from '../../base/once';
import { AT } from './constants';
import { DebugInfo, ifWellFormed } from './debugInfo';
import { Entry } from './entry';
import { PackageIndex } from './packageIndex';
import { type SectionSource } from './sections';
import { type SplitParts, Unit } from './unit';
import { UNIT_MARK } from './unitDirectory';

/** Finds files with split units; sections are named without their `.dwo`. */
export interface SplitFiles {
  /** The program's .dwp package; undefined if it has none. */
  openPackage(): SectionSource | undefined;
  /** The .dwo file of this name, seen from its compilation directory; undefined if it is nowhere. May throw. */
  open(name: string, directory: string): SplitSource | undefined;
}

/** A .dwo file. */
export interface SplitSource extends SectionSource {
  /** Where the parts of .debug_info start that were sections of their own (type units are COMDAT groups), ascending. */
  readonly infoParts: readonly number[];
}

/** A skeleton whose unit can't be had. */
export interface MissingUnit {
  /** The .dwo file, as the skeleton names it. */
  readonly name: string;
  /** Why, where the file is there. */
  readonly reason: string | undefined;
}

interface Package {
  readonly info: DebugInfo;
  readonly index: PackageIndex;
}

export class SplitUnits {
  readonly #info: DebugInfo;
  readonly #files: SplitFiles;
  readonly #package: Once<Package | undefined>;
  #brokenPackage: string | undefined;
  readonly #skeletons: Once<ReadonlyMap<bigint, Unit>>;
  readonly #opened = new Map<string, DebugInfo | undefined>();
  readonly #found = new Map<Unit, Unit | undefined>();
  /** By skeleton, as far as they were asked for. */
  readonly #missing = new Map<Unit, MissingUnit>();

  constructor(info: DebugInfo, files: SplitFiles) {
    this.#info = info;
    this.#files = files;
    this.#package = new Once(() => this.#openPackage());
    this.#skeletons = new Once(() => {
      const skeletons = new Map<bigint, Unit>();
      // Skeletons are there for the addresses of code: without these, no unit need be looked at.
      if (info.sections.reader('.debug_addr').atEnd) return skeletons;
      for (const unit of info.unitsMarked(UNIT_MARK.skeleton)) {
        const id = ifWellFormed(() => (unit.isSkeleton ? unit.dwoId : undefined));
        if (id !== undefined && !skeletons.has(id)) skeletons.set(id, unit);
      }
      return skeletons;
    });
  }

  /** The unit that describes what `unit` stands for: itself, unless it is a skeleton whose other unit can be had. */
  described(unit: Unit): Unit {
    if (!(ifWellFormed(() => unit.isSkeleton) ?? false)) return unit;
    if (!this.#found.has(unit)) this.#found.set(unit, this.#find(unit));
    return this.#found.get(unit) ?? unit;
  }

  /** The files with split units, all opened, and which of their units are the program's. */
  *files(): IterableIterator<{ readonly info: DebugInfo; readonly isUsed: (unit: Unit) => boolean }> {
    const infos = new Set<DebugInfo>();
    const used = new Set<Unit>();
    for (const skeleton of this.#skeletons.value.values()) {
      const unit = this.described(skeleton);
      if (unit === skeleton) continue;
      used.add(unit);
      if (unit.units instanceof DebugInfo) infos.add(unit.units);
    }
    const isUsed = (unit: Unit): boolean => used.has(unit) || unit.header.signature !== undefined;
    for (const info of infos) yield { info, isUsed };
  }

  /** What was looked for and can't be had. */
  missing(): readonly MissingUnit[] {
    return [...this.#missing.values()];
  }

  #find(skeleton: Unit): Unit | undefined {
    const root = Entry.rootOf(skeleton);
    const name = ifWellFormed(() => root?.string(AT.dwo_name) ?? root?.string(AT.GNU_dwo_name)) ?? '(unnamed)';
    let found: Unit | string | undefined;
    try {
      found = this.#search(skeleton, name, root?.string(AT.comp_dir) ?? '');
    } catch (error) {
      if (!(error instanceof SidestepError)) throw error;
      found = error.message;
    }
    if (found instanceof Unit) return found;
    this.#missing.set(skeleton, { name, reason: found });
    return undefined;
  }

  /** The unit, or why there is none; undefined where there is no file. */
  #search(skeleton: Unit, name: string, directory: string): Unit | string | undefined {
    const id = skeleton.dwoId;
    if (id === undefined) return 'the program does not say which unit of it is meant';
    if (this.#skeletons.value.get(id) !== skeleton) return 'the program has two units with its identifier';
    const packed = this.#inPackage(id);
    if (packed) return packed;
    const info = this.#open(name, directory);
    if (!info) return this.#brokenPackage;
    const unit = info.units.find((each) => each.header.signature === undefined && each.dwoId === id);
    return unit ?? `${info.file.path} is of another build`;
  }

  #inPackage(id: bigint): Unit | undefined {
    const opened = this.#unlessBroken();
    const place = opened?.index.unitsOf(id);
    if (!opened || !place) return undefined;
    // A file with several units has one row for all of them, in version 2.
    for (let { low } = place; low < place.high;) {
      const unit = opened.info.unitAt(low);
      if (!unit) return undefined;
      if (unit.dwoId === id) return unit;
      low = unit.header.end;
    }
    return undefined;
  }

  /** A package that can't be read does not keep the .dwo files from being used. */
  #unlessBroken(): Package | undefined {
    try {
      return this.#package.value;
    } catch (error) {
      if (!(error instanceof SidestepError)) throw error;
      this.#brokenPackage = error.message;
      return undefined;
    }
  }

  #openPackage(): Package | undefined {
    const source = this.#files.openPackage();
    if (!source) return undefined;
    const file = this.#info.file.splitFile(source);
    const index = new PackageIndex(file.sections);
    const parts: SplitParts = {
      skeletonOf: (unit) => this.#skeletonOf(unit),
      partOf: (header, section) => index.partOf(header, section),
      // DWARF 5's type units came before the others in the .dwo file and lie elsewhere in the package.
      refersByOffset: !index.hasTypeUnits,
    };
    return { info: new DebugInfo(file, parts, this.#info.entryTables), index };
  }

  #open(name: string, directory: string): DebugInfo | undefined {
    const key = `${directory}\0${name}`;
    if (!this.#opened.has(key)) {
      const source = this.#files.open(name, directory);
      this.#opened.set(key, source && this.#readFile(source));
    }
    return this.#opened.get(key);
  }

  #readFile(source: SplitSource): DebugInfo {
    const file = this.#info.file.splitFile(source);
    const { infoParts } = source;
    const parts: SplitParts = {
      skeletonOf: (unit) => this.#skeletonOf(unit.header.signature === undefined ? unit : onlyUnitOf(info)),
      partOf: ({ offset }, section) =>
        (section === '.debug_info' ? infoParts.findLast((start) => start <= offset) : undefined) ?? 0,
      refersByOffset: true,
    };
    const info = new DebugInfo(file, parts, this.#info.entryTables);
    return info;
  }

  #skeletonOf(unit: Unit | undefined): Unit | undefined {
    const id = unit?.header.signature === undefined ? unit?.dwoId : undefined;
    return id === undefined ? undefined : this.#skeletons.value.get(id);
  }
}

/** The compile unit whose types the type units of a .dwo file are; undefined where there are several. */
function onlyUnitOf({ units }: DebugInfo): Unit | undefined {
  const [unit, ...others] = units.filter(({ header }) => header.signature === undefined);
  return others.length === 0 ? unit : undefined;
}
