/**
 * One program or shared library with its debug information, wherever that lies: the facade through which everything
 * else asks. All addresses are link-time addresses. Files are read section by section, and everything beyond headers
 * only when a question needs it.
 */
import { type FlowInstruction, type ReadFlow } from '../base/controlFlow';
import { type FileOffset, type LinkAddress, linkAddress } from '../base/address';
import { type Disposable, DisposableStore } from '../base/lifetime';
import { readInteger } from '../base/littleEndian';
import { PAGE_BYTES } from '../base/x86';
import { DebugFile } from './dwarf/debugFile';
import { DebugInfo } from './dwarf/debugInfo';
import { SplitUnits } from './dwarf/splitUnits';
import { FrameTable } from './dwarf/cfi/frameTable';
import { type UnwindRow } from './dwarf/cfi/row';
import { imageKind, readInterpreter } from './elf/dynamic';
import { ElfFile } from './elf/elfFile';
import { PF_X, PT } from './elf/header';
import { LinkedSymbols } from './elf/linkedSymbols';
import { openMiniDebugInfo } from './elf/miniDebugInfo';
import { readBuildId } from './elf/notes';
import { RelocatedWords } from './elf/relocatedWords';
import { readSlots } from './elf/relocations';
import { type AddressRange, readRestartableSequences } from './elf/restartable';
import { readableName } from './elf/readableName';
import { DEFAULT_DEBUG_DIRECTORIES, openAlternateFile, openSeparateDebugFile } from './elf/separateDebugFile';
import { splitFiles } from './elf/splitFiles';
import { Symbols } from './elf/symbols';
import { offsetInBlock, readThreadBlock } from './elf/threadLocal';
import {
  type AddressInfo,
  type CodeRange,
  emptyScope,
  type FunctionReturns,
  type ProbePlace,
  type Scope,
} from './model/model';
import { SidestepError } from '../base/errors';
import { FunctionFinder } from './functionFinder';
import { type MatchedPlaces, PatternFinder } from './functionPatterns';
import { CacheFolder, cacheDirectory } from './index/cacheFolder';
import { cacheKey, FileIndex } from './index/fileIndex';
import { IndexCache } from './index/indexCache';
import { type NameIndex } from './index/nameIndex';
import { type Indexes, ProgramNames } from './index/programNames';
import { SectionCopies } from './index/sectionCopies';
import { describeAddress } from './symbols/describe';
import { findDefinition } from './symbols/globals';
import { ReturnFinder } from './returnFinder';
import { codeLines, linePlaces } from './symbols/places';
import { Program, type ProgramFacts } from './symbols/program';
import { ProgramScope } from './symbols/scope';
import { type NamePattern } from './names/namePattern';
import { lastComponent } from './names/query';
import { mostSimilar, nearestToPattern } from './names/similarity';
import { Types } from './symbols/types';
import { unreadUnits } from './symbols/unreadUnits';

/** The longest instruction, in bytes: a thread that executes the one before a restartable sequence enters it. */
const MAX_INSTRUCTION = 15;

/**
 * Functions with more code than that, in bytes, are not analysed: real functions are smaller, and the analysis takes
 * time and memory in proportion.
 */
const MAX_FLOW = 1 << 20;

const WORD_BYTES = 8;

export interface ImageOptions {
  /** Searched before /usr/lib/debug for separate debug files. */
  readonly debugDirectories?: readonly string[];
  /** Where debuginfod's clients keep what they were sent; undefined: it is not looked at. */
  readonly debuginfodCache?: string | undefined;
  /** Told before something that may take a while: what. */
  readonly onProgress?: (what: string) => void;
  /** Where indexes of large files are kept; by default the user's cache directory. */
  readonly cacheDirectory?: string;
  /** Bytes from which on what is made of debug information is kept there. */
  readonly leastKept?: number;
  /**
   * Decodes code. Without it, copies of a line and loops can't be recognised: a line has one place in each function
   * instance.
   */
  readonly readFlow?: ReadFlow;
}

/** A PT_LOAD segment. */
export interface Segment {
  readonly address: LinkAddress;
  readonly offset: FileOffset;
  /** Bytes in the file and in memory; what memory has beyond the file is zeros. */
  readonly fileSize: number;
  readonly memorySize: number;
  readonly executable: boolean;
}

