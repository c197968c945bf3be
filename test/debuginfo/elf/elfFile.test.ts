import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateSync } from 'node:zlib';
import { ElfFile } from '../../../src/debuginfo/elf/elfFile';
import { imageKind } from '../../../src/debuginfo/elf/dynamic';
import { readBuildId } from '../../../src/debuginfo/elf/notes';
import { SymbolTable } from '../../../src/debuginfo/elf/symbolTable';
import { cstring, type Field, section, u16, u32, u64, u8 } from '../assembler';

const SHT = { PROGBITS: 1, SYMTAB: 2, STRTAB: 3, NOTE: 7, NOBITS: 8 };
const SHF_COMPRESSED = 0x800;

interface Part {
  readonly name: string;
  readonly type?: number;
  readonly flags?: number;
  readonly link?: number;
  readonly bytes: Uint8Array;
}

interface Shape {
  readonly machine?: number;
  readonly type?: number;
  /** 2: 64 bits. */
  readonly wordClass?: number;
  /** 1: little-endian. */
  readonly byteOrder?: number;
  readonly parts?: readonly Part[];
  /** Counts too large for the header: kept in section 0. */
  readonly extended?: boolean;
}

/** An ELF file: header, contents, section table. */
function elf({ machine = 62, type = 2, wordClass = 2, byteOrder = 1, parts = [], extended = false }: Shape): Buffer {
  const all: Part[] = [...parts];
  const names = [''];
  for (const { name } of parts) names.push(name);
  names.push('.shstrtab');
  const nameTable = section(...names.map(cstring));
  all.push({ name: '.shstrtab', type: SHT.STRTAB, bytes: nameTable });
  const contents: number[] = [];
  const offsets = all.map(({ bytes }) => {
    const offset = 64 + contents.length;
    contents.push(...bytes);
    return offset;
  });
  const entry = (...[name, kind, flags, offset, size, link]: number[]): Field => [
    ...u32(name!), // name
    ...u32(kind!), // type
    ...u64(flags!), // flags
    ...u64(0), // address
    ...u64(offset!), // offset
    ...u64(size!), // size
    ...u32(link!), // link
    ...u32(0), // info
    ...u64(1), // alignment
    ...u64(0), // size of entries
  ];
  const count = all.length + 1;
  let nameAt = 1;
  const table: Field[] = [extended ? entry(0, 0, 0, 0, count, count - 1) : entry(0, 0, 0, 0, 0, 0)];
  for (const [index, part] of all.entries()) {
    table.push(
      entry(nameAt, part.type ?? SHT.PROGBITS, part.flags ?? 0, offsets[index]!, part.bytes.length, part.link ?? 0),
    );
    nameAt += part.name.length + 1;
  }
  const header = section(
    [0x7f, 0x45, 0x4c, 0x46], // \x7fELF
    u8(wordClass),
    u8(byteOrder),
    new Array<number>(10).fill(0), // version, ABI, padding
    byteOrder === 1 ? u16(type) : [0, type], // type
    byteOrder === 1 ? u16(machine) : [0, machine], // machine
    u32(1), // version
    u64(0x40_1000), // entry
    u64(0), // program headers
    u64(64 + contents.length), // section table
    u32(0), // flags
    u16(64), // size of this header
    ...[u16(56), u16(0)], // program headers: size, count
    ...[u16(64), u16(extended ? 0 : count)], // sections: size, count
    u16(extended ? 0xffff : count - 1), // section of section names
  );
  return Buffer.concat([header, Buffer.from(contents), section(...table)]);
}

