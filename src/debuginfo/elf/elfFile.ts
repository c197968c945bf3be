/** One ELF file, open and read lazily: tables at once, each section's bytes when asked for, never the whole file. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { ByteReader } from '../../base/byteReader';
import { messageOf, SidestepError } from '../../base/errors';
import { type Disposable } from '../../base/lifetime';
import { decompressSection, decompressZdebug } from './compression';
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

export class ElfFile implements Disposable {
  readonly header: ElfHeader;
  readonly sections: readonly ElfSection[];
  readonly segments: readonly ElfSegment[];
  readonly size: number;
  readonly #byName = new Map<string, ElfSection>();
  readonly #contents = new Map<string, Uint8Array>();
  #descriptor: number | undefined;

  /** Throws `file-unreadable`, `not-elf`, `wrong-architecture` or `malformed`. */
  static open(path: string): ElfFile {
    let descriptor: number;
    try {
      descriptor = openSync(path, 'r');
    } catch (error) {
      throw unreadable(path, error);
    }
    try {
      return new ElfFile(path, descriptor);
    } catch (error) {
      closeSync(descriptor);
      throw error;
    }
  }

  private constructor(
    readonly path: string,
    descriptor: number,
  ) {
    this.#descriptor = descriptor;
    const status = fstatSync(descriptor);
    if (!status.isFile()) throw unreadable(path, new Error('it is not a regular file'));
    this.size = status.size;
    const read = this.read.bind(this);
    this.header = readHeader(read, this.size, path);
    this.segments = readSegments(read, this.header, path);
    this.sections = readSections(read, this.header, path);
    this.#nameSections();
  }

  dispose(): void {
    if (this.#descriptor !== undefined) closeSync(this.#descriptor);
    this.#descriptor = undefined;
  }

  section(name: string): ElfSection | undefined {
    return this.#byName.get(name);
  }

  /** Bytes of the file; throws `malformed` where the file ends before them. `what` names them in that error. */
  read(offset: number, length: number, what: string): Uint8Array {
    if (!(offset >= 0 && length >= 0 && offset + length <= this.size)) {
      throw new SidestepError(
        'malformed',
        `${this.path} is malformed at offset 0x${offset.toString(16)}: ${what} should take ${length} bytes, but the file ends at 0x${this.size.toString(16)}`,
        { place: { file: this.path, offset }, advice: 'The file may be truncated: build or install it again.' },
      );
    }
    if (this.#descriptor === undefined) throw new Error(`internal error: ${this.path} is closed`);
    const bytes = Buffer.allocUnsafeSlow(length);
    let done = 0;
    while (done < length) {
      let count: number;
      try {
        count = readSync(this.#descriptor, bytes, done, length - done, offset + done);
      } catch (error) {
        throw unreadable(this.path, error);
      }
      if (count === 0) throw unreadable(this.path, new Error('it became shorter while it was read'));
      done += count;
    }
    return bytes;
  }

  /**
   * The bytes of a section, decompressed; kept. `.debug_x` also finds `.zdebug_x`. Undefined when there is none or it has no
   * bytes in this file (NOBITS: what `objcopy --only-keep-debug` makes of code and data).
   */
  sectionBytes(name: string): Uint8Array | undefined {
    let bytes = this.#contents.get(name);
    if (!bytes) {
      bytes = this.#readSection(name);
      if (bytes) this.#contents.set(name, bytes);
    }
    return bytes;
  }

  #readSection(name: string): Uint8Array | undefined {
    const section = this.section(name);
    if (section) return section.type === SHT.NOBITS ? undefined : this.#readPlain(section, name);
    const zName = name.startsWith('.debug_') ? `.z${name.slice(1)}` : '';
    const zSection = this.section(zName);
    if (!zSection) return undefined;
    return decompressZdebug(this.read(zSection.offset, zSection.size, `section ${zName}`), {
      file: this.path,
      section: zName,
    });
  }

  #readPlain(section: ElfSection, name: string): Uint8Array {
    const bytes = this.read(section.offset, section.size, `section ${name}`);
    return section.flags & SHF_COMPRESSED ? decompressSection(bytes, { file: this.path, section: name }) : bytes;
  }

  #nameSections(): void {
    const table = this.sections[this.header.sectionNames];
    if (!table || table.type === SHT.NOBITS || this.sections.length === 0) return;
    const origin = { file: this.path, section: 'the section name table' };
    const names = new ByteReader(this.read(table.offset, table.size, 'the section name table'), origin);
    for (const [index, section] of this.sections.entries()) {
      if (index === 0) continue;
      if (section.nameOffset >= names.end) throw names.malformed(`the name of section ${index} lies past its end`);
      names.offset = section.nameOffset;
      const name = names.cstring();
      if (!this.#byName.has(name)) this.#byName.set(name, section);
    }
  }
}

function unreadable(path: string, cause: unknown): SidestepError {
  const missing = cause instanceof Error && 'code' in cause && cause.code === 'ENOENT';
  return new SidestepError(
    'file-unreadable',
    missing ? `${path} does not exist` : `${path} can't be read: ${messageOf(cause)}`,
    { place: { file: path }, cause },
  );
}
