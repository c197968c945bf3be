/**
 * Where DWARF's sections come from: a file, or bytes that a test assembled. Sections are read when first asked for; one
 * that the file lacks reads as empty, because nearly every DWARF section is optional.
 *
 * Addresses inside `dwarf` and `symbols` are plain numbers: user-space link addresses lie below 2^47. Larger ones (the
 * tombstones -1 and -2 that linkers write for discarded code) lose precision but still match no address of the program.
 */
import { ByteReader, type BytesOrigin } from '../../base/byteReader';
import { StringTable } from '../../base/stringTable';

export interface SectionSource {
  /** For error messages. */
  readonly path: string;
  /** The section's bytes, decompressed; undefined when there is none. `name` as in `.debug_info`. */
  sectionBytes(name: string): Uint8Array | undefined;
  /** The section as far as it is needed; undefined, or missing, where it is read as a whole. */
  sectionParts?(name: string): SectionParts | undefined;
}

/** A section that is read as far as it is needed. */
export interface SectionParts {
  /** All of the section; zeros where it was not needed yet. */
  readonly data: Uint8Array;
  /** Reads the bytes between two offsets. */
  need(from: number, to: number): void;
}

export type DebugSectionName =
  | '.debug_abbrev'
  | '.debug_addr'
  | '.debug_aranges'
  | '.debug_cu_index'
  | '.debug_info'
  | '.debug_types'
  | '.debug_line'
  | '.debug_line_str'
  | '.debug_loc'
  | '.debug_loclists'
  | '.debug_ranges'
  | '.debug_rnglists'
  | '.debug_str'
  | '.debug_str_offsets'
  | '.debug_tu_index';

const EMPTY = new Uint8Array(0);

/** The debug sections of one file, each read at most once. */
export class DebugSections {
  readonly #source: SectionSource;
  readonly #readers = new Map<DebugSectionName, ByteReader>();
  /** Undefined: read as a whole. */
  readonly #parts = new Map<DebugSectionName, SectionParts | undefined>();

  constructor(source: SectionSource) {
    this.#source = source;
  }

  get path(): string {
    return this.#source.path;
  }

  /** A reader of its own for each caller, of the whole section, which stands at its start. */
  reader(name: DebugSectionName): ByteReader {
    const parts = this.#partsOf(name);
    parts?.need(0, parts.data.length);
    return this.#reader(name).at(0);
  }

  /**
   * A reader which stands at `from` and stops at `to`: no other bytes of the section may be looked at. Throws
   * `malformed` where the section ends before.
   */
  part(name: DebugSectionName, from: number, to: number): ByteReader {
    const reader = this.#reader(name).at(from, to);
    this.#partsOf(name)?.need(from, to);
    return reader;
  }

  /** Bytes of the section. */
  sizeOf(name: DebugSectionName): number {
    return this.#reader(name).end;
  }

  originOf(name: DebugSectionName): BytesOrigin {
    return this.#reader(name).origin;
  }

  /** A section of strings, which are read as they are asked for. */
  strings(name: DebugSectionName): StringTable {
    const { data, origin } = this.#reader(name);
    const parts = this.#partsOf(name);
    return new StringTable(data, origin, parts && ((from, to) => parts.need(from, to)));
  }

  #reader(name: DebugSectionName): ByteReader {
    let reader = this.#readers.get(name);
    if (!reader) {
      const bytes = this.#partsOf(name)?.data ?? this.#source.sectionBytes(name) ?? EMPTY;
      reader = new ByteReader(bytes, { file: this.#source.path, section: name });
      this.#readers.set(name, reader);
    }
    return reader;
  }

  #partsOf(name: DebugSectionName): SectionParts | undefined {
    if (!this.#parts.has(name)) this.#parts.set(name, this.#source.sectionParts?.(name));
    return this.#parts.get(name);
  }
}
