/**
 * Which units list which source files (line number program headers, DWARF 5 §6.2.4). Thousands of units list the same
 * few thousand headers, so that a path is put together once and known by its numbers from then on.
 */
import { type ByteReader } from '../../base/byteReader';
import { SidestepError } from '../../base/errors';
import { OverlapLimit } from '../../base/overlapLimit';
import { FORM, LNCT } from '../dwarf/constants';
import { type Encoding, type Form, formOf, sizeOf } from '../dwarf/forms';
import { readInitialLength, readOffset } from '../dwarf/initialLength';
import { joinPath } from '../dwarf/path';
import { byteHash } from './byteHash';
import { NumberList, TripleTable } from './growing';
import { type FileTables } from './indexTables';

/** What a string of a header is told by: where it lies, and its offset there; or its number among those read. */
const PLACE = { lineStrings: 0, strings: 1, sharedStrings: 2, text: 3 } as const;

const PLACES = new Map<number, number>([
  [FORM.line_strp, PLACE.lineStrings],
  [FORM.strp, PLACE.strings],
  [FORM.strp_sup, PLACE.sharedStrings],
  [FORM.GNU_strp_alt, PLACE.sharedStrings],
]);

/** Bytes of the longest path (PATH_MAX, limits.h): what is longer was never opened by a compiler. */
const MAX_NAME = 4096;

/** Of all paths together. A browser has 100,000 files of 100 letters. */
const MAX_CHARACTERS = 1 << 24;

export interface LineSections {
  readonly lines: ByteReader;
  readonly lineStrings: Uint8Array;
  readonly strings: Uint8Array;
  readonly sharedStrings: Uint8Array | undefined;
}

interface Field {
  readonly content: number;
  readonly form: number;
  readonly row: Form;
}

export class FileLister {
  readonly #sections: LineSections;
  /** Strings in the headers by their text. */
  readonly #texts = new Map<string, number>();
  readonly #textOf: string[] = [];
  /** Directories by compilation directory and the place of their own name. */
  readonly #directories = new TripleTable();
  readonly #directoryPaths: (number | undefined)[] = [];
  /** Files by directory and the place of their name. */
  readonly #files = new TripleTable();
  readonly #filePaths: (number | undefined)[] = [];
  readonly #paths = new Map<string, number>();
  readonly #pathOf: string[] = [];
  /** Offsets of programs that were read. */
  readonly #programs = new Set<number>();
  readonly #limit: OverlapLimit;
  #charactersLeft = MAX_CHARACTERS;
  readonly #listed = new TripleTable();

  constructor(sections: LineSections) {
    this.#sections = sections;
    this.#limit = new OverlapLimit(sections.lines.origin, sections.lines.end);
  }

  /** Notes the files of the program at `offset` for the first unit, number `unit`, that has it. Throws `malformed`. */
  list(offset: number, compilationDirectory: string, unit: number): void {
    if (this.#programs.has(offset)) return;
    this.#programs.add(offset);
    for (const path of this.#read(offset, compilationDirectory)) this.#listed.idOf(path, unit, 0);
  }

  tables(): FileTables {
    const mask = 2 ** Math.ceil(Math.log2(this.#pathOf.length + 1)) - 1;
    const paths = this.#pathOf.map((path, id) => {
      const text = Buffer.from(path);
      return { id, text, bucket: byteHash(text, text.lastIndexOf('/') + 1, text.length) & mask, units: [] as number[] };
    });
    for (let pair = 0; pair < this.#listed.size; pair++)
      paths[this.#listed.part(pair, 0)]?.units.push(this.#listed.part(pair, 1));
    const pathBuckets = new Uint32Array(mask + 2);
    for (const { bucket } of paths) pathBuckets[bucket + 1]!++;
    for (let bucket = 0; bucket <= mask; bucket++) pathBuckets[bucket + 1]! += pathBuckets[bucket]!;
    paths.sort((a, b) => a.bucket - b.bucket || a.id - b.id);
    const pathEnds = new NumberList();
    const pathUnits = new NumberList();
    const pathUnitsFirst = new NumberList();
    let end = 0;
    for (const { text, units } of paths) {
      pathEnds.push((end += text.length));
      pathUnitsFirst.push(pathUnits.length);
      for (const unit of units) pathUnits.push(unit);
    }
    pathUnitsFirst.push(pathUnits.length);
    return {
      pathBytes: new Uint8Array(Buffer.concat(paths.map(({ text }) => text))),
      pathEnds: pathEnds.values,
      pathBuckets,
      pathUnits: pathUnits.values,
      pathUnitsFirst: pathUnitsFirst.values,
    };
  }

  #read(offset: number, compilationDirectory: string): Uint32Array {
    const { lines } = this.#sections;
    const start = lines.at(offset);
    const { length, offsetSize } = readInitialLength(start);
    const reader = lines.at(start.offset, Math.min(lines.end, start.offset + length));
    this.#limit.read(offset, reader.end - offset);
    const version = reader.u16();
    if (version < 2 || version > 5) throw reader.malformed(`line number programs of version ${version} are unknown`);
    if (version >= 5) reader.skip(2);
    const headerLength = readOffset(reader, offsetSize);
    // Link-time optimisation leaves programs without code, which only number the files of declarations.
    if (reader.offset + headerLength >= reader.end) return new Uint32Array(0);
    reader.skip(version >= 4 ? 5 : 4);
    const opcodes = reader.u8();
    reader.skip(Math.max(0, opcodes - 1));
    const found = new NumberList(64);
    const base = this.#textNumber(compilationDirectory);
    if (version >= 5) this.#readTables(reader, { version, offsetSize, addressSize: 8 }, base, found);
    else this.#readOldTables(reader, base, found);
    return found.values.slice();
  }

  /** Versions 2 to 4: directory 0 is the compilation directory. */
  #readOldTables(reader: ByteReader, base: number, found: NumberList): void {
    const directories = [base];
    for (let name = reader.cstring(); name !== ''; name = reader.cstring())
      directories.push(this.#directory(base, PLACE.text, this.#textNumber(name)));
    for (let name = reader.cstring(); name !== ''; name = reader.cstring()) {
      const directory = directories[reader.uleb()] ?? base;
      reader.uleb64();
      reader.uleb64();
      found.push(this.#file(directory, PLACE.text, this.#textNumber(name)));
    }
  }

  /** Version 5: directory 0 is the compilation directory, which the others are relative to. */
  #readTables(reader: ByteReader, encoding: Encoding, compilationDirectory: number, found: NumberList): void {
    let base = compilationDirectory;
    const directories: number[] = [];
    this.#readTable(reader, encoding, (place, string) => {
      const path = this.#directory(base, place, string);
      if (directories.length === 0) base = path;
      directories.push(path);
    });
    this.#readTable(reader, encoding, (place, string, directory) => {
      found.push(this.#file(directories[directory] ?? base, place, string));
    });
  }

