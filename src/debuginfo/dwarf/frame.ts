/**
 * Call frame information (DWARF 5 §6.4; .eh_frame as in the Linux Standard Base, Core 5.0 §10.6): the rule for the
 * canonical frame address at an address. Rules for saved registers are skipped: nothing here walks a stack.
 */
import { partitionPoint } from '../../base/binarySearch';
import { ByteReader } from '../../base/byteReader';
import { Once } from '../../base/once';
import { CFA } from './constants';
import { readInitialLength } from './initialLength';

/** How to compute the CFA: a register plus an offset, or an expression that leaves it. */
export type CfaRule =
  | { readonly kind: 'register'; readonly register: number; readonly offset: number }
  | { readonly kind: 'expression'; readonly expression: Uint8Array };

export interface FrameSection {
  readonly kind: '.eh_frame' | '.debug_frame';
  readonly file: string;
  readonly bytes: Uint8Array;
  /** Link-time address of its first byte: pointers in .eh_frame are relative to themselves. */
  readonly address: number;
}

interface CommonEntry {
  readonly codeAlignment: number;
  readonly dataAlignment: number;
  /** DW_EH_PE_* of the addresses in its descriptions; undefined in .debug_frame: plain addresses. */
  readonly encoding: number;
  /** `z` augmentation: descriptions carry augmentation data. */
  readonly augmented: boolean;
  readonly instructions: { readonly start: number; readonly end: number };
}

interface Description {
  readonly low: number;
  readonly high: number;
  readonly common: CommonEntry;
  readonly instructions: { readonly start: number; readonly end: number };
}

/** Pointer encodings, LSB §10.5.1. */
const PE = { absptr: 0x00, pcrel: 0x10, datarel: 0x30, indirect: 0x80, omit: 0xff } as const;

/** Bytes of the longest augmentation; those that are defined have up to six letters. */
const MAX_AUGMENTATION = 32;

/** remember_state can't be nested deeper; compilers nest it once or twice. */
const MAX_REMEMBERED = 64;

export class FrameTable {
  readonly #section: FrameSection;
  readonly #reader: ByteReader;
  readonly #commons = new Map<number, Once<CommonEntry>>();
  #descriptions: Once<Description[]> | undefined;
  /** Variables of one place ask for its rule one after another. */
  #last: { readonly pc: number; readonly rule: CfaRule | undefined } | undefined;

  constructor(section: FrameSection) {
    this.#section = section;
    this.#reader = new ByteReader(section.bytes, { file: section.file, section: section.kind });
  }

  /** The CFA rule at `pc`; undefined where nothing describes it. */
  cfaAt(pc: number): CfaRule | undefined {
    if (this.#last?.pc !== pc) this.#last = { pc, rule: this.#ruleAt(pc) };
    return this.#last.rule;
  }

  #ruleAt(pc: number): CfaRule | undefined {
    const description = this.#find(pc);
    if (!description) return undefined;
    const machine = new CfaMachine(this.#reader, description.common, (at) =>
      this.#pointer(at, description.common.encoding),
    );
    machine.location = description.low;
    machine.run(description.common.instructions, Infinity);
    machine.run(description.instructions, pc);
    return machine.rule;
  }

  /** Where the described pieces of code begin, ascending: functions, their cold parts, linkage tables. */
  starts(): readonly number[] {
    return this.#all().map(({ low }) => low);
  }

