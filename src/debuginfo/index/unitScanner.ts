/**
 * One walk over the entries of a unit (DWARF 5 §7.5.2) that tells an {@link IndexBuilder} what has a name: functions,
 * variables and constants outside of functions, types, enumerators. Nothing is made for an entry of no interest.
 *
 * Headers make every unit repeat declarations. A declared function is found only when an entry with code completes it,
 * and of types and declared variables that units repeat one is enough: whoever asks looks at his own unit himself.
 */
import { type ByteReader } from '../../base/byteReader';
import { FORM } from '../dwarf/constants';
import { type UnitHeader } from '../dwarf/unitHeader';
import { NumberList } from './growing';
import { type IndexBuilder } from './indexBuilder';
import { KIND, NO_SCOPE, RECORD, SCOPE, UNKNOWN_SCOPE } from './indexTables';
import { cutName, type StringNames } from './stringNames';
import { type EntryPlan, placeOf, ROLE, type ScanPlan, SIZE, skipSteps, type ValuePlace } from './scanPlan';

/** Entries inside each other; what is nested deeper is no compiler's. */
const MAX_NESTING = 2048;

/** What a unit's scan needs to know of it. */
export interface ScannedUnit {
  readonly header: UnitHeader;
  /** Its number in the index. */
  readonly number: number;
  readonly plan: ScanPlan;
  /** Other units take its entries in: all that it declares may be completed elsewhere. */
  readonly isShared: boolean;
  /** Where in .debug_str_offsets its numbered strings begin. */
  readonly stringOffsetsBase: number;
}

/** Where names come from: part of what tells an entry from one that another unit repeats. */
const SOURCE = { entry: 0, strings: 1, lineStrings: 2, sharedStrings: 3 } as const;

export interface NameSources {
  readonly strings: StringNames;
  readonly lineStrings: StringNames;
  readonly sharedStrings: StringNames | undefined;
  readonly stringOffsets: ByteReader;
}

export class UnitScanner {
  readonly #builder: IndexBuilder;
  readonly #sources: NameSources;
  readonly #anonymous: number;
  readonly #scopes = new Uint32Array(MAX_NESTING + 1);
  readonly #isInside = new Uint8Array(MAX_NESTING + 1);
  /** Entries with names that are decided on at the unit's end: offset, info, scope, place and form of the name. */
  readonly #pending = new NumberList();
  /** A bit for each byte of the unit: an entry that starts there is completed by another one. */
  #completed = new Uint8Array(1 << 16);
  // Of the unit that is scanned.
  #unit!: ScannedUnit;
  #bytes!: Uint8Array;
  /** Twice the number of the name that was read last, and one where it was cut; where it came from. */
  #source: number = SOURCE.entry;
  #sourceOffset = 0;

  constructor(builder: IndexBuilder, sources: NameSources) {
    this.#builder = builder;
    this.#sources = sources;
    const text = Buffer.from('(anonymous namespace)');
    this.#anonymous = builder.names.idOf(text, 0, text.length);
  }

  /** Throws `malformed` where the unit can't be walked; what came before is in the index. */
  scan(reader: ByteReader, unit: ScannedUnit): void {
    this.#unit = unit;
    this.#bytes = reader.data;
    const { firstEntry, offset, end } = unit.header;
    const bits = ((end - offset) >>> 3) + 1;
    if (bits > this.#completed.length) this.#completed = new Uint8Array(2 * bits);
    else this.#completed.fill(0, 0, bits);
    this.#pending.clear();
    try {
      this.#walk(reader, firstEntry, end);
    } finally {
      this.#decide();
    }
  }

  /** The whole string that a value of the unit's own entry holds. */
  textAt(at: number, form: number, unit: ScannedUnit): string | undefined {
    this.#unit = unit;
    const name = this.#nameAt(at, form);
    const sources = this.#sources;
    const bytes = [this.#bytes, sources.strings.bytes, sources.lineStrings.bytes, sources.sharedStrings?.bytes];
    const own = bytes[this.#source];
    if (name === undefined || !own) return undefined;
    const start = this.#sourceOffset;
    return Buffer.from(own.buffer, own.byteOffset + start, own.indexOf(0, start) - start).toString('utf8');
  }

  #walk(reader: ByteReader, start: number, end: number): void {
    const bytes = this.#bytes;
    const { plan, header } = this.#unit;
    const { sizes, roles, hasChildren, tags } = plan;
    const scopes = this.#scopes;
    const isInside = this.#isInside;
    let depth = 0;
    scopes[0] = NO_SCOPE;
    isInside[0] = 0;
    let at = start;
    while (at < end) {
      const entry = at;
      let code = bytes[at++]!;
      if (code >= 0x80) {
        reader.offset = entry;
        code = reader.uleb();
        at = reader.offset;
      }
      if (code === 0) {
        if (depth <= 1) return;
        depth--;
        continue;
      }
      const size = code < sizes.length ? sizes[code]! : SIZE.undeclared;
      if (size === SIZE.undeclared) throw reader.malformed(`abbreviation ${code} is not declared`, entry);
      const values = at;
      at = size >= 0 ? at + size : skipSteps(bytes, at, plan.steps[code] ?? [], header);
      if (!(at <= end)) throw reader.malformed('an entry reaches past the end of its unit', entry);
      const role = roles[code]!;
      let inner = scopes[depth]!;
      let inside = 0;
      const what = role === ROLE.none ? undefined : plan.entries[code];
      if (what) {
        switch (role) {
          case ROLE.function:
            inside = 1;
            this.#function(entry, values, what, inner, tags[code]!);
            if (what.isDeclaration && what.sibling && hasChildren[code] === 1) {
              // Its parameters only.
              const sibling = this.#unitReference(values, what.sibling);
              if (sibling > at && sibling < end) {
                at = sibling;
                continue;
              }
            }
            break;
          case ROLE.inlined:
            inside = 1;
            if (what.completes) this.#complete(values, what.completes);
            break;
          case ROLE.block:
            inside = 1;
            break;
          case ROLE.variable:
            if (isInside[depth] === 0) this.#variable(entry, values, what, inner, tags[code]!);
            break;
          case ROLE.enumerator:
          case ROLE.type:
          case ROLE.namespace:
            inner = this.#named(entry, values, what, inner, role, tags[code]!);
            break;
        }
      }
      if (hasChildren[code] === 1) {
        if (depth === MAX_NESTING) throw reader.malformed(`entries are nested more than ${MAX_NESTING} deep`, entry);
        depth++;
        scopes[depth] = inner;
        isInside[depth] = inside;
      } else if (depth === 0) return;
    }
  }

  #function(entry: number, values: number, plan: EntryPlan, scope: number, tag: number): void {
    if (plan.completes) this.#complete(values, plan.completes);
    this.#postpone(entry, values, plan, scope, this.#info(KIND.function, plan, tag));
  }

  #variable(entry: number, values: number, plan: EntryPlan, scope: number, tag: number): void {
    if (plan.completes) this.#complete(values, plan.completes);
    this.#postpone(entry, values, plan, scope, this.#info(KIND.variable, plan, tag));
  }