  #readTable(
    reader: ByteReader,
    encoding: Encoding,
    add: (place: number, string: number, directory: number) => void,
  ): void {
    const fields: Field[] = [];
    for (let left = reader.u8(); left > 0; left--) {
      const content = reader.uleb();
      const form = reader.uleb();
      const row = formOf(form);
      if (!row || form === FORM.indirect) throw reader.malformed(`form 0x${form.toString(16)} can't describe a file`);
      fields.push({ content, form, row });
    }
    const count = reader.uleb();
    // Each takes a byte at the least: a name by itself does.
    if (count > reader.end - reader.offset || (count > 0 && !fields.some(({ content }) => content === LNCT.path)))
      throw reader.malformed(`a table of ${count} files is not possible`);
    for (let left = count; left > 0; left--) {
      let place: number = PLACE.text;
      let string = 0;
      let directory = 0;
      for (const { content, form, row } of fields) {
        if (content === LNCT.path) {
          place = PLACES.get(form) ?? PLACE.text;
          string = place === PLACE.text ? this.#textNumber(reader.cstring()) : readOffset(reader, encoding.offsetSize);
        } else if (content === LNCT.directory_index) {
          directory = form === FORM.data1 ? reader.u8() : form === FORM.data2 ? reader.u16() : reader.uleb();
        } else {
          const size = sizeOf(row, encoding);
          reader.skip(typeof size === 'number' ? size : size(reader.data, reader.offset, encoding) - reader.offset);
        }
      }
      add(place, string, directory);
    }
  }

  /** The number of the text that is a directory's path. */
  #directory(base: number, place: number, string: number): number {
    const id = this.#directories.idOf(base, string, place);
    this.#directoryPaths[id] ??= this.#textNumber(joinPath(this.#textAt(base), this.#text(place, string), ''));
    return this.#directoryPaths[id];
  }

  /** The number of a file's path. */
  #file(directory: number, place: number, string: number): number {
    const id = this.#files.idOf(directory, string, place);
    let path = this.#filePaths[id];
    if (path === undefined) {
      const text = joinPath('', this.#textAt(directory), this.#text(place, string));
      this.#charactersLeft -= text.length;
      if (this.#charactersLeft < 0) throw this.#tooMany();
      path = this.#paths.get(text) ?? this.#pathOf.push(text) - 1;
      this.#paths.set(text, path);
      this.#filePaths[id] = path;
    }
    return path;
  }

  #textNumber(text: string): number {
    let number = this.#texts.get(text);
    if (number === undefined) {
      number = this.#textOf.push(text) - 1;
      this.#texts.set(text, number);
    }
    return number;
  }

  #textAt(number: number): string {
    return this.#textOf[number] ?? '';
  }

  #tooMany(): SidestepError {
    const { origin } = this.#sections.lines;
    return new SidestepError(
      'unsupported',
      `${origin.file ?? 'the file'} lists more source files than can be indexed`,
      {
        place: origin,
      },
    );
  }

  #text(place: number, string: number): string {
    if (place === PLACE.text) return this.#textAt(string);
    const { lineStrings, strings, sharedStrings } = this.#sections;
    const bytes = place === PLACE.lineStrings ? lineStrings : place === PLACE.strings ? strings : sharedStrings;
    if (!bytes || string >= bytes.length) return '';
    const end = bytes.subarray(string, string + MAX_NAME).indexOf(0);
    return Buffer.from(bytes.buffer, bytes.byteOffset + string, Math.max(0, end)).toString('utf8');
  }
}
