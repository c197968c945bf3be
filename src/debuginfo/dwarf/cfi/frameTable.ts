/**
 * Call frame information of one section (DWARF 5 §6.4; .eh_frame as in the Linux Standard Base, Core 5.0 §10.6): the
 * row that holds at an address, by which a stack is unwound.
 */
import { partitionPointOf } from '../../../base/binarySearch';
import { ByteReader } from '../../../base/byteReader';
import { Once } from '../../../base/once';
import { ifWellFormed } from '../debugInfo';
import { type Cie, type Fde, type FrameSectionKind, readCie, readFde, readHead } from './entries';
import { initialState, rowsOf } from './instructions';
import { type PointerBases } from './pointer';
import { type CfaRule, type UnwindRow } from './row';
import { SearchTable } from './searchTable';

export interface FrameSection {
  readonly kind: FrameSectionKind;
  readonly file: string;
  readonly bytes: Uint8Array;
  /** What its pointers count from. */
  readonly bases: PointerBases;
  /** .eh_frame_hdr and its link-time address, where the file has it. */
  readonly index?: () => { readonly bytes: Uint8Array; readonly address: number } | undefined;
}

/** A CIE with what its instructions leave. */
interface Common {
  readonly cie: Cie;
  readonly state: Once<ReturnType<typeof initialState>>;
}

export class FrameTable {
  readonly #section: ByteReader;
  readonly #kind: FrameSectionKind;
  readonly #bases: PointerBases;
  readonly #index: Once<SearchTable | undefined>;
  /** By offset. */
  readonly #commons = new Map<number, Once<Common>>();
  readonly #descriptions: Once<readonly Fde[]>;
  /** Variables of one place ask for its row one after another. */
  #last: { readonly pc: number; readonly row: UnwindRow | undefined } | undefined;

  constructor({ kind, file, bytes, bases, index }: FrameSection) {
    this.#section = new ByteReader(bytes, { file, section: kind });
    this.#kind = kind;
    this.#bases = bases;
    // A hint that can't be read is none.
    this.#index = new Once(() => ifWellFormed(() => readIndex(index?.(), file, bases.section)));
    this.#descriptions = new Once(() => [...this.#readDescriptions()].sort((a, b) => a.low - b.low));
  }

  /** How to unwind at `pc`, a link-time address; undefined where nothing describes it. Throws `malformed`. */
  rowAt(pc: number): UnwindRow | undefined {
    if (this.#last?.pc !== pc) this.#last = { pc, row: this.#findRow(pc) };
    return this.#last.row;
  }

  /** The CFA rule at `pc`; undefined where nothing describes it. */
  cfaAt(pc: number): CfaRule | undefined {
    return this.rowAt(pc)?.cfa;
  }

  /** All descriptions, by address. */
  descriptions(): readonly Fde[] {
    return this.#descriptions.value;
  }

  /** The rows of a description, ascending. */
  rows(fde: Fde): IterableIterator<UnwindRow> {
    return rowsOf(this.#section, fde, this.#bases, this.#commonAt(fde.cie.offset).state.value);
  }

  #findRow(pc: number): UnwindRow | undefined {
    const fde = this.#indexed(pc) ?? this.#searched(pc);
    if (!fde) return undefined;
    for (const row of this.rows(fde)) if (pc < row.high) return row;
    return undefined;
  }

  /** The description that the linker's table leads to, if it holds `pc`: a table may be wrong or lack some. */
  #indexed(pc: number): Fde | undefined {
    const offset = this.#index.value?.find(pc);
    if (offset === undefined) return undefined;
    const fde = ifWellFormed(() => this.#descriptionAt(offset));
    return fde && fde.low <= pc && pc < fde.high ? fde : undefined;
  }

  #searched(pc: number): Fde | undefined {
    const all = this.descriptions();
    const fde = all[partitionPointOf(all, ({ low }) => low <= pc) - 1];
    return fde && pc < fde.high ? fde : undefined;
  }

  #descriptionAt(offset: number): Fde | undefined {
    const head = readHead(this.#section, offset, this.#kind);
    if (head.kind !== 'fde') return undefined;
    return readFde(this.#section, head, this.#commonAt(head.cieOffset).cie, this.#bases);
  }

  *#readDescriptions(): IterableIterator<Fde> {
    let offset = 0;
    while (this.#section.end - offset >= 4) {
      const head = readHead(this.#section, offset, this.#kind);
      // A zero length ends .eh_frame; .debug_frame may be padded with them.
      if (head.kind === undefined && this.#kind === '.eh_frame') return;
      if (head.kind === 'fde') {
        const fde = readFde(this.#section, head, this.#commonAt(head.cieOffset).cie, this.#bases);
        if (fde) yield fde;
      }
      offset = head.end;
    }
  }

  #commonAt(offset: number): Common {
    let common = this.#commons.get(offset);
    if (!common) {
      common = new Once(() => {
        const cie = readCie(this.#section, offset, this.#kind, this.#bases);
        return { cie, state: new Once(() => initialState(this.#section, cie, this.#bases)) };
      });
      this.#commons.set(offset, common);
    }
    return common.value;
  }
}

function readIndex(
  index: ReturnType<NonNullable<FrameSection['index']>>,
  file: string,
  frameAddress: number,
): SearchTable | undefined {
  const section = index && new ByteReader(index.bytes, { file, section: '.eh_frame_hdr' });
  return section && SearchTable.read(section, index.address, frameAddress);
}