export class Image implements Disposable {
  readonly kind: 'executable' | 'pie' | 'sharedObject';
  readonly entry: LinkAddress;
  readonly interpreter: string | undefined;
  /** In hex digits. */
  readonly buildId: string | undefined;
  /** The separate file that the debug information came from; undefined when it is in the file itself or nowhere. */
  readonly debugFile: string | undefined;
  /** Sentences for the user about debug files that are not used. */
  readonly warnings: readonly string[];
  /** Whether there is DWARF, beyond symbols. */
  readonly hasDebugInfo: boolean;
  readonly segments: readonly Segment[];
  readonly #file: ElfFile;
  readonly #debug: ElfFile;
  readonly #store: DisposableStore;
  readonly #symbols: Symbols;
  readonly #program: Program;
  readonly #functions: FunctionFinder;
  readonly #returns: ReturnFinder;
  readonly #patterns: PatternFinder;
  readonly #types: Types;
  readonly #onProgress: (what: string) => void;
  readonly #readFlow: ReadFlow | undefined;
  readonly #cache: CacheFolder | undefined;
  readonly #leastKept: number | undefined;
  readonly #indexes = new Map<ElfFile, FileIndex>();
  #frames: readonly FrameTable[] | undefined;
  #sequences: readonly AddressRange[] | undefined;
  #slots: ReadonlyMap<number, number> | undefined;
  #announced = false;
  readonly #symbolNotices: string[] = [];
  /** The file that the debug file shares entries with, once it is open. */
  #alternate: ElfFile | undefined;

  /** Throws `file-unreadable`, `not-elf`, `wrong-architecture`, `unsupported` or `malformed`. */
  static open(path: string, options: ImageOptions = {}): Image {
    const store = new DisposableStore();
    try {
      return new Image(store.add(ElfFile.open(path)), store, options);
    } catch (error) {
      store.dispose();
      throw error;
    }
  }

