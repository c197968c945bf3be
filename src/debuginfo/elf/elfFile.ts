/**
 * One ELF file, open and read lazily: tables at once, each section's bytes when asked for, never the whole file. Reads
 * are bounded by the file's real contents, whatever its tables claim.
 */
import { constants } from 'node:buffer';
import { closeSync, readSync, type Stats } from 'node:fs';
import { messageOf, SidestepError } from '../../base/errors';
import { type Disposable } from '../../base/lifetime';
import { openRegularFile } from '../../base/regularFile';
import { StringTable } from '../../base/stringTable';
import { claimedSize, COMPRESSION_HEADER, decompressSection, decompressZdebug, MAX_EXPANSION } from './compression';
import {
  type ElfHeader,
  type ElfSection,
  type ElfSegment,
  readHeader,
  readSections,
  readSegments,
  SHF_COMPRESSED,
  SHT,
} from './header';
import { PartialSection, type SectionKeeper } from './partialSection';

/**
 * From this size on, in bytes, a read is first looked at for holes (lseek(2), SEEK_HOLE): they cost no disk, but
 * memory.
 */
const LARGE = 1 << 26;
/** The distance between sampled pages: a file that fills 1 GB of memory must then have 8 MB on disk. */
const SAMPLE_DISTANCE = 1 << 18;
const SAMPLE_BYTES = 1 << 12;
const MAX_SAMPLES = 1 << 16;

export class ElfFile implements Disposable {
  readonly header: ElfHeader;
  readonly sections: readonly ElfSection[];
  readonly segments: readonly ElfSegment[];
  readonly size: number;
  /** Tells what the file's name means now from what it meant before it was written again: letters, digits, hyphens. */
  readonly identity: string;
  readonly #byName = new Map<string, ElfSection>();
  /** Sections whose names others have too. */
  readonly #repeated = new Map<string, ElfSection[]>();
  readonly #contents = new Map<string, Uint8Array>();
  readonly #parts = new Map<string, PartialSection>();
  #keeper: SectionKeeper | undefined;
  #descriptor: number | undefined;
  /** Bytes that compressed sections may still become. */
  #expansionLeft: number;

  /** Throws `file-unreadable`, `not-elf`, `wrong-architecture` or `malformed`. */
  static open(path: string): ElfFile {
    let opened: ReturnType<typeof openRegularFile>;
    try {
      opened = openRegularFile(path);
    } catch (error) {
      throw unreadable(path, error);
    }
    try {
      return new ElfFile(path, opened.descriptor, opened.status);
    } catch (error) {
      closeSync(opened.descriptor);
      throw error;
    }
  }

  private constructor(
    readonly path: string,
    descriptor: number,
    { size, dev, ino, mtimeMs, ctimeMs }: Stats,
  ) {
    this.#descriptor = descriptor;
    this.size = size;
    this.identity = [dev, ino, mtimeMs, ctimeMs].map((number) => Math.round(number * 1000).toString(36)).join('-');
    this.#expansionLeft = MAX_EXPANSION.free + size * MAX_EXPANSION.ratio;
    const read = this.read.bind(this);
    this.header = readHeader(read, this.size, path);
    this.segments = readSegments(read, this.header, path);
    this.sections = readSections(read, this.header, path);
    this.#nameSections();
  }

  /** Has copies of compressed sections kept, and read from. */
  keepSections(keeper: SectionKeeper): void {
    this.#keeper = keeper;
  }

  dispose(): void {
    for (const parts of this.#parts.values()) parts.dispose();
    this.#parts.clear();
    if (this.#descriptor !== undefined) closeSync(this.#descriptor);
    this.#descriptor = undefined;
  }

  section(name: string): ElfSection | undefined {
    return this.#byName.get(name);
  }

  /** Bytes of the file; throws `malformed` where the file ends before them. `what` names them in that error. */
  read(offset: number, length: number, what: string): Uint8Array {
    if (!(offset >= 0 && length >= 0 && offset + length <= this.size)) {
      throw this.#malformed(
        offset,
        `${what} should take ${length} bytes, but the file ends at 0x${this.size.toString(16)}`,
        'The file may be truncated: rebuild or reinstall it.',
      );
    }
    if (length > constants.MAX_LENGTH) throw this.#malformed(offset, `${what}, ${length} bytes, is too large`);
    this.checkHoles(offset, length, what);
    const bytes = Buffer.allocUnsafeSlow(length);
    for (let done = 0; done < length;) {
      const count = this.#readInto(bytes.subarray(done), offset + done);
      if (count === 0) throw unreadable(this.path, new Error('it shrank while it was being read'));
      done += count;
    }
    return bytes;
  }

  /** Throws `malformed` if most of these bytes from `offset` on are zeros. */
  checkHoles(offset: number, length: number, what: string): void {
    if (length < LARGE) return;
    const samples = Math.min(MAX_SAMPLES, Math.floor(length / SAMPLE_DISTANCE));
    const distance = Math.floor(length / samples);
    const sample = Buffer.alloc(SAMPLE_BYTES);
    let empty = 0;
    for (let index = 0; index < samples; index++) {
      const count = this.#readInto(sample, offset + index * distance);
      if (sample.subarray(0, count).every((byte) => byte === 0)) empty++;
    }
    if (empty > samples / 2) throw this.#malformed(offset, `${what}, ${length} bytes, is mostly empty`);
  }

  #malformed(offset: number, what: string, advice?: string): SidestepError {
    return new SidestepError('malformed', `${this.path} is malformed at offset 0x${offset.toString(16)}: ${what}`, {
      place: { file: this.path, offset },
      ...(advice !== undefined && { advice }),
    });
  }