describe('ELF files', () => {
  let folder: string;
  before(() => (folder = mkdtempSync(join(tmpdir(), 'sidestep-elf-'))));
  after(() => rmSync(folder, { recursive: true }));

  function open(bytes: Uint8Array): ElfFile {
    const path = join(folder, 'file');
    writeFileSync(path, bytes);
    return ElfFile.open(path);
  }

  it('give sections by name', () => {
    const file = open(elf({ parts: [{ name: '.text', bytes: section([0x90, 0xc3]) }] }));
    assert.deepEqual([...file.sectionBytes('.text')!], [0x90, 0xc3]);
    assert.equal(file.sectionBytes('.data'), undefined);
    assert.equal(file.header.entry, 0x40_1000n);
    file.dispose();
  });

  it('may keep counts that do not fit the header in section 0', () => {
    const file = open(elf({ extended: true, parts: [{ name: '.text', bytes: section([1]) }] }));
    assert.deepEqual([...file.sectionBytes('.text')!], [1]);
    file.dispose();
  });

  it('may have no sections at all', () => {
    const bytes = elf({}).subarray(0, 64);
    bytes.writeBigUInt64LE(0n, 40);
    bytes.writeUInt16LE(0, 60);
    const file = open(bytes);
    assert.equal(file.sections.length, 0);
    assert.equal(file.sectionBytes('.text'), undefined);
    file.dispose();
  });

  describe('with compressed sections', () => {
    const text = Buffer.from('debug information, '.repeat(40));
    const chdr = (type: number, size: number): Field => [
      ...u32(type),
      ...u32(0), // reserved
      ...u64(size),
      ...u64(1), // alignment
    ];
    const contents = (part: Part): string => {
      const file = open(elf({ parts: [part] }));
      try {
        return Buffer.from(file.sectionBytes('.debug_info')!).toString();
      } finally {
        file.dispose();
      }
    };
    const compressed = (type: number, size: number, data: Uint8Array): Part => ({
      name: '.debug_info',
      flags: SHF_COMPRESSED,
      bytes: Buffer.concat([section(chdr(type, size)), data]),
    });

    it('by zlib', () => {
      assert.equal(contents(compressed(1, text.length, deflateSync(text))), text.toString());
    });

    it('by zstd', () => {
      const frame = section(
        [0x28, 0xb5, 0x2f, 0xfd], // magic number
        u8(0x20), // a single segment, its size in one byte
        u8(5), // size
        [(5 << 3) | 1, 0, 0], // the last block, as it is, 5 bytes
        [...Buffer.from('hello')],
      );
      assert.equal(contents(compressed(2, 5, frame)), 'hello');
    });

    it('in the older form with a name of its own', () => {
      const size = Buffer.alloc(8);
      size.writeBigUInt64BE(BigInt(text.length));
      const bytes = Buffer.concat([Buffer.from('ZLIB'), size, deflateSync(text)]);
      assert.equal(contents({ name: '.zdebug_info', bytes }), text.toString());
    });

    it('refuses sizes that no data of that length can become, before taking memory for them', () => {
      const malformed = { code: 'malformed', message: /\.debug_info of .* is malformed/ };
      assert.throws(() => contents(compressed(1, 2 ** 45, deflateSync(text))), malformed);
      assert.throws(() => contents(compressed(1, text.length - 1, deflateSync(text))), malformed);
      assert.throws(() => contents(compressed(1, text.length + 1, deflateSync(text))), malformed);
      assert.throws(() => contents(compressed(1, 100, Buffer.from('no stream'))), malformed);
      assert.throws(() => contents(compressed(2, 100, Buffer.from('no frame'))), malformed);
      assert.throws(() => contents(compressed(7, 100, text)), { code: 'unsupported' });
    });
  });

  it('without bytes for a section (debug files keep only its place) have none', () => {
    const file = open(elf({ parts: [{ name: '.text', type: SHT.NOBITS, bytes: section([1]) }] }));
    assert.equal(file.sectionBytes('.text'), undefined);
    file.dispose();
  });

  it('tell their build-id', () => {
    const note = section(
      u32(4), // bytes of the name
      u32(4), // bytes of the description
      u32(3), // NT_GNU_BUILD_ID
      [...Buffer.from('GNU\0')],
      [0xde, 0xad, 0xbe, 0xef],
    );
    const file = open(elf({ parts: [{ name: '.note.gnu.build-id', type: SHT.NOTE, bytes: note }] }));
    assert.equal(readBuildId(file), 'deadbeef');
    file.dispose();
  });

  describe('that can not be used', () => {
    const refused = (bytes: Uint8Array, code: string, message: RegExp): void =>
      assert.throws(() => open(bytes), { code, message });

    it('are named for what they are', () => {
      refused(Buffer.alloc(0), 'not-elf', /is not an ELF file: it is empty/);
      refused(Buffer.from('#!/bin/sh\n'), 'not-elf', /it is a script/);
      refused(Buffer.from('MZ\0\0 and so on'), 'not-elf', /it starts with 0x4d 0x5a 0x0 0x0/);
      refused(elf({ machine: 183 }), 'wrong-architecture', /is for 64-bit ARM \(AArch64\)/);
      refused(elf({ machine: 3, wordClass: 1 }), 'wrong-architecture', /is for 32-bit x86/);
      refused(elf({ machine: 62, wordClass: 1 }), 'wrong-architecture', /x32/);
      refused(elf({ machine: 22, byteOrder: 2 }), 'wrong-architecture', /is for IBM Z/);
    });

    it('are no programs where they are object files or core dumps', () => {
      const kindOf = (type: number): unknown => {
        const file = open(elf({ type }));
        try {
          return imageKind(file);
        } finally {
          file.dispose();
        }
      };
      assert.equal(kindOf(2), 'executable');
      assert.throws(() => kindOf(1), { code: 'unsupported', message: /not linked yet/ });
      assert.throws(() => kindOf(4), { code: 'unsupported', message: /type 4/ });
    });

    it('are refused where they are cut short, with the place', () => {
      const whole = elf({ parts: [{ name: '.text', bytes: section([1, 2, 3]) }] });
      for (const length of [4, 17, 19, 40, 63, 64, whole.length - 1]) {
        assert.throws(
          () => open(whole.subarray(0, length)),
          ({ code, details }: { code: string; details: { place: { file: string } } }) => {
            assert.match(code, /^(malformed|wrong-architecture)$/, `${length} bytes`);
            assert.equal(details.place.file, join(folder, 'file'));
            return true;
          },
        );
      }
    });

    it('are refused where offsets and sizes are impossible', () => {
      const huge = elf({});
      huge.writeBigUInt64LE(2n ** 63n, 40); // the section table
      refused(huge, 'malformed', /is malformed at offset/);
      const many = elf({ extended: true });
      many.writeBigUInt64LE(2n ** 40n, many.length - 2 * 64 + 32); // the count in section 0
      refused(many, 'malformed', /the section table should take \d+ bytes, but the file ends/);
      const outside = elf({ parts: [{ name: '.debug_info', bytes: section([1]) }] });
      outside.writeBigUInt64LE(2n ** 50n, outside.length - 2 * 64 + 32); // size of .debug_info
      const file = open(outside);
      assert.throws(() => file.sectionBytes('.debug_info'), { code: 'malformed', message: /section \.debug_info/ });
      file.dispose();
    });

    it('are unreadable when they are no files', () => {
      assert.throws(() => ElfFile.open(folder), { code: 'file-unreadable', message: /not a regular file/ });
      assert.throws(() => ElfFile.open(join(folder, 'missing')), {
        code: 'file-unreadable',
        message: /does not exist/,
      });
    });
  });
});

