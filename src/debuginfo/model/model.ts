/**
 * What debug information says, in terms of the source language's reader rather than of DWARF: the vocabulary in which
 * `symbols` answers and `language` asks. All addresses are link-time addresses of one image.
 */
import { type LinkAddress } from '../../base/address';

// ---- types
// ------------------------------------------------------------------------------------------------------------

/** DW_LANG_*, as far as it changes how names and values read. */
export type SourceLanguage = 'c' | 'c++' | 'rust' | 'go' | 'zig' | 'asm' | 'other';

export type BaseEncoding =
  | 'signed'
  | 'unsigned'
  | 'boolean'
  | 'float'
  | 'character'
  | 'unsignedCharacter'
  | 'address'
  | 'complex'
  | 'complexInteger'
  | 'decimal'
  /** char8_t, char16_t, char32_t and Rust's char. */
  | 'unicode'
  | 'other';

/**
 * A number that only the running program has: how long an array is, where in an object a virtual base lies. What
 * computes it differs from place to place: {@link Scope.compute}.
 */
export interface RuntimeNumber {
  readonly kind: 'runtime';
}

/**
 * A type. Fields that may lead round in a circle (a struct that points to itself) are getters, resolved when they are
 * read. `byteSize` is undefined where the type has none (void, incomplete types, arrays of unknown length).
 */
export type Type =
  | BaseType
  | {
      readonly kind: 'pointer' | 'reference' | 'rvalueReference';
      readonly name?: string;
      readonly byteSize: number;
      readonly target: Type;
    }
  | StructureType
  | {
      readonly kind: 'array';
      readonly byteSize: number | undefined;
      readonly element: Type;
      /** Outermost first. */ readonly counts: readonly (number | RuntimeNumber | undefined)[];
      /** Its elements are numbers that are computed with at once, characters too: no text. */ readonly isVector?: true;
    }
  /** C++'s pointer to a member: of data its offset in the class, of functions two words (Itanium C++ ABI §2.3). */
  | {
      readonly kind: 'memberPointer';
      readonly byteSize: number;
      readonly containing: Type;
      readonly target: Type;
    }
  | {
      readonly kind: 'enumeration';
      readonly name: string | undefined;
      readonly language: SourceLanguage;
      readonly byteSize: number;
      readonly signed: boolean;
      readonly enumerators: readonly { readonly name: string; readonly value: bigint }[];
    }
  /** typedef and the qualifiers: another name for `target`. */
  | {
      readonly kind: 'typedef';
      readonly name: string;
      readonly language: SourceLanguage;
      readonly byteSize: number | undefined;
      readonly target: Type;
    }
  | {
      readonly kind: 'const' | 'volatile' | 'restrict' | 'atomic';
      readonly byteSize: number | undefined;
      readonly target: Type;
    }
  | {
      readonly kind: 'function';
      readonly byteSize: undefined;
      readonly returns: Type;
      readonly parameters: readonly Type[];
    }
  /** C's void, and what can't be named otherwise. */
  | { readonly kind: 'void'; readonly byteSize: undefined }
  | { readonly kind: 'unspecified'; readonly name: string; readonly byteSize: undefined };

export interface BaseType {
  readonly kind: 'base';
  readonly name: string;
  readonly language: SourceLanguage;
  readonly byteSize: number;
  readonly encoding: BaseEncoding;
  /** C23's `_BitInt(N)`: so many of the lowest bits are the value, the others are anything (the psABI, §3.1.2). */
  readonly bitSize?: number;
}

export interface StructureType {
  readonly kind: 'structure' | 'class' | 'union';
  readonly name: string | undefined;
  /** Undefined for a declaration whose definition is nowhere in the image, and where {@link hasRuntimeSize}. */
  readonly byteSize: number | undefined;
  /**
   * It is defined, but how long it is, only the running program knows (GNU C: arrays of variable length in structures).
   */
  readonly hasRuntimeSize?: boolean;
  /** In bytes, where the program states one. */
  readonly alignment?: number;
  /** C++: how functions take and return objects of the type, where debug information says it (DWARF 5 §5.7.5). */
  readonly passedBy?: 'value' | 'reference' | undefined;
  readonly language: SourceLanguage;
  /** Without those that only some of its variants have. */
  readonly members: readonly Member[];
  /** A structure that is one of several (Rust's enum, Ada's variant record); undefined for others. */
  readonly variants?: VariantPart | undefined;
  /** What a template, or a generic type, was instantiated with, in order; undefined for other types. */
  readonly templateArguments?: readonly TemplateArgument[] | undefined;
}

