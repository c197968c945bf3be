/**
 * Where DWARF's sections come from: a file, or bytes that a test assembled. Sections are read when first asked for; one
 * that the file lacks reads as empty, because nearly every DWARF section is optional.
 *
 * Addresses inside `dwarf` and `symbols` are plain numbers: user-space link addresses lie below 2^47. Larger ones (the
 * tombstones -1 and -2 that linkers write for discarded code) lose precision but still match no address of the program.
 */
import { ByteReader } from '../../base/byteReader';

export interface SectionSource {
  /** For error messages. */
  readonly path: string;
  /** The section's bytes, decompressed; undefined when there is none. `name` as in `.debug_info`. */
  sectionBytes(name: string): Uint8Array | undefined;
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

  constructor(source: SectionSource) {
    this.#source = source;
  }

  get path(): string {
    return this.#source.path;
  }

  /** A reader of its own for each caller, of the whole section, which stands at its start. */
  reader(name: DebugSectionName): ByteReader {
    let reader = this.#readers.get(name);
    if (!reader) {
      reader = new ByteReader(this.#source.sectionBytes(name) ?? EMPTY, { file: this.#source.path, section: name });
      this.#readers.set(name, reader);
    }
    return reader.at(0);
  }
}