describe('symbol tables', () => {
  const FUNC = 2;
  const OBJECT = 1;
  const symbol = (
    name: number,
    kind: number,
    global: boolean,
    sectionIndex: number,
    at: number,
    size: number,
  ): Field => [
    ...u32(name),
    ...u8((global ? 0x10 : 0) | kind), // binding and type
    ...u8(0), // visibility
    ...u16(sectionIndex),
    ...u64(at),
    ...u64(size),
  ];
  const names = section(cstring(''), cstring('parse'), cstring('counter'), cstring('do_parse'));
  const PARSE = 1;
  const COUNTER = 7;
  const DO_PARSE = 15;
  const PARSE_AS_TAIL = DO_PARSE + 3;
  const table = new SymbolTable(
    section(
      symbol(0, 0, false, 0, 0, 0),
      symbol(DO_PARSE, FUNC, true, 1, 0x2000, 0x10),
      symbol(PARSE, FUNC, false, 1, 0x1000, 0x20),
      symbol(COUNTER, OBJECT, true, 2, 0x1008, 8),
      symbol(PARSE_AS_TAIL, FUNC, true, 1, 0x3000, 0),
      symbol(PARSE, FUNC, true, 0, 0, 0), // undefined here
    ),
    names,
    { file: 'a.out', section: '.symtab' },
  );

  it('find symbols by name, also where the linker kept the name as the tail of another', () => {
    assert.deepEqual(
      [...table.named('parse')].map(({ address, kind, local }) => [address, kind, local]),
      [
        [0x1000, 'function', true],
        [0x3000, 'function', false],
      ],
    );
    assert.deepEqual([...table.named('par')], []);
    assert.equal([...table.named('counter')][0]?.kind, 'object');
  });

  it('find the function of an address, none behind its end', () => {
    const at = (address: number): string | undefined => table.functionAt(address)?.name;
    assert.deepEqual([0xfff, 0x1000, 0x101f, 0x1020, 0x2008, 0x3000, 0x9999].map(at), [
      undefined,
      'parse',
      'parse',
      undefined,
      'do_parse',
      'parse',
      'parse',
    ]);
  });

  it('list functions by address', () => {
    assert.deepEqual(
      [...table.functions()].map(({ address }) => address),
      [0x1000, 0x2000, 0x3000],
    );
  });
});