/** One of several sets of members, of which a value has the one that its discriminant names (DWARF 5 §5.7.10). */
export interface VariantPart {
  /** Undefined where there is but one variant. */
  readonly discriminant: Member | undefined;
  readonly variants: readonly Variant[];
}

export interface Variant {
  /** Of the discriminant, as many bits as that has, without a sign. Undefined: all that no other variant has. */
  readonly values: readonly { readonly low: bigint; readonly high: bigint }[] | undefined;
  readonly members: readonly Member[];
}

/** An argument of a template (DWARF 5 §2.23, and GNU's extensions to it). `name`: the parameter's. */
export type TemplateArgument = { readonly name: string | undefined } & (
  | { readonly kind: 'type'; readonly type: Type }
  /** A number, the address of an object or of a function, or the bytes of what is larger. */
  | { readonly kind: 'value'; readonly type: Type; readonly value: Location }
  /** The template of this name. */
  | { readonly kind: 'template'; readonly template: string }
  | { readonly kind: 'pack'; readonly arguments: readonly TemplateArgument[] }
);

export interface Member {
  /** Undefined for an anonymous struct or union, whose members read as the outer one's. */
  readonly name: string | undefined;
  readonly type: Type;
  /**
   * From the start of the structure. A {@link RuntimeNumber} is the member's address, computed from the structure's.
   */
  readonly byteOffset: number | RuntimeNumber;
  /** Bit-fields: offset from the structure's first bit (little-endian numbering) and size in bits. */
  readonly bits?: { readonly offset: number; readonly size: number };
  /** A base class, not a member. */
  readonly inherited: boolean;
  /** Go: an embedded field, whose members read as the structure's own. */
  readonly isEmbedded?: boolean;
  /** In bytes, where the program states one. */
  readonly alignment?: number;
}

// ---- where values are
// ---------------------------------------------------------------------------------------------------

/**
 * A stack expression over registers, constants and memory: DWARF's operations (DWARF 5 §2.5), reduced. Frame bases,
 * CFAs and entry values are already replaced by what they are at the address in question.
 */
export type LocationOperation =
  | { readonly op: 'const'; readonly value: bigint }
  /** A link-time address; its reader adds the bias. */
  | { readonly op: 'address'; readonly address: LinkAddress }
  /**
   * The register's value: DWARF register number, 0–15 general, 16 return address (= pc of the site), 17–32 xmm0–15 (low
   * 8 bytes).
   */
  | { readonly op: 'register'; readonly register: number }
  /** The address of the object that a {@link RuntimeNumber} is asked about. */
  | { readonly op: 'object' }
  /** Thread-local storage: pushes the address of the byte at `offset` of the thread's block of this module. */
  | { readonly op: 'tls'; readonly block: ThreadBlock; readonly offset: bigint }
  | { readonly op: 'load'; readonly size: 1 | 2 | 4 | 8 }
  | { readonly op: 'dup' | 'drop' | 'swap' }
  | {
      readonly op:
        | 'add'
        | 'sub'
        | 'mul'
        | 'divS'
        | 'remU'
        | 'and'
        | 'or'
        | 'xor'
        | 'shl'
        | 'shrS'
        | 'shrU'
        | 'neg'
        | 'not'
        | 'abs'
        | 'eq'
        | 'ne'
        | 'ltS'
        | 'leS'
        | 'gtS'
        | 'geS';
    }
  | { readonly op: 'extend'; readonly bits: number; readonly signed: boolean }
  /** Pops a condition; goes on with what `then` leaves if it is not 0, else with what `otherwise` leaves. */
  | {
      readonly op: 'choose';
      readonly then: readonly LocationOperation[];
      readonly otherwise: readonly LocationOperation[];
    }
  /** There is no such value: `reason` reads as a value would. Ends the computation. */
  | { readonly op: 'missing'; readonly reason: string };