  #find(pc: number): Description | undefined {
    const all = this.#all();
    const description = all[partitionPoint(all.length, (index) => all[index]!.low <= pc) - 1];
    return description && pc < description.high ? description : undefined;
  }

  #all(): readonly Description[] {
    this.#descriptions ??= new Once(() => this.#readDescriptions());
    return this.#descriptions.value;
  }

  #readDescriptions(): Description[] {
    const reader = this.#reader;
    const isEh = this.#section.kind === '.eh_frame';
    const descriptions: Description[] = [];
    reader.offset = 0;
    while (reader.end - reader.offset >= 4) {
      const start = reader.offset;
      const { length, offsetSize } = readInitialLength(reader);
      // .eh_frame ends with a zero length; .debug_frame may be padded with them.
      if (length === 0) {
        if (isEh) break;
        continue;
      }
      const idAt = reader.offset;
      const end = idAt + length;
      if (end > reader.end) throw reader.malformed('an entry reaches past the end of the section', start);
      const id = offsetSize === 4 || isEh ? reader.u32() : Number(reader.u64());
      const isCommon = isEh ? id === 0 : id === (offsetSize === 4 ? 0xffff_ffff : Number(0xffff_ffff_ffff_ffffn));
      if (!isCommon) {
        const commonAt = isEh ? idAt - id : id;
        const resume = reader.offset;
        const common = this.#commonAt(commonAt);
        reader.offset = resume;
        const description = this.#readDescription(reader, common, end);
        if (description) descriptions.push(description);
      }
      reader.offset = end;
    }
    return descriptions.sort((a, b) => a.low - b.low);
  }

  #commonAt(at: number): CommonEntry {
    let common = this.#commons.get(at);
    if (!common) {
      common = new Once(() => this.#readCommon(at));
      this.#commons.set(at, common);
    }
    return common.value;
  }

  #readCommon(at: number): CommonEntry {
    const reader = this.#reader;
    if (at < 0 || at >= reader.end) throw reader.malformed('a frame description has no common entry', at);
    reader.offset = at;
    const { length, offsetSize } = readInitialLength(reader);
    const end = reader.offset + length;
    if (end > reader.end) throw reader.malformed('an entry reaches past the end of the section', at);
    reader.skip(offsetSize === 8 && this.#section.kind === '.debug_frame' ? 8 : 4);
    const version = reader.u8();
    const augmentation = reader.at(reader.offset, Math.min(end, reader.offset + MAX_AUGMENTATION)).cstring();
    reader.skip(augmentation.length + 1);
    if (version >= 4) reader.skip(2); // sizes of addresses and segment selectors
    if (augmentation.startsWith('eh')) reader.skip(8); // ancient gcc's pointer to its exception table
    const codeAlignment = reader.uleb();
    const dataAlignment = reader.sleb();
    if (version === 1) reader.skip(1);
    else reader.uleb(); // the return address register
    let encoding: number = PE.absptr;
    const augmented = augmentation.startsWith('z');
    if (augmented) {
      const length = reader.uleb();
      const dataEnd = reader.offset + length;
      for (const letter of augmentation.slice(1)) {
        if (letter === 'R') encoding = reader.u8();
        else if (letter === 'L') reader.skip(1);
        else if (letter === 'P') this.#pointer(reader, reader.u8());
        else if (letter !== 'S' && letter !== 'B') break;
      }
      reader.offset = dataEnd;
    }
    if (reader.offset > end) throw reader.malformed('a common entry is longer than it says', at);
    return { codeAlignment, dataAlignment, encoding, augmented, instructions: { start: reader.offset, end } };
  }

  #readDescription(reader: ByteReader, common: CommonEntry, end: number): Description | undefined {
    const low = this.#pointer(reader, common.encoding);
    const size = this.#pointer(reader, common.encoding & 0x0f);
    if (common.augmented) reader.skip(reader.uleb());
    if (reader.offset > end) throw reader.malformed('a frame description is longer than it says');
    if (!(size > 0)) return undefined;
    return { low, high: low + size, common, instructions: { start: reader.offset, end } };
  }

  /** An encoded pointer at the reader's offset (LSB §10.5.1). */
  #pointer(reader: ByteReader, encoding: number): number {
    if (encoding === PE.omit) return 0;
    const at = reader.offset;
    const read = POINTER_FORMATS.get(encoding & 0x0f);
    if (!read) throw reader.malformed(`pointer encoding 0x${encoding.toString(16)} is unknown`, at);
    const value = read(reader);
    const relation = encoding & 0x70;
    if (relation === PE.pcrel) return this.#section.address + at + value;
    return value;
  }
}