  private constructor(file: ElfFile, store: DisposableStore, options: ImageOptions) {
    this.#file = file;
    this.#store = store;
    this.#readFlow = options.readFlow;
    this.#leastKept = options.leastKept;
    const cache = options.cacheDirectory ?? cacheDirectory();
    this.#cache = cache === undefined ? undefined : new CacheFolder(cache);
    this.#onProgress = options.onProgress ?? (() => undefined);
    const directories = [...(options.debugDirectories ?? []), ...DEFAULT_DEBUG_DIRECTORIES];
    this.kind = imageKind(file);
    this.entry = linkAddress(file.header.entry);
    this.interpreter = readInterpreter(file);
    this.buildId = readBuildId(file);
    this.segments = file.segments
      .filter(({ type }) => type === PT.LOAD)
      .map(({ address, offset, fileSize, memorySize, flags }) => ({
        address: linkAddress(address),
        offset,
        fileSize,
        memorySize,
        executable: (flags & PF_X) !== 0,
      }));
    const found = hasDwarf(file) ? undefined : openSeparateDebugFile(file, directories, options.debuginfodCache);
    const separate = found?.file;
    this.warnings = found?.mismatches ?? [];
    if (separate) store.add(separate);
    this.debugFile = separate?.path;
    this.#debug = separate ?? file;
    this.hasDebugInfo = hasDwarf(this.#debug);
    this.#symbols = new Symbols(() => [...this.#otherSymbols(separate), file]);
    const debugFile = new DebugFile(this.#debug, {
      supplementary: () => {
        // Stripping leaves the link in programs that have nothing left to share.
        if (!this.hasDebugInfo) return undefined;
        this.#alternate = openAlternateFile(this.#debug, directories);
        if (this.#alternate) this.#keepSections(store.add(this.#alternate));
        return this.#alternate;
      },
      directoryOf: (source) =>
        this.#indexOf(source === this.#alternate ? this.#alternate : this.#debug)?.kept?.directory,
    });
    this.#keepSections(this.#debug);
    const info = new DebugInfo(debugFile);
    const split = new SplitUnits(
      info,
      splitFiles({ program: file.path, debugFile: separate?.path, directories, keep: (each) => void store.add(each) }),
    );
    const names = new ProgramNames(info, split, this.#nameIndexes());
    const program = new Program(info, this.#facts(), names, split);
    this.#program = program;
    this.#functions = new FunctionFinder(file, this.#symbols, program);
    this.#patterns = new PatternFinder(this.#symbols, program, this.#functions);
    this.#types = new Types((declaration) => findDefinition(program, declaration));
    this.#returns = new ReturnFinder(this.#functions, this.#symbols, program, this.#types, {
      cfaAt: (pc) => this.#unwindRowAt(pc)?.cfa,
      wordAt: (address) => this.#relocatedSlots.get(address) ?? this.#wordAt(address),
    });
  }

  get path(): string {
    return this.#file.path;
  }

  dispose(): void {
    this.#store.dispose();
  }

  /**
   * The link-time address of what is mapped executable from `offset` on; undefined where no code is. Mappings begin at
   * page boundaries, so the offset may lie before the segment's own, even in the bytes of the segment before it (lld
   * packs them that way).
   */
  codeAddressOfOffset(offset: FileOffset): LinkAddress | undefined {
    const segment = this.segments.find(
      (each) =>
        each.executable && offset >= each.offset - (each.offset % PAGE_BYTES) && offset < each.offset + each.fileSize,
    );
    return segment && linkAddress(segment.address + BigInt(offset - segment.offset));
  }

  /**
   * The file's bytes at an address of an executable segment; undefined outside. Fewer than `length` at a segment's end.
   */
  textAt(address: LinkAddress, length: number): Uint8Array | undefined {
    const segment = this.segments.find(
      (each) => each.executable && address >= each.address && address < each.address + BigInt(each.fileSize),
    );
    if (!segment) return undefined;
    const start = Number(address - segment.address);
    return this.#file.read(segment.offset + start, Math.min(length, segment.fileSize - start), 'code');
  }

  /**
   * The restartable sequence (rseq(2)) that an address lies in, or that begins within an instruction's length after it.
   */
  restartableSequenceAt(address: LinkAddress): CodeRange | undefined {
    const at = Number(address);
    this.#sequences ??= readRestartableSequences(this.#file);
    const found = this.#sequences.find(({ start, end }) => at < end && at + MAX_INSTRUCTION >= start);
    return found && { start: linkAddress(found.start), end: linkAddress(found.end) };
  }

  /** Absolute paths, where debug information has them, of all source files. */
  sourceFiles(): readonly string[] {
    return this.#program.lines.sourceFiles();
  }

  /**
   * Paths that `file` may mean here: its own; else the files with the longest end in common; a relative one must be
   * their end. Only when there is exactly one does {@link linePlaces} take it.
   */
  filesMatching(file: string): readonly string[] {
    return this.#program.lines.filesMatching(file);
  }

  /**
   * The places of a line, or of the next one that has code; undefined when the file is not here, is ambiguous, or has
   * no code below.
   */
  linePlaces(file: string, line: number): { file: string; line: number; places: readonly ProbePlace[] } | undefined {
    this.#announce();
    const [path, ...others] = this.filesMatching(file);
    return path === undefined || others.length > 0 ? undefined : linePlaces(this.#program, path, line);
  }

  /** Lines from `first` to `last` that have code, ascending. */
  codeLines(file: string, first: number, last: number): readonly number[] {
    this.#announce();
    const [path, ...others] = this.filesMatching(file);
    return path === undefined || others.length > 0 ? [] : codeLines(this.#program, path, first, last);
  }

  /**
   * Where the functions of this name, qualified or not, are entered and have their arguments; inlined copies too. Of an
   * indirect function, each that the loader may pick; `NAME@resolver` means the resolver. Throws if the candidates
   * can't be determined.
   */
  functionPlaces(name: string): readonly ProbePlace[] {
    this.#announce();
    return this.#functions.find(name);
  }

  /** Where calls of the functions of this name begin and end. Throws as {@link functionPlaces} does. */
  functionReturns(name: string): FunctionReturns {
    this.#announce();
    return this.#returns.find(name);
  }

  /** The same of the functions that have code at these addresses. */
  returnsAround(addresses: readonly LinkAddress[]): FunctionReturns {
    this.#announce();
    return this.#returns.findAround(addresses.map(Number));
  }

  /**
   * The places of all functions whose names match. Throws `too-many` when there are more than `most`, which is found
   * out before most of them are looked at.
   */
  functionsMatching(pattern: NamePattern, most: number): MatchedPlaces {
    this.#announce();
    return this.#patterns.find(pattern, most);
  }

  /** Whether a symbol of a function matches, which is quickly told. */
  hasSymbolMatching(pattern: NamePattern): boolean {
    return this.#patterns.mayMatch(pattern);
  }

  /** An ELF symbol's value. */
  symbolAddress(name: string): LinkAddress | undefined {
    const [symbol] = this.#symbols.named(name);
    return symbol && linkAddress(symbol.address);
  }

  /** Names of functions near to one that was not found, best first. */
  similarFunctions(name: string): readonly string[] {
    const known = this.#program.names.similarFunctions(name);
    if (known.length > 0) return known;
    // A name may be asked for without its surroundings.
    return mostSimilar(name, this.#functionNames(!name.includes('::')));
  }

  /** Names of functions near to a pattern that matches none, best first. */
  functionsNear(pattern: NamePattern): readonly string[] {
    return nearestToPattern(pattern.coarse, this.#functionNames(!pattern.text.includes('::')));
  }

  /** By their symbols; `short`: their last components too. */
  #functionNames(short: boolean): ReadonlySet<string> {
    const names = new Set<string>();
    for (const symbol of this.#symbols.functions()) {
      const readable = readableName(symbol.name) ?? symbol.name;
      names.add(readable);
      if (short) names.add(lastComponent(readable));
    }
    return names;
  }

  describe(address: LinkAddress): AddressInfo {
    const symbol = this.#symbols.functionAt(Number(address));
    return {
      address,
      ...describeAddress(this.#program, Number(address)),
      symbol: symbol && { name: readableName(symbol.name) ?? symbol.name, offset: Number(address) - symbol.address },
    };
  }

  /**
   * What names mean at an address; nothing where there is no debug information. Where an inlined function starts, the
   * address belongs to several functions: `inFunction`, a place's `function`, says which one is meant.
   */
  scopeAt(address: LinkAddress, inFunction?: string): Scope {
    this.#announce();
    return this.hasDebugInfo ? new ProgramScope(this.#program, this.#types, address, inFunction) : emptyScope(address);
  }

  /**
   * Entries of all functions that symbols, unwinding tables or debug information know, ascending, without repetition.
   */
  functionEntries(): Iterable<LinkAddress> {
    const entries = new Set<number>();
    for (const { address } of this.#symbols.functions()) if (this.#isCode(address)) entries.add(address);
    for (const table of this.#frameTables()) {
      for (const { low } of table.descriptions()) if (this.#isCode(low)) entries.add(low);
    }
    for (const each of this.#program.info.units) {
      const unit = this.#program.split.described(each);
      for (const { low } of this.#program.functionsOf(unit).ranges()) entries.add(low);
    }
    return [...entries].sort((a, b) => a - b).map(linkAddress);
  }

  /** Addresses of all statement rows, program by program. */
  *lineStarts(): Iterable<LinkAddress> {
    for (const address of this.#program.lines.statements()) yield linkAddress(address);
  }

  /**
   * What keeps debug information from being read in full, a sentence each: for the user, who may be able to mend it.
   */
  notices(): readonly string[] {
    return [...unreadUnits(this.#program), ...this.#symbolNotices];
  }

  /** The file with symbols that the program itself lacks. */
  #otherSymbols(separate: ElfFile | undefined): readonly ElfFile[] {
    if (separate) return [separate];
    if (this.#file.section('.symtab')) return [];
    try {
      const mini = openMiniDebugInfo(this.#file);
      return mini ? [this.#store.add(mini)] : [];
    } catch (error) {
      if (!(error instanceof SidestepError)) throw error;
      this.#symbolNotices.push(`${error.message}: only functions that it exports have names`);
      return [];
    }
  }

  #facts(): ProgramFacts {
    const isProgram = this.kind !== 'sharedObject';
    const words = new RelocatedWords(this.#file);
    return {
      isCode: (address) => this.#isCode(address),
      unwindRowAt: (pc) => this.#unwindRowAt(pc),
      dataSymbol: (name) => this.#symbols.named(name).find(({ kind }) => kind === 'object')?.address,
      functionSymbol: (address) => this.#symbols.functionAt(address),
      threadLocalSymbol: (name) => {
        const symbol = this.#symbols.named(name).find(({ kind }) => kind === 'threadLocal');
        return symbol && BigInt(symbol.address);
      },
      linked: new LinkedSymbols(words, isProgram),
      threadBlock: readThreadBlock(this.#file, words, isProgram),
      threadOffset: (value) => offsetInBlock(this.#file, value),
      instructions: (low, high) => this.#instructions(low, high),
    };
  }

  #instructions(low: number, high: number): readonly FlowInstruction[] | undefined {
    if (!this.#readFlow || high - low > MAX_FLOW) return undefined;
    const code = this.textAt(linkAddress(low), high - low);
    return code?.length === high - low ? this.#readFlow(code, low) : undefined;
  }

  /** What the dynamic linker writes that is known beforehand, by address. */
  get #relocatedSlots(): ReadonlyMap<number, number> {
    return (this.#slots ??= readSlots(this.#file));
  }

  #wordAt(address: number): number | undefined {
    const segment = this.segments.find(
      (each) => address >= Number(each.address) && address + WORD_BYTES <= Number(each.address) + each.fileSize,
    );
    if (!segment) return undefined;
    const bytes = this.#file.read(segment.offset + address - Number(segment.address), WORD_BYTES, 'a word');
    return Number(readInteger(bytes, 0, WORD_BYTES, false));
  }

  #isCode(address: number): boolean {
    return this.#file.segments.some(
      (segment) =>
        segment.type === PT.LOAD &&
        (segment.flags & PF_X) !== 0 &&
        address >= segment.address &&
        address < segment.address + segment.memorySize,
    );
  }

  #unwindRowAt(pc: number): UnwindRow | undefined {
    for (const table of this.#frameTables()) {
      const row = table.rowAt(pc);
      if (row?.cfa) return row;
    }
    return undefined;
  }

  #frameTables(): readonly FrameTable[] {
    return (this.#frames ??= this.#readFrames());
  }

  /** .eh_frame, which is loaded and so always in the program itself, and .debug_frame, which may have moved. */
  #readFrames(): FrameTable[] {
    const sections = [
      { kind: '.eh_frame', file: this.#file },
      { kind: '.debug_frame', file: this.#debug },
    ] as const;
    return sections.flatMap(({ kind, file }) => {
      const bytes = file.sectionBytes(kind);
      const addressOf = (name: string) => file.section(name)?.address;
      const bases = { section: addressOf(kind) ?? 0, text: addressOf('.text'), data: addressOf('.got') };
      const index = () => (kind === '.eh_frame' ? this.#readFrameIndex() : undefined);
      return bytes ? [new FrameTable({ kind, file: file.path, bytes, bases, index })] : [];
    });
  }

  #readFrameIndex(): { readonly bytes: Uint8Array; readonly address: number } | undefined {
    const bytes = this.#file.sectionBytes('.eh_frame_hdr');
    const section = this.#file.section('.eh_frame_hdr');
    return bytes && section && { bytes, address: section.address };
  }

  #nameIndexes(): Indexes {
    const known = (): NameIndex | undefined => this.#indexOf(this.#debug)?.known;
    return {
      open: (which) => this.#openIndex(which),
      get known() {
        return known();
      },
    };
  }

  #openIndex(which: 'own' | 'shared'): NameIndex | undefined {
    const file = which === 'own' ? this.#debug : this.#alternate;
    try {
      return file && this.#indexOf(file)?.index;
    } catch (error) {
      // What is wrong with it, whoever searches it will meet.
      if (error instanceof SidestepError) return undefined;
      throw error;
    }
  }

  #indexOf(file: ElfFile): FileIndex | undefined {
    if (!this.hasDebugInfo) return undefined;
    let index = this.#indexes.get(file);
    if (!index) {
      index = new FileIndex(file, {
        cache: this.#cache && new IndexCache(this.#cache),
        isSupplementary: file === this.#alternate,
        ...(this.#leastKept !== undefined && { leastKept: this.#leastKept }),
        supplementary: () => this.#alternate,
        onScan: () => this.#onProgress(`Indexing the names in ${file.path}`),
      });
      this.#indexes.set(file, index);
    }
    return index;
  }

  /** Large compressed sections are read from copies in the cache. */
  #keepSections(file: ElfFile): void {
    if (this.#cache) file.keepSections(new SectionCopies(this.#cache, cacheKey(file), this.#leastKept));
  }

  /** Says once that debug information is about to be read. */
  #announce(): void {
    if (this.#announced || !this.hasDebugInfo) return;
    this.#announced = true;
    this.#onProgress(`Reading debug information of ${this.#debug.path}`);
  }
}

function hasDwarf(file: ElfFile): boolean {
  return ['.debug_info', '.zdebug_info'].some((name) => file.section(name) !== undefined);
}