  #readInto(bytes: Uint8Array, offset: number): number {
    if (this.#descriptor === undefined) throw new Error(`internal error: ${this.path} is closed`);
    try {
      return readSync(this.#descriptor, bytes, 0, bytes.length, offset);
    } catch (error) {
      throw unreadable(this.path, error);
    }
  }

  /**
   * The bytes of a section, decompressed; kept. `.debug_x` also finds `.zdebug_x`. Undefined when there is none or it
   * has no bytes in this file (NOBITS: what `objcopy --only-keep-debug` makes of code and data).
   */
  sectionBytes(name: string): Uint8Array | undefined {
    let bytes = this.#contents.get(name);
    if (!bytes) {
      bytes = this.#readSection(name);
      if (bytes) this.#contents.set(name, bytes);
    }
    return bytes;
  }

  /**
   * The same of each section of this name, in the order of the file: unlinked files have one for each COMDAT group. Not
   * kept.
   */
  allSectionBytes(name: string): readonly Uint8Array[] {
    const named = this.#repeated.get(name);
    if (!named) {
      const only = this.#readSection(name);
      return only ? [only] : [];
    }
    const total = named.reduce((sum, { size }) => sum + size, 0);
    if (total > this.size) throw this.#malformed(0, `its sections ${name} overlap`);
    return named.map((section) => this.#readPlain(section, name));
  }

  /**
   * A compressed section whose bytes are read as they are needed; undefined where they must be read as a whole, with
   * {@link sectionBytes}.
   */
  sectionParts(name: string): PartialSection | undefined {
    const known = this.#parts.get(name);
    const section = this.section(name);
    if (known || this.#contents.has(name) || !section || !isCompressed(section) || !this.#keeper) return known;
    const origin = { file: this.path, section: name };
    const header = this.read(section.offset, Math.min(section.size, COMPRESSION_HEADER), `section ${name}`);
    const size = claimedSize(header, origin, this.#expansionLeft);
    const copy = this.#keeper.open(name, size);
    if (!copy) return undefined;
    const parts = new PartialSection(copy, size, () => this.#readPlain(section, name));
    this.#parts.set(name, parts);
    return parts;
  }

  #readSection(name: string): Uint8Array | undefined {
    const parts = this.sectionParts(name);
    if (parts) {
      parts.need(0, parts.data.length);
      return parts.data;
    }
    const section = this.section(name);
    if (section) return section.type === SHT.NOBITS ? undefined : this.#readPlain(section, name);
    const zName = name.startsWith('.debug_') ? `.z${name.slice(1)}` : '';
    const zSection = this.section(zName);
    if (!zSection) return undefined;
    const bytes = this.read(zSection.offset, zSection.size, `section ${zName}`);
    return this.#expanded(decompressZdebug(bytes, { file: this.path, section: zName }, this.#expansionLeft));
  }

  #readPlain(section: ElfSection, name: string): Uint8Array {
    const bytes = this.read(section.offset, section.size, `section ${name}`);
    if (!isCompressed(section)) return bytes;
    const contents = decompressSection(bytes, { file: this.path, section: name }, this.#expansionLeft);
    this.#keeper?.keep(name, contents);
    return this.#expanded(contents);
  }

  #expanded(bytes: Uint8Array): Uint8Array {
    this.#expansionLeft -= bytes.length;
    return bytes;
  }

  #nameSections(): void {
    const table = this.sections[this.header.sectionNames];
    if (!table || table.type === SHT.NOBITS || this.sections.length === 0) return;
    const origin = { file: this.path, section: 'the section name table' };
    const names = new StringTable(this.read(table.offset, table.size, 'the section name table'), origin);
    for (const [index, section] of this.sections.entries()) {
      if (index === 0) continue;
      const name = names.at(section.nameOffset);
      const first = this.#byName.get(name);
      if (!first) {
        this.#byName.set(name, section);
        continue;
      }
      const all = this.#repeated.get(name);
      if (all) all.push(section);
      else this.#repeated.set(name, [first, section]);
    }
  }
}

function isCompressed({ type, flags }: ElfSection): boolean {
  return type !== SHT.NOBITS && (flags & SHF_COMPRESSED) !== 0;
}

function unreadable(path: string, cause: unknown): SidestepError {
  const missing = cause instanceof Error && 'code' in cause && cause.code === 'ENOENT';
  return new SidestepError(
    'file-unreadable',
    missing ? `${path} does not exist` : `${path} can't be read: ${messageOf(cause)}`,
    { place: { file: path }, cause },
  );
}