  #postpone(entry: number, values: number, plan: EntryPlan, scope: number, info: number): void {
    const { name } = plan;
    if (!name) return;
    const pending = this.#pending;
    pending.push(entry);
    pending.push(plan.isDefinition ? info | DEFINITION : info);
    pending.push(plan.completes ? UNKNOWN_SCOPE : scope);
    pending.push(placeOf(this.#bytes, values, name, this.#unit.header));
    pending.push(name.form);
  }

  #info(kind: number, plan: EntryPlan, tag: number): number {
    const inTypes = this.#unit.header.section === '.debug_types' ? RECORD.inTypes : 0;
    const sized = plan.isSized ? RECORD.sized : 0;
    return kind | (plan.isDeclaration ? RECORD.declaration : 0) | inTypes | sized | (tag << 8);
  }

  /** Adds a type or an enumerator; the scope of what it holds. */
  #named(entry: number, values: number, plan: EntryPlan, scope: number, role: number, tag: number): number {
    const name = plan.name && this.#nameAt(placeOf(this.#bytes, values, plan.name, this.#unit.header), plan.name.form);
    if (name === undefined) {
      if (role !== ROLE.namespace) return scope;
      return this.#builder.scope(scope, this.#anonymous, SCOPE.transparent, this.#anonymous, SOURCE.entry);
    }
    if (role !== ROLE.namespace) {
      const info = this.#info(role === ROLE.type ? KIND.type : KIND.enumerator, plan, tag);
      this.#addOnce(info, name, plan.completes ? UNKNOWN_SCOPE : scope, entry);
    }
    if (!plan.isScope) return scope;
    const flags = role === ROLE.namespace && plan.isExported ? SCOPE.transparent : 0;
    return this.#builder.scope(scope, name >>> 1, flags, this.#identity(name), this.#sourceOf(name));
  }

  /** Notes that the entry which the value refers to has an instance or a definition. */
  #complete(values: number, place: ValuePlace): void {
    const { header, number } = this.#unit;
    switch (place.form) {
      case FORM.ref_addr: {
        const target = this.#offsetAt(placeOf(this.#bytes, values, place, header), header.version <= 2);
        if (target >= header.offset && target < header.end) this.#mark(target);
        else this.#builder.addReference(target, number);
        break;
      }
      case FORM.GNU_ref_alt:
        this.#builder.addSharedReference(this.#offsetAt(placeOf(this.#bytes, values, place, header), false), number);
        break;
      case FORM.ref_sup4:
      case FORM.ref_sup8:
        this.#builder.addSharedReference(this.#little(placeOf(this.#bytes, values, place, header), 4), number);
        break;
      default:
        this.#mark(this.#unitReference(values, place));
    }
  }

  #mark(target: number): void {
    const { offset, end } = this.#unit.header;
    if (!(target >= offset && target < end)) return;
    const bit = target - offset;
    this.#completed[bit >>> 3]! |= 1 << (bit & 7);
  }

  #isCompleted(entry: number): boolean {
    const bit = entry - this.#unit.header.offset;
    return (this.#completed[bit >>> 3]! & (1 << (bit & 7))) !== 0;
  }

  /** The offset in the section that a reference within the unit leads to; -1 for another form. */
  #unitReference(values: number, place: ValuePlace): number {
    const { header } = this.#unit;
    const at = placeOf(this.#bytes, values, place, header);
    switch (place.form) {
      case FORM.ref4:
        return header.offset + this.#little(at, 4);
      case FORM.ref1:
        return header.offset + this.#little(at, 1);
      case FORM.ref2:
        return header.offset + this.#little(at, 2);
      case FORM.ref8:
        return header.offset + this.#little(at, 8);
      case FORM.ref_udata:
        return header.offset + this.#uleb(at);
      default:
        return -1;
    }
  }

  /** Adds what the unit has made worth finding. */
  #decide(): void {
    const pending = this.#pending;
    const { isShared } = this.#unit;
    for (let at = 0; at < pending.length; at += 5) {
      const entry = pending.at(at);
      const info = pending.at(at + 1) & ~DEFINITION;
      const isDefinition = pending.at(at + 1) >= DEFINITION || isShared || this.#isCompleted(entry);
      const isVariable = (info & RECORD.kindMask) === KIND.variable;
      const isDeclaration = (info & RECORD.declaration) !== 0;
      if (!isDefinition && isDeclaration && !isVariable) continue;
      const name = this.#nameAt(pending.at(at + 3), pending.at(at + 4));
      if (name === undefined) continue;
      const scope = pending.at(at + 2);
      if (isDefinition || (isVariable && !isDeclaration)) this.#builder.add(info, name >>> 1, scope, entry);
      else if (isVariable) this.#addOnce(info, name, scope, entry);
      else this.#builder.addDoubtful(info, name >>> 1, scope, entry);
    }
  }

  #addOnce(info: number, name: number, scope: number, entry: number): void {
    // What has the name elsewhere, too, is told by where it is declared.
    if (scope === UNKNOWN_SCOPE) this.#builder.add(info, name >>> 1, scope, entry);
    else this.#builder.addOnce(info, name >>> 1, scope, entry, this.#identity(name), this.#sourceOf(name));
  }

  /** What was cut off a name is told by the string that it was cut off. */
  #identity(name: number): number {
    return (name & 1) === 1 ? this.#sourceOffset : name >>> 1;
  }

  #sourceOf(name: number): number {
    return (name & 1) === 1 ? this.#source + 1 : 0;
  }

  /** Twice the number of the name that a value holds, and one where it was cut; undefined where it can't be read. */
  #nameAt(at: number, form: number): number | undefined {
    const { strings, lineStrings, sharedStrings } = this.#sources;
    switch (form) {
      case FORM.strp:
        this.#source = SOURCE.strings;
        return strings.at((this.#sourceOffset = this.#offsetAt(at, false)));
      case FORM.string:
        this.#source = SOURCE.entry;
        this.#sourceOffset = at;
        return cutName(this.#bytes, at, this.#builder.names);
      case FORM.line_strp:
        this.#source = SOURCE.lineStrings;
        return lineStrings.at((this.#sourceOffset = this.#offsetAt(at, false)));
      case FORM.strp_sup:
      case FORM.GNU_strp_alt:
        this.#source = SOURCE.sharedStrings;
        return sharedStrings?.at((this.#sourceOffset = this.#offsetAt(at, false)));
      case FORM.strx1:
        return this.#numbered(this.#little(at, 1));
      case FORM.strx2:
        return this.#numbered(this.#little(at, 2));
      case FORM.strx3:
        return this.#numbered(this.#little(at, 3));
      case FORM.strx4:
        return this.#numbered(this.#little(at, 4));
      case FORM.strx:
      case FORM.GNU_str_index:
        return this.#numbered(this.#uleb(at));
      default:
        return undefined;
    }
  }

  /** A string by its number in the unit's part of .debug_str_offsets (DWARF 5 §7.26). */
  #numbered(index: number): number | undefined {
    const { stringOffsets, strings } = this.#sources;
    const { offsetSize } = this.#unit.header;
    const at = this.#unit.stringOffsetsBase + index * offsetSize;
    if (at + offsetSize > stringOffsets.end) return undefined;
    stringOffsets.offset = at;
    this.#source = SOURCE.strings;
    this.#sourceOffset = offsetSize === 4 ? stringOffsets.u32() : stringOffsets.number64();
    return strings.at(this.#sourceOffset);
  }

  #offsetAt(at: number, isAddress: boolean): number {
    return this.#little(at, isAddress ? 8 : this.#unit.header.offsetSize);
  }

  #little(at: number, length: number): number {
    const bytes = this.#bytes;
    if (length === 4)
      return (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0;
    let value = 0;
    for (let index = length - 1; index >= 0; index--) value = value * 0x100 + bytes[at + index]!;
    return value;
  }

  #uleb(at: number): number {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = this.#bytes[at++] ?? 0;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
  }
}

/** Bit of pending entries, beside what is kept of them. */
const DEFINITION = 1 << 24;