const POINTER_FORMATS = new Map<number, (reader: ByteReader) => number>([
  [0x00, (reader) => reader.number64()],
  [0x01, (reader) => reader.uleb()],
  [0x02, (reader) => reader.u16()],
  [0x03, (reader) => reader.u32()],
  [0x04, (reader) => reader.number64()],
  [0x09, (reader) => reader.sleb()],
  [0x0a, (reader) => reader.i16()],
  [0x0b, (reader) => reader.i32()],
  [0x0c, (reader) => Number(reader.i64())],
]);

/** Runs call frame instructions as far as they concern the CFA. */
class CfaMachine {
  location = 0;
  rule: CfaRule | undefined;
  readonly #remembered: (CfaRule | undefined)[] = [];

  constructor(
    readonly section: ByteReader,
    readonly common: CommonEntry,
    readonly readPointer: (reader: ByteReader) => number,
  ) {}

  /** Runs until the row that holds at `pc` is complete. */
  run({ start, end }: { readonly start: number; readonly end: number }, pc: number): void {
    const reader = this.section.at(start, end);
    while (!reader.atEnd) {
      const opcode = reader.u8();
      const packed = opcode & 0xc0;
      if (packed === CFA.advance_loc) {
        if (this.#advance((opcode & 0x3f) * this.common.codeAlignment, pc)) return;
      } else if (packed === CFA.offset) reader.uleb();
      else if (packed === 0 && this.#execute(opcode, reader, pc)) return;
    }
  }

  /** True when the new row starts behind `pc`: the current one is the answer. */
  #advance(bytes: number, pc: number): boolean {
    this.location += bytes;
    return this.location > pc;
  }

  #execute(opcode: number, reader: ByteReader, pc: number): boolean {
    const { codeAlignment, dataAlignment } = this.common;
    switch (opcode) {
      case CFA.nop:
      case CFA.GNU_window_save:
        break;
      case CFA.set_loc:
        this.location = this.readPointer(reader);
        return this.location > pc;
      case CFA.advance_loc1:
        return this.#advance(reader.u8() * codeAlignment, pc);
      case CFA.advance_loc2:
        return this.#advance(reader.u16() * codeAlignment, pc);
      case CFA.advance_loc4:
        return this.#advance(reader.u32() * codeAlignment, pc);
      case CFA.offset_extended:
      case CFA.register:
      case CFA.val_offset:
      case CFA.GNU_negative_offset_extended:
        reader.uleb();
        reader.uleb();
        break;
      case CFA.offset_extended_sf:
      case CFA.val_offset_sf:
        reader.uleb();
        reader.sleb();
        break;
      case CFA.restore_extended:
      case CFA.undefined:
      case CFA.same_value:
      case CFA.GNU_args_size:
        reader.uleb();
        break;
      case CFA.expression:
      case CFA.val_expression:
        reader.uleb();
        reader.skip(reader.uleb());
        break;
      case CFA.remember_state:
        if (this.#remembered.length === MAX_REMEMBERED) throw reader.malformed('too many states are remembered');
        this.#remembered.push(this.rule);
        break;
      case CFA.restore_state:
        this.rule = this.#remembered.pop();
        break;
      case CFA.def_cfa:
        this.rule = { kind: 'register', register: reader.uleb(), offset: reader.uleb() };
        break;
      case CFA.def_cfa_sf:
        this.rule = { kind: 'register', register: reader.uleb(), offset: reader.sleb() * dataAlignment };
        break;
      case CFA.def_cfa_register:
        this.rule = { kind: 'register', register: reader.uleb(), offset: this.#offset() };
        break;
      case CFA.def_cfa_offset:
        this.rule = { kind: 'register', register: this.#register(), offset: reader.uleb() };
        break;
      case CFA.def_cfa_offset_sf:
        this.rule = { kind: 'register', register: this.#register(), offset: reader.sleb() * dataAlignment };
        break;
      case CFA.def_cfa_expression:
        this.rule = { kind: 'expression', expression: reader.bytes(reader.uleb()) };
        break;
      default:
        throw reader.malformed(`call frame instruction 0x${opcode.toString(16)} is unknown`);
    }
    return false;
  }

  #offset(): number {
    return this.rule?.kind === 'register' ? this.rule.offset : 0;
  }

  #register(): number {
    return this.rule?.kind === 'register' ? this.rule.register : 7;
  }
}