/** Where a thread has its copy of a module's thread-local variables. */
export type ThreadBlock =
  /** So many bytes from the thread pointer (fs_base) on. */
  | { readonly kind: 'fixed'; readonly offset: bigint }
  /** As many bytes from the thread pointer on as the word at `slot` says, less `addend`. */
  | { readonly kind: 'offset'; readonly slot: LinkAddress; readonly addend: bigint }
  /**
   * Where the thread's vector of blocks says, by the module's number in the word at `slot`; it is another module's
   * unless the word at `expected.slot` is `expected.value`.
   */
  | {
      readonly kind: 'module';
      readonly slot: LinkAddress;
      readonly expected?: { readonly slot: LinkAddress; readonly value: bigint };
    }
  /** The same, but from the byte on that the word after `slot` says, less `addend`. */
  | { readonly kind: 'pair'; readonly slot: LinkAddress; readonly addend: bigint }
  /**
   * A TLS descriptor (the psABI's `-mtls-dialect=gnu2`): the word after `slot` is a distance below the thread pointer,
   * or the address of a module's number and an offset in its block; less `addend`. Until it is used, old dynamic
   * linkers have the address of its relocation there, `unresolved`.
   */
  | {
      readonly kind: 'descriptor';
      readonly slot: LinkAddress;
      readonly addend: bigint;
      readonly unresolved: LinkAddress;
      /** Whether the thread's vector is known to be glibc's: without it, only distances tell. */
      readonly hasVector: boolean;
    };

export type Location =
  /** In memory, at the address the operations leave. */
  | { readonly kind: 'memory'; readonly address: readonly LocationOperation[] }
  /** Nowhere: the operations leave the value itself. */
  | { readonly kind: 'value'; readonly value: readonly LocationOperation[] }
  | { readonly kind: 'register'; readonly register: number }
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  /** In several places, first bytes first. */
  | { readonly kind: 'pieces'; readonly pieces: readonly { readonly location: Location; readonly byteSize: number }[] }
  /** Nowhere: the value is a pointer, to byte `offset` of an object that has no address itself. */
  | { readonly kind: 'implicitPointer'; readonly object: ImplicitObject; readonly offset: number }
  /** Nowhere at this address; `reason` reads as a value would: `<optimized out>`, `<not available: …>`. */
  | { readonly kind: 'unavailable'; readonly reason: string };

/** What an implicit pointer points to (DWARF 5 §2.6.1.1.4). */
export interface ImplicitObject {
  /** A getter: such objects may point to each other. */
  readonly location: Location;
  /** Undefined where debug information does not say. */
  readonly byteSize: number | undefined;
}

export interface Variable {
  readonly name: string;
  readonly type: Type;
  /** At the scope's address. */
  readonly location: Location;
  readonly role: 'parameter' | 'local' | 'global';
  /** Where a name may mean several things, and nothing tells which: all of them, in full. */
  readonly alternatives?: readonly string[];
}

// ---- places in the source
// -------------------------------------------------------------------------------------------------

export interface SourceLine {
  /** Absolute where the debug information says it, normalised (no `.`, no `..`). */
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** From 1; 0: unknown. */
  readonly column: number;
}

/** What an address belongs to. */
export interface AddressInfo {
  readonly address: LinkAddress;
  /** The line-table row's; undefined without line information. */
  readonly line: SourceLine | undefined;
  /** Innermost: an inlined function's name where the address is in an inlined instance. */
  readonly function: string | undefined;
  /** Of the innermost function's name; undefined where debug information does not say. */
  readonly declarationLine?: number;
  /** Who the innermost is inlined into, from the inside out; empty where it is not inlined. */
  readonly inlinedInto: readonly string[];
  /** From the containing ELF symbol, when debug information says nothing. */
  readonly symbol: { readonly name: string; readonly offset: number } | undefined;
}

/** A range of code; link-time addresses. */
export interface CodeRange {
  readonly start: LinkAddress;
  /** After its last byte. */
  readonly end: LinkAddress;
}

/**
 * One place that a probe on a location must stand at: one for each copy of its code, inlined and unrolled ones
 * included.
 */
export interface ProbePlace {
  /** Addresses that serve, best first: the others are for when the first can't be probed. Never empty. */
  readonly candidates: readonly LinkAddress[];
  readonly function: string | undefined;
  readonly line: SourceLine | undefined;
  /**
   * Why hits there may be more or fewer than calls of the function or passes of the line: a sentence without a full
   * stop.
   */
  readonly doubt?: string;
}

// ---- where functions return
// ------------------------------------------------------------------------------------------------------------

