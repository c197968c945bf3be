/** Scanning what no compiler wrote: it ends, takes memory in proportion, and what it makes is an index. */
import assert from 'node:assert/strict';
import { SidestepError } from '../../../src/base/errors';
import { type SectionSource } from '../../../src/debuginfo/dwarf/sections';
import { ElfFile } from '../../../src/debuginfo/elf/elfFile';
import { decodeIndex, encodeIndex } from '../../../src/debuginfo/index/indexFormat';
import { TableIndex } from '../../../src/debuginfo/index/nameIndex';
import { scanNames } from '../../../src/debuginfo/index/scan';
import { compiled } from '../compile';

/** Damaged copies of each program. SIDESTEP_FUZZ: how many times as many. */
const ROUNDS = 150 * Number(process.env['SIDESTEP_FUZZ'] ?? 1);

/** Bytes that an index may have for each byte of the sections, and for itself. */
const MAX_GROWTH = { factor: 64, free: 1 << 20 };

const SECTIONS = [
  '.debug_info',
  '.debug_types',
  '.debug_abbrev',
  '.debug_str',
  '.debug_str_offsets',
  '.debug_line',
  '.debug_line_str',
];

/** Numbers without a pattern (Knuth, volume 2, 3.3.4), the same each time. */
function* numbers(seed: number): Generator<number, never> {
  for (let state = seed; ;) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    yield state >>> 4;
  }
}

describe('A scan of damaged debug information', () => {
  const programs: Record<string, readonly string[]> = {
    'of DWARF 5': ['-O2'],
    'of DWARF 4 with type units': ['-O2', '-gdwarf-4', '-fdebug-types-section'],
    'in the 64-bit format': ['-O0', '-gdwarf64'],
  };
  for (const [what, flags] of Object.entries(programs)) {
    it(`${what} ends with an index or a sentence`, () => {
      const file = ElfFile.open(compiled('catalog.cc', ...flags).path);
      const whole = new Map(SECTIONS.map((name) => [name, Uint8Array.from(file.sectionBytes(name) ?? [])]));
      file.dispose();
      let indexed = 0;
      for (let round = 0; round < ROUNDS; round++) {
        const sections = damaged(whole, numbers(round + 1));
        const size = [...sections.values()].reduce((sum, { length }) => sum + length, 0);
        const source: SectionSource = { path: 'damaged', sectionBytes: (name) => sections.get(name) };
        try {
          const encoded = encodeIndex(scanNames(source), 'key');
          assert.ok(encoded.length < MAX_GROWTH.free + MAX_GROWTH.factor * size, `${encoded.length} bytes of ${size}`);
          const tables = decodeIndex(encoded, 'key');
          assert.ok(tables, `round ${round}: what was made is no index`);
          assert.ok(new TableIndex(tables).functions('area').length >= 0);
          indexed++;
        } catch (error) {
          if (!(error instanceof SidestepError)) throw new Error(`round ${round}`, { cause: error });
        }
      }
      assert.ok(indexed > 0 && indexed < ROUNDS, `${indexed} of ${ROUNDS}`);
    });
  }
});

/** Some bytes changed, cut off or repeated in one or two of the sections. */
function damaged(whole: ReadonlyMap<string, Uint8Array>, random: Generator<number, never>): Map<string, Uint8Array> {
  const next = (below: number): number => random.next().value % below;
  const sections = new Map(whole);
  for (let left = 1 + next(2); left > 0; left--) {
    const name = SECTIONS[next(SECTIONS.length)] ?? '';
    const bytes = (sections.get(name) ?? new Uint8Array(0)).slice();
    if (bytes.length === 0) continue;
    if (next(10) === 0) {
      sections.set(name, bytes.slice(0, next(bytes.length)));
      continue;
    }
    for (let changes = 1 << next(6); changes > 0; changes--) {
      const at = next(bytes.length);
      if (next(4) > 0) bytes[at] = next(3) === 0 ? 0xff : next(256);
      else bytes.copyWithin(at, next(bytes.length), bytes.length);
    }
    sections.set(name, bytes);
  }
  return sections;
}
