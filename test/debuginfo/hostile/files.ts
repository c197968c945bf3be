/** Files that lie: each is a program whose headers or debug information ask for more than any answer is worth. */
import { execFileSync } from 'node:child_process';
import { closeSync, ftruncateSync, openSync, symlinkSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { deflateSync } from 'node:zlib';
import { AT, ATE, CFA, FORM, LNCT, OP, RLE, TAG, UT } from '../../../src/debuginfo/dwarf/constants';
import { cstring, type Field, sleb, u16, u32, u64, u8, uleb } from '../assembler';
import {
  bytes,
  CODE_ADDRESS,
  CODE_END,
  type Piece,
  program,
  repeated,
  type Section,
  segment,
  sized,
  WORK,
} from './elfWriter';

export interface HostileFile {
  readonly name: string;
  /** Writes it, and what it needs beside it. */
  write(path: string, folder: string): void;
  /** What some question must be answered with, by the question: an error's text or a number of answers. */
  readonly says?: Readonly<Record<string, RegExp | number>>;
}

const SHT = { RELA: 4, NOTE: 7 } as const;
const ALLOCATED = 2;
const COMPRESSED = 0x800;

function section(name: string, ...pieces: readonly Piece[]): Section {
  return { name, contents: bytes(...pieces) };
}

/** A section compressed by zlib (Elf64_Chdr). */
function compressed(name: string, contents: Uint8Array, claimed = contents.length): Section {
  const header = bytes(u32(1), u32(0), u64(claimed), u64(1));
  return { name, flags: COMPRESSED, contents: bytes(header, deflateSync(contents, { level: 9 })) };
}

/** One declaration in .debug_abbrev; `pairs`: attributes and forms. */
function declared(
  code: number,
  tag: number,
  hasChildren: boolean,
  ...pairs: readonly (readonly [number, number])[]
): Buffer {
  return bytes(uleb(code), uleb(tag), u8(hasChildren ? 1 : 0), ...pairs.flat().map(uleb), u8(0), u8(0));
}

/** Codes of the abbreviations that most files here use. */
const CODE = { unit: 1, function: 2, parameter: 3, type: 4, inlined: 5, abstract: 6, member: 7, array: 8, range: 9 };
const ABBREVIATIONS = bytes(
  declared(
    CODE.unit,
    TAG.compile_unit,
    true,
    [AT.low_pc, FORM.addr],
    [AT.high_pc, FORM.data4],
    [AT.stmt_list, FORM.sec_offset],
  ),
  declared(
    CODE.function,
    TAG.subprogram,
    true,
    [AT.name, FORM.string],
    [AT.low_pc, FORM.addr],
    [AT.high_pc, FORM.data4],
  ),
  declared(
    CODE.parameter,
    TAG.formal_parameter,
    false,
    [AT.name, FORM.string],
    [AT.type, FORM.ref4],
    [AT.location, FORM.exprloc],
  ),
  declared(
    CODE.type,
    TAG.base_type,
    false,
    [AT.name, FORM.string],
    [AT.byte_size, FORM.data1],
    [AT.encoding, FORM.data1],
  ),
  declared(CODE.inlined, TAG.inlined_subroutine, false, [AT.abstract_origin, FORM.ref4], [AT.ranges, FORM.sec_offset]),
  declared(CODE.abstract, TAG.subprogram, false, [AT.name, FORM.string], [AT.inline, FORM.data1]),
  declared(CODE.member, TAG.member, false, [AT.type, FORM.ref4], [AT.data_member_location, FORM.data1]),
  declared(CODE.array, TAG.array_type, true, [AT.type, FORM.ref4]),
  declared(CODE.range, TAG.subrange_type, false, [AT.count, FORM.data1]),
);
const END = u8(0);
/** Offset of the unit's first entry, and of the first child of the one that {@link unit} puts there. */
const FIRST = 12;
const CHILD = FIRST + 1 + 8 + 4 + 4;

/** A DWARF 5 unit; `line`: where its line number program is. */
function unit(children: readonly Piece[], { abbreviations = 0, line = 0 } = {}): Buffer {
  return sized(
    u16(5), // version
    u8(UT.compile),
    u8(8), // size of addresses
    u32(abbreviations),
    u8(CODE.unit),
    u64(CODE_ADDRESS),
    u32(CODE_END - CODE_ADDRESS),
    u32(line),
    ...children,
    END,
  );
}

/** The entry of the function work, with children. */
function work(...children: readonly Piece[]): Buffer {
  return bytes(u8(CODE.function), cstring('work'), u64(WORK), u32(CODE_END - WORK), ...children, END);
}

/** Its parameter x, with a type at this offset of the unit, in register rdi or where `location` says. */
function parameter(type: number, location: Piece = [OP.reg0 + 5], name: Piece = cstring('x')): Buffer {
  const expression = bytes(location);
  return bytes(u8(CODE.parameter), name, u32(type), uleb(expression.length), expression);
}

const INT = bytes(u8(CODE.type), cstring('int'), u8(4), u8(ATE.signed));

/** A file of these entries of one unit. */
function entries(children: readonly Piece[], ...more: readonly Section[]): Buffer {
  return special([], children, ...more);
}

/** A file of these entries, with declarations of its own beside the usual ones. */
function special(declarations: readonly Piece[], children: readonly Piece[], ...more: readonly Section[]): Buffer {
  return program([
    section('.debug_abbrev', ABBREVIATIONS, ...declarations, END),
    section('.debug_info', unit(children)),
    ...(more.some(({ name }) => name === '.debug_line') ? [] : [ONE_LINE]),
    ...more,
  ]);
}

/** A line number program of version 5: its tables and its opcodes. */
function lineProgram(tables: readonly Piece[], opcodes: Piece): Buffer {
  const header = bytes(
    u8(1), // minimum instruction length
    u8(1), // maximum operations
    u8(1), // rows are statements
    u8(-5), // line base
    u8(14), // line range
    u8(13), // first special opcode
    [0, 1, 1, 1, 1, 0, 0, 0, 1, 0, 0, 1], // operands of the standard ones
    ...tables,
  );
  return sized(u16(5), u8(8), u8(0), u32(header.length), header, opcodes);
}

/** One directory and one file, base.c. */
const TABLES: readonly Piece[] = [
  ...[u8(1), uleb(LNCT.path), uleb(FORM.string), uleb(1), cstring('/src')],
  ...[u8(2), uleb(LNCT.path), uleb(FORM.string), uleb(LNCT.directory_index), uleb(FORM.udata)],
  ...[uleb(2), cstring('base.c'), uleb(0), cstring('base.c'), uleb(0)],
];
/** DW_LNE_set_address to work, DW_LNS_advance_line to 6. */
const AT_WORK = bytes([0, 9, 2], u64(WORK), [3], sleb(5));
const END_SEQUENCE: Field = [2, 4, 0, 1, 1];

/** A program with code at work for base.c:6, and what it says of functions. */
function withLines(lines: Section, children: readonly Piece[] = [work()]): Buffer {
  return program([section('.debug_abbrev', ABBREVIATIONS, END), section('.debug_info', unit(children)), lines]);
}

const ONE_LINE = section('.debug_line', lineProgram(TABLES, bytes(AT_WORK, [1], END_SEQUENCE)));

function write(make: () => Uint8Array): HostileFile['write'] {
  return (path) => writeFileSync(path, make(), { mode: 0o755 });
}

function file(name: string, make: () => Uint8Array, says: HostileFile['says'] = {}): HostileFile {
  return { name, write: write(make), says };
}

/** A file that is linked to by name, beside it. */
function linked(
  name: string,
  section: Section,
  beside: (folder: string) => void,
  says?: HostileFile['says'],
): HostileFile {
  return {
    name,
    write(path, folder) {
      beside(folder);
      // dwz's link is followed where there are entries that need it.
      const own = section.name === '.gnu_debugaltlink' ? sharing(section) : program([section]);
      writeFileSync(path, own, { mode: 0o755 });
    },
    ...(says && { says }),
  };
}

function sharing(link: Section): Buffer {
  return special([declared(20, TAG.subprogram, false, [AT.name, FORM.GNU_strp_alt])], [work(), u8(20), u32(0)], link);
}

const debugLink = (name: string): Section => {
  const text = cstring(name);
  return section('.gnu_debuglink', text, new Array<number>((4 - (text.length % 4)) % 4).fill(0), u32(0));
};
const altLink = (name: string): Section => section('.gnu_debugaltlink', cstring(name), new Array<number>(20).fill(7));
const buildId = (...id: number[]): Section => ({
  name: '.note.gnu.build-id',
  type: SHT.NOTE,
  contents: bytes(u32(4), u32(id.length), u32(3), Buffer.from('GNU\0'), id),
});

/** A Unix socket that nobody listens on any more. */
const socket = (folder: string, name: string): void => {
  const listen = 'require("net").createServer().listen(process.argv[1], () => process.exit())';
  execFileSync(process.execPath, ['-e', listen, join(folder, name)]);
};
const fifo = (folder: string, ...name: string[]): void => void execFileSync('mkfifo', [join(folder, ...name)]);

/** Files and links beside the program, and sizes in its ELF tables. */
const ELF: readonly HostileFile[] = [
  linked('debuglink to a FIFO', debugLink('link'), (folder) => fifo(folder, 'link'), { open: 1 }),
  linked('debuglink to a socket', debugLink('link'), (folder) => socket(folder, 'link'), { open: 1 }),
  linked('altlink to a socket', altLink('link'), (folder) => socket(folder, 'link'), {
    function: /shares debug information with/,
  }),
  linked('debuglink to a device', debugLink('link'), (folder) => symlinkSync('/dev/zero', join(folder, 'link')), {
    open: 1,
  }),
  linked('debuglink to a terminal', debugLink('link'), (folder) => symlinkSync('/dev/tty', join(folder, 'link'))),
  linked('debuglink to a directory', debugLink('link'), (folder) => symlinkSync('/', join(folder, 'link')), {
    open: 1,
  }),
  linked('debuglink to a file that the kernel makes up', debugLink('link'), (folder) =>
    symlinkSync('/proc/kmsg', join(folder, 'link')),
  ),
  linked('debuglink with directories', debugLink('../../etc/passwd'), () => undefined, { open: 1 }),
  linked('debuglink without an end', section('.gnu_debuglink', [0x61, 0x62]), () => undefined, { open: /malformed/ }),
  linked('altlink to a FIFO', altLink('link'), (folder) => fifo(folder, 'link'), {
    function: /shares debug information with/,
  }),
  linked('altlink to a device', altLink('/dev/zero'), () => undefined, { function: /shares debug information with/ }),
  linked(
    'build-id of a FIFO',
    buildId(0xab, 0xcd),
    (folder) => {
      execFileSync('mkdir', ['-p', join(folder, '.build-id', 'ab')]);
      fifo(folder, '.build-id', 'ab', 'cd.debug');
    },
    { open: 1 },
  ),
  linked(
    'build-id of a file that is malformed',
    buildId(0xab, 0xcd),
    (folder) => {
      execFileSync('mkdir', ['-p', join(folder, '.build-id', 'ab')]);
      const lie = program([{ ...buildId(1, 2), claimedSize: 1e12 }]);
      writeFileSync(join(folder, '.build-id', 'ab', 'cd.debug'), lie);
    },
    { open: 1 },
  ),
  {
    name: 'debuglink to a sparse file of 6 GB',
    write(path, folder) {
      writeFileSync(path, program([debugLink('link')]), { mode: 0o755 });
      const sparse = openSync(join(folder, 'link'), 'w');
      writeSync(sparse, program([]));
      ftruncateSync(sparse, 6e9);
      closeSync(sparse);
    },
    says: { open: 1 },
  },
  {
    name: 'a sparse file with a section of 6 GB',
    write(path) {
      const start = program([{ name: '.debug_info', claimedOffset: 0x1000, claimedSize: 6e9 }]);
      const sparse = openSync(path, 'w', 0o755);
      writeSync(sparse, start);
      ftruncateSync(sparse, 7e9);
      closeSync(sparse);
    },
    says: { function: /section \.debug_info, 6000000000 bytes, is (empty in most places|too large)/ },
  },
  {
    name: 'a sparse file with a section of 3 GB',
    write(path) {
      const sparse = openSync(path, 'w', 0o755);
      writeSync(sparse, program([{ name: '.debug_info', claimedOffset: 0x1000, claimedSize: 3e9 }]));
      ftruncateSync(sparse, 4e9);
      closeSync(sparse);
    },
    says: { function: /is mostly empty/ },
  },
  file(
    'restartable sequences of 2^50 bytes',
    () => program([{ name: '__rseq_cs', address: 0x50_0000, claimedSize: 2 ** 50 }, ...lined()]),
    { 'sequence 0': /__rseq_cs .* malformed/ },
  ),
  file(
    'restartable sequences at 2^60',
    () => program([{ name: '__rseq_cs', contents: Buffer.alloc(64), address: 2n ** 60n }, ...lined()]),
    { 'sequence 0': /__rseq_cs .* malformed/ },
  ),
  file(
    'a list of 2^53 restartable sequences',
    () => program([{ name: '__rseq_cs_ptr_array', claimedSize: 2 ** 53 - 8 }, ...lined()]),
    { 'sequence 0': /__rseq_cs_ptr_array .* malformed/ },
  ),
  file(
    '2,000 sections of the same relocations',
    () => {
      const shared = { type: SHT.RELA, flags: ALLOCATED, claimedOffset: 0x1000, claimedSize: 200_000 };
      return program([
        section('pad', Buffer.alloc(200_000)),
        { name: '__rseq_cs', contents: Buffer.alloc(32), address: 0x50_0000 },
        ...Array.from({ length: 2000 }, () => ({ name: 'r', ...shared })),
        ...lined(),
      ]).fill(3, 16, 17);
    },
    { 'sequence 0': /too much of its contents overlaps/ },
  ),
  file('1,100 note segments over the whole file', () =>
    program([section('pad', Buffer.alloc(1_000_000))], {
      segments: Array.from({ length: 1100 }, () =>
        segment({ type: 4, flags: 4, offset: 0, address: 0, size: 1_000_000 }),
      ).slice(0, 60),
    }),
  ),
  file('section names that share 500 KB', () =>
    program([section('x'.repeat(500_000)), ...Array.from({ length: 3000 }, () => section(''))]),
  ),
  file('symbol names that share 500 KB', () => symbols(30_000, (index) => 1 + index, cstring('y'.repeat(500_000))), {
    similar: /too much of its contents overlaps/,
  }),
  file(
    '40,000 functions at one address',
    () =>
      symbols(
        40_000,
        () => 1,
        cstring('work'),
        () => WORK,
      ),
    { function: 1 },
  ),
  file(
    'zlib that becomes 120 MB of line number program',
    () =>
      program([
        section('.debug_abbrev', ABBREVIATIONS, END),
        section('.debug_info', unit([work()])),
        compressed('.debug_line', lineProgram(TABLES, repeated(120_000_000, [0x20]))),
      ]),
    { function: /too many for a file of this size/ },
  ),
  file('zlib that becomes less than it says', () => program([compressed('.debug_info', Buffer.alloc(100), 90_000)])),
  file('twenty sections of the same zlib', () => {
    const bomb = compressed('.debug_info', Buffer.alloc(6_000_000));
    const same = (name: string): Section => ({ ...bomb, name });
    return program(
      ['info', 'abbrev', 'str', 'line', 'line_str', 'aranges', 'rnglists', 'loclists', 'addr', 'str_offsets'].map(
        (name) => same(`.debug_${name}`),
      ),
    );
  }),
];

function lined(): readonly Section[] {
  return [section('.debug_abbrev', ABBREVIATIONS, END), section('.debug_info', unit([work()])), ONE_LINE];
}

/** A symbol table of functions; `nameAt`: the offset of each name in `names`, which starts with a NUL. */
function symbols(
  count: number,
  nameAt: (index: number) => number,
  names: Piece,
  addressOf = (index: number) => CODE_ADDRESS + (index % 16),
): Buffer {
  const table = Buffer.alloc(24 * (count + 1));
  for (let index = 1; index <= count; index++) {
    table.writeUInt32LE(nameAt(index), index * 24);
    table[index * 24 + 4] = 0x12; // global function
    table.writeUInt16LE(1, index * 24 + 6); // section
    table.writeBigUInt64LE(BigInt(addressOf(index)), index * 24 + 8);
  }
  // Sections 0 and .text come before.
  return program([
    { name: '.symtab', type: 2, contents: table, link: 3 },
    { name: '.strtab', type: 3, contents: bytes([0], names) },
  ]);
}

/** Offset of an entry in a unit, for pieces that come before it. */
function after(...pieces: readonly Piece[]): number {
  return CHILD + bytes(...pieces).length;
}

const MANY = 60_000;

/** What units, abbreviations, entries and names can ask for. */
const ENTRIES: readonly HostileFile[] = [
  file('4,000 units that share 60,000 abbreviations', () => {
    const table = bytes(
      ABBREVIATIONS,
      ...Array.from({ length: MANY }, (_, index) => declared(100 + index, TAG.variable, false, [AT.name, FORM.string])),
      END,
    );
    return program([
      section('.debug_abbrev', table),
      section('.debug_info', unit([work(parameter(after(work(parameter(0))))), INT]), repeated(4000, unit([work()]))),
    ]);
  }),
  file('4,000 units that begin everywhere in 60,000 abbreviations', () => {
    const declarations = Array.from({ length: MANY }, (_, index) =>
      declared(100 + index, TAG.variable, false, [AT.name, FORM.string]),
    );
    const table = bytes(ABBREVIATIONS, ...declarations, END);
    const last = table.length - 1;
    const starts = Array.from({ length: 4000 }, (_, index) => last - (index % 4000) * 8 * 10);
    return program([
      section('.debug_abbrev', table),
      section('.debug_info', ...starts.map((abbreviations) => unit([work()], { abbreviations }))),
    ]);
  }),
  file('20,000 inlined copies that name one list of 60,000 ranges', () => copies(20_000, () => 0), {
    function: /too much of its contents overlaps/,
  }),
  file('20,000 inlined copies that begin everywhere in 60,000 ranges', () => copies(20_000, (index) => index * 6), {
    function: /too much of its contents overlaps/,
  }),
  file('40,000 inlined copies', () => copies(40_000, () => MANY * 6)),
  file('40,000 functions of one name', () =>
    entries([
      Buffer.concat(
        Array.from({ length: 40_000 }, (_, index) =>
          bytes(u8(CODE.function), cstring('work'), u64(WORK - (index % 4)), u32(4), END),
        ),
      ),
    ]),
  ),
  file('20,000 abstract functions of one name in files that refer to each other', () =>
    special(
      [declared(20, TAG.variable, false, [AT.type, FORM.ref_addr])],
      [...Array.from({ length: 20_000 }, () => bytes(u8(CODE.abstract), cstring('work'), u8(1))), u8(20), u32(CHILD)],
    ),
  ),
  file(
    'a structure that contains itself eight times',
    () => structure(Array.from({ length: 8 }, (_, index) => index)),
    { 'variables 0': 1 },
  ),
  file('a chain of structures that contain the next one eight times', () => chain(12, 8), { 'variables 0': 1 }),
  file('a structure of 200,000 members', () =>
    structure(
      Array.from({ length: 200_000 }, () => 0),
      INT,
    ),
  ),
  file(
    'an array of itself',
    () =>
      entries([
        work(parameter(after(work(parameter(0))))),
        u8(CODE.array),
        u32(after(work(parameter(0)))),
        u8(CODE.range),
        u8(3),
        END,
      ]),
    { 'variables 0': 1 },
  ),
  file('two arrays of each other', () => {
    const first = after(work(parameter(0)));
    const array = (of: number): Buffer => bytes(u8(CODE.array), u32(of), u8(CODE.range), u8(3), END);
    return entries([work(parameter(first)), array(first + array(0).length), array(first)]);
  }),
  file(
    'a pointer to itself',
    () =>
      special(
        [declared(20, TAG.pointer_type, false, [AT.type, FORM.ref4])],
        [work(parameter(after(work(parameter(0))))), u8(20), u32(after(work(parameter(0))))],
      ),
    { 'variables 0': 1 },
  ),
  file(
    'a function that returns and takes itself',
    () => {
      const at = after(work(parameter(0)));
      return special(
        [
          declared(20, TAG.subroutine_type, true, [AT.type, FORM.ref4]),
          declared(21, TAG.formal_parameter, false, [AT.type, FORM.ref4]),
        ],
        [work(parameter(at)), u8(20), u32(at), ...Array.from({ length: 8 }, () => bytes(u8(21), u32(at))), END],
      );
    },
    { 'variables 0': 1 },
  ),
  file(
    'an array of 2^48 by 2^48',
    () =>
      special(
        [declared(20, TAG.subrange_type, false, [AT.count, FORM.udata])],
        [
          work(parameter(after(work(parameter(0))) + INT.length)),
          INT,
          u8(CODE.array),
          u32(after(work(parameter(0)))),
          ...[1, 2, 3, 4].map(() => bytes(u8(20), uleb(2 ** 48))),
          END,
        ],
      ),
    { 'variables 0': 1 },
  ),
  file(
    'an array of -20',
    () =>
      special(
        [declared(20, TAG.subrange_type, false, [AT.count, FORM.sdata])],
        [
          work(parameter(after(work(parameter(0))) + INT.length)),
          INT,
          u8(CODE.array),
          u32(after(work(parameter(0)))),
          u8(20),
          sleb(-20),
          END,
        ],
      ),
    { 'variables 0': 1 },
  ),
  file('names of 20 MB', () =>
    entries([
      work(
        parameter(
          after(work(parameter(0, [0x55], cstring('x'.repeat(20_000_000))))),
          [0x55],
          bytes(Buffer.alloc(20_000_000, 'x'), [0]),
        ),
      ),
      INT,
    ]),
  ),
  file(
    '20,000 names in one of 2 MB',
    () =>
      special(
        [declared(20, TAG.subprogram, false, [AT.name, FORM.strp])],
        [work(), ...Array.from({ length: 20_000 }, (_, index) => bytes(u8(20), u32(index)))],
        section('.debug_str', Buffer.alloc(2_000_000, 'w'), cstring('work')),
      ),
    { function: /too much of its contents overlaps/ },
  ),
  file('a million entries in each other', () =>
    special([declared(20, TAG.lexical_block, true)], [work(repeated(1_000_000, u8(20)), repeated(1_000_000, END))]),
  ),
  file(
    '100,000 namespaces in each other with as many functions',
    () =>
      special(
        [declared(20, TAG.namespace, true, [AT.name, FORM.string])],
        [
          repeated(100_000, u8(20), cstring('n'), u8(CODE.function), cstring('work'), u64(WORK), u32(4), END),
          repeated(100_000, END),
        ],
      ),
    { function: /nested more than/ },
  ),
  file('2,000 blocks around as many rows', () =>
    program([
      section(
        '.debug_abbrev',
        ABBREVIATIONS,
        declared(20, TAG.lexical_block, true, [AT.low_pc, FORM.addr], [AT.high_pc, FORM.data4]),
        END,
      ),
      section('.debug_info', unit([work(repeated(2000, u8(20), u64(WORK), u32(4)), repeated(2000, END))])),
      section('.debug_line', lineProgram(TABLES, bytes(AT_WORK, repeated(2000, [1]), END_SEQUENCE))),
    ]),
  ),
  file('20,000 variables in one location list of 20,000 entries', () => {
    const list = bytes(...Array.from({ length: 20_000 }, () => bytes(u8(4), uleb(1), uleb(2), uleb(1), [0x55])), u8(0));
    return special(
      [declared(20, TAG.variable, false, [AT.name, FORM.string], [AT.location, FORM.sec_offset])],
      [work(repeated(20_000, u8(20), cstring('v'), u32(12)))],
      section('.debug_loclists', sized(u16(5), u8(8), u8(0), u32(0), list)),
    );
  }),
  file('expressions that call each other 4,000 times', () => {
    const declarations = [declared(20, TAG.variable, false, [AT.name, FORM.string], [AT.location, FORM.exprloc])];
    const calls = (to: number): Buffer => {
      const expression = repeated(4000, [OP.call4], u32(to), [OP.drop]);
      return bytes(u8(20), cstring('v'), uleb(expression.length), expression);
    };
    const last = bytes(u8(20), cstring('v'), uleb(1), [OP.lit0]);
    const start = after(u8(CODE.function), cstring('work'), u64(0), u32(0));
    const size = calls(0).length;
    return special(declarations, [work(...[1, 2, 3].map((next) => calls(start + size * next)), last)]);
  }),
  file('origins in a circle', () =>
    special([declared(20, TAG.subprogram, false, [AT.specification, FORM.ref4])], [work(), u8(20), u32(after(work()))]),
  ),
  file(
    'an abbreviation whose number goes on for 300 bytes',
    () =>
      program([
        section('.debug_abbrev', ABBREVIATIONS, END),
        section(
          '.debug_info',
          sized(u16(5), u8(UT.compile), u8(8), u32(0), repeated(300, u8(0xff)), u8(1), cstring('work')),
        ),
      ]),
    { function: /ULEB128 number is too large/ },
  ),
  file(
    'a block whose length goes on for 300 bytes',
    () =>
      special(
        [declared(20, TAG.variable, false, [AT.location, FORM.exprloc])],
        [work(), u8(20), repeated(300, u8(0xff)), u8(1)],
      ),
    { function: /malformed/ },
  ),
  file('units of 12 bytes', () =>
    program([
      section('.debug_abbrev', END),
      section('.debug_info', repeated(200_000, sized(u16(5), u8(UT.compile), u8(8), u32(0)))),
    ]),
  ),
];

/** Inlined copies of an abstract function in work; `list`: which ranges each names. */
function copies(count: number, list: (index: number) => number): Buffer {
  const ranges = bytes(
    ...[
      bytes(
        ...Array.from({ length: MANY }, () =>
          bytes(
            u8(RLE.offset_pair),
            uleb(14),
            uleb(18),
            [RLE.base_address].slice(1),
            u8(RLE.offset_pair),
            uleb(14),
            uleb(14),
          ),
        ),
      ),
      u8(RLE.end_of_list),
      u8(RLE.offset_pair),
      uleb(14),
      uleb(18),
      u8(RLE.end_of_list),
    ],
  );
  const abstract = bytes(u8(CODE.abstract), cstring('work'), u8(1));
  const first = 12;
  const copy = (index: number): Buffer =>
    bytes(u8(CODE.inlined), u32(CHILD), u32(first + Math.min(list(index), MANY * 6 + 1)));
  const around = bytes(
    u8(CODE.function),
    cstring('caller'),
    u64(WORK),
    u32(4),
    ...Array.from({ length: count }, (_, index) => copy(index)),
    END,
  );
  return program([
    section('.debug_abbrev', ABBREVIATIONS, END),
    section('.debug_info', unit([abstract, around])),
    section('.debug_rnglists', sized(u16(5), u8(8), u8(0), u32(0), ranges)),
    ONE_LINE,
  ]);
}

const STRUCTURE = declared(20, TAG.structure_type, true, [AT.byte_size, FORM.data2]);

/** work's parameter is a structure with members of its own type, or of `of`'s. */
function structure(offsets: readonly number[], of: Buffer = Buffer.alloc(0)): Buffer {
  const at = after(work(parameter(0)));
  const members = Buffer.concat(offsets.map((offset) => bytes(u8(CODE.member), u32(at), u8(offset))));
  return special([STRUCTURE], [work(parameter(at + of.length)), of, u8(20), u16(8), members, END]);
}

/** Structures that hold the next one several times at one place: small, and of countless members. */
function chain(length: number, times: number): Buffer {
  const at = after(work(parameter(0)));
  const one = (next: number): Buffer =>
    bytes(u8(20), u16(8), ...Array.from({ length: times }, () => bytes(u8(CODE.member), u32(next), u8(0))), END);
  const size = one(0).length;
  return special(
    [STRUCTURE],
    [work(parameter(at)), ...Array.from({ length }, (_, index) => one(at + (index + 1) * size)), INT],
  );
}

/** What line number programs and frames can ask for. */
const LINES: readonly HostileFile[] = [
  file('100 line number programs whose tables claim a million entries of no bytes', () => {
    const table: readonly Piece[] = [u8(1), uleb(0x1234), uleb(FORM.flag_present), uleb(1 << 20)];
    const one = lineProgram([...table, ...table], END_SEQUENCE);
    const units = Array.from({ length: 100 }, (_, index) => unit([work()], { line: index * one.length }));
    return program([
      section('.debug_abbrev', ABBREVIATIONS, END),
      section('.debug_info', ...units),
      section('.debug_line', repeated(100, one), cstring('base.c')),
    ]);
  }),
  file('line number programs that begin in each other', () => {
    const nested = repeated(4000, lineProgramStart(100_000), TABLES_BYTES);
    const units = Array.from({ length: 4000 }, (_, index) => unit([work()], { line: index * (nested.length / 4000) }));
    return program([
      section('.debug_abbrev', ABBREVIATIONS, END),
      section('.debug_info', ...units),
      section('.debug_line', nested, Buffer.alloc(200_000, 1)),
    ]);
  }),
  file('5 MB of rows', () =>
    withLines(section('.debug_line', lineProgram(TABLES, bytes(AT_WORK, Buffer.alloc(5_000_000, 1), END_SEQUENCE)))),
  ),
  file('a path of 1 MB, and 50,000 files in it', () =>
    withLines(
      section(
        '.debug_line',
        lineProgram(
          [
            u8(1),
            uleb(LNCT.path),
            uleb(FORM.string),
            uleb(1),
            cstring('d'.repeat(1_000_000)),
            u8(1),
            uleb(LNCT.path),
            uleb(FORM.string),
            uleb(50_000),
            repeated(50_000, cstring('base.c')),
          ],
          END_SEQUENCE,
        ),
      ),
    ),
  ),
  file('50,000 files in a directory of 4,000 letters', () =>
    withLines(
      section(
        '.debug_line',
        lineProgram(
          [
            u8(1),
            uleb(LNCT.path),
            uleb(FORM.string),
            uleb(1),
            cstring(`/${'d'.repeat(4000)}`),
            u8(1),
            uleb(LNCT.path),
            uleb(FORM.string),
            uleb(50_000),
            bytes(...Array.from({ length: 50_000 }, (_, index) => cstring(`${index}`))),
          ],
          END_SEQUENCE,
        ),
        cstring('base.c'),
      ),
    ),
  ),
  file(
    '20,000 functions and a line number program that breaks at its end',
    () =>
      withLines(
        section('.debug_line', lineProgram(TABLES, bytes(AT_WORK, Buffer.alloc(1_000_000, 1), [0, 5, 2, 0, 0, 0, 0]))),
        [repeated(20_000, work())],
      ),
    { function: /malformed/ },
  ),
  file('a line range of 0', () => withLines(section('.debug_line', bytes(ONE_LINE.contents!).fill(0, 16, 17)))),
  file('20,000 variables in a frame of 100,000 instructions', () =>
    special(
      [
        declared(20, TAG.variable, false, [AT.name, FORM.string], [AT.location, FORM.exprloc]),
        declared(
          21,
          TAG.subprogram,
          true,
          [AT.name, FORM.string],
          [AT.low_pc, FORM.addr],
          [AT.high_pc, FORM.data4],
          [AT.frame_base, FORM.exprloc],
        ),
      ],
      [
        u8(21),
        cstring('work'),
        u64(WORK),
        u32(4),
        uleb(1),
        u8(OP.call_frame_cfa),
        repeated(20_000, u8(20), cstring('v'), uleb(2), u8(OP.fbreg), sleb(-16)),
        END,
      ],
      frame(repeated(100_000, [CFA.remember_state, CFA.restore_state])),
    ),
  ),
  file('frame descriptions whose common entries overlap', () => {
    const common = bytes(u32(0), u8(1), Buffer.alloc(300_000, 0x41), [0]);
    return entries([work()], {
      name: '.eh_frame',
      flags: ALLOCATED,
      address: 0x60_0000,
      contents: bytes(
        sized(common),
        ...Array.from({ length: 20_000 }, (_, index) => sized(u32(300_000 + index * 20), u64(WORK), u64(4))),
      ),
    });
  }),
];

const TABLES_BYTES = bytes(...TABLES);

/** The header of a line number program of this many bytes, up to its tables. */
function lineProgramStart(length: number): Buffer {
  const start = lineProgram(TABLES, END_SEQUENCE).subarray(0, -END_SEQUENCE.length - TABLES_BYTES.length);
  const copy = Buffer.from(start);
  copy.writeUInt32LE(length);
  return copy;
}

/** .debug_frame with one description, of work. */
function frame(instructions: Piece): Section {
  const common = sized(
    u32(0xffff_ffff),
    u8(4),
    cstring(''),
    u8(8),
    u8(0),
    uleb(1),
    sleb(-8),
    uleb(16),
    [CFA.def_cfa],
    uleb(7),
    uleb(8),
  );
  return section('.debug_frame', common, sized(u32(0), u64(WORK), u64(4), instructions));
}

export const HOSTILE_FILES: readonly HostileFile[] = [...ELF, ...ENTRIES, ...LINES];