/** How control leaves a function. */
export type Exit =
  | { readonly kind: 'return' }
  /** It jumps to another function, which returns to the caller in its place; `to`: that one's name, where known. */
  | { readonly kind: 'tailJump'; readonly to: string | undefined };

/**
 * Numbers by which an entry and an exit of a function are known to be of one call: each leaves one. No two calls that
 * run at a time have the same.
 */
export type FrameKey = readonly (readonly LocationOperation[])[];

/** What a function returns, as far as debug information tells. */
export interface Returned {
  readonly language: SourceLanguage;
  /** Go's functions may have several; none: the function returns nothing. */
  readonly results: readonly { readonly name: string | undefined; readonly type: Type }[];
  /** Why the value may not be where the ABI has it: reads as a value would. */
  readonly unreliable?: string;
}

/** What is known where control leaves a function. */
export interface Leaving {
  readonly exit: Exit;
  /** Undefined where no entry of the copy can be told from its other code. */
  readonly frame: FrameKey | undefined;
  /** Undefined where nothing is known of what the function returns. */
  readonly returned: Returned | undefined;
}

export interface ExitPlace extends Leaving {
  readonly address: LinkAddress;
  readonly function: string | undefined;
  readonly line: SourceLine | undefined;
  /** Which of the function's copies it is of. */
  readonly copy: number;
}

/** Where one copy of a function is entered: passed once in each call. */
export interface EntryPlace {
  readonly address: LinkAddress;
  readonly copy: number;
  readonly frame: FrameKey;
}

/** Where calls of a function begin and end. */
export interface FunctionReturns {
  readonly exits: readonly ExitPlace[];
  readonly entries: readonly EntryPlace[];
  /** Why returns may be missed: sentences without a full stop. */
  readonly doubts: readonly string[];
}

// ---- names visible at an address
// --------------------------------------------------------------------------------------------

/** What a name means at one address. Made by `symbols`, read by `language`. */
export interface Scope {
  readonly pc: LinkAddress;
  readonly language: SourceLanguage;
  /** The innermost function, inlined or not. */
  readonly function: string | undefined;
  /**
   * Innermost block first, then outwards, then the file's and the program's globals: those of the namespaces around the
   * function, then those that are not visible there. `::name` is one that has this name in full, `'file.c'::name` a
   * file's own, `function::name` a static variable of a function.
   */
  lookup(name: string): Variable | undefined;
  /** Of the innermost function and those that it is nested in alone. */
  lookupLocal(name: string): Variable | undefined;
  /** The functions of a name, each once, by their names in full; as variables that lie where their code begins. */
  functions(name: string): readonly Variable[];
  /** Of the innermost function, in order of declaration. */
  parameters(): readonly Variable[];
  /** Visible at pc, innermost first, without the parameters. */
  locals(): readonly Variable[];
  /**
   * A type by its name as the language writes it (`struct item`, `unsigned int`, `Parser::State`), for casts and
   * sizeof.
   */
  lookupType(name: string): Type | undefined;
  /** Where the number is at the scope's address: a value or unavailable. */
  compute(number: RuntimeNumber): Location;
  /**
   * A variable of the innermost function that has no place here, since it is declared in another block: for the reason
   * why.
   */
  lookupElsewhere(name: string): Variable | undefined;
  /** Names near to one that was not found, best first, for "did you mean". */
  similarNames(name: string): readonly string[];
  /** The same of types. */
  similarTypes(name: string): readonly string[];
  /** Go: a type as the language writes it, and where the program describes it at run time. */
  runtimeType(name: string): { readonly type: Type; readonly descriptor: LinkAddress | undefined } | undefined;
  /** Where the function returns; undefined elsewhere. */
  readonly leaving?: Leaving;
}

/** A scope where nothing is known: functions without debug information. */
export function emptyScope(pc: LinkAddress): Scope {
  return {
    pc,
    language: 'other',
    function: undefined,
    lookup: () => undefined,
    parameters: () => [],
    locals: () => [],
    lookupType: () => undefined,
    compute: () => ({ kind: 'unavailable', reason: '<not available>' }),
    lookupElsewhere: () => undefined,
    similarNames: () => [],
    similarTypes: () => [],
    lookupLocal: () => undefined,
    functions: () => [],
    runtimeType: () => undefined,
  };
}
