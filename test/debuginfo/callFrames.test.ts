/** Every row of every description in real files, compared with what readelf makes of the same bytes. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { FrameTable } from '../../src/debuginfo/dwarf/cfi/frameTable';
import { type RegisterRule, ruleOf, type UnwindRow } from '../../src/debuginfo/dwarf/cfi/row';
import { ElfFile } from '../../src/debuginfo/elf/elfFile';
import { skip } from '../skip';
import { compiled } from './compile';

const LIBC = '/usr/lib/x86_64-linux-gnu/libc.so.6';

/** readelf's names of the DWARF registers that have rules (System V ABI, figure 3.36). */
const REGISTERS = [
  ...['rax', 'rdx', 'rcx', 'rbx', 'rsi', 'rdi', 'rbp', 'rsp'],
  ...['r8', 'r9', 'r10', 'r11', 'r12', 'r13', 'r14', 'r15', 'rip'],
];

interface Row {
  readonly low: number;
  /** The CFA's rule and those of the columns that readelf shows, by name. */
  readonly rules: ReadonlyMap<string, string>;
}

/** The rows that readelf shows for each description, by the description's range. */
function readelf(path: string, kind: '.eh_frame' | '.debug_frame'): Map<string, Row[]> {
  // It fails for a file whose separate debug file is missing, whatever else it shows.
  const { stdout: text } = spawnSync('readelf', ['--debug-dump=frames-interp', '-W', path], {
    encoding: 'utf8',
    maxBuffer: 1 << 30,
  });
  const found = new Map<string, Row[]>();
  const start = text.indexOf(`Contents of the ${kind} section`);
  const end = text.indexOf('Contents of the ', start + 1);
  let rows: Row[] | undefined;
  let columns: string[] = [];
  for (const line of start < 0 ? [] : text.slice(start, end < 0 ? undefined : end).split('\n')) {
    const range = / FDE .*pc=([0-9a-f]+)\.\.([0-9a-f]+)/.exec(line);
    if (range) found.set(`${parseInt(range[1]!, 16)}-${parseInt(range[2]!, 16)}`, (rows = []));
    else if (/ CIE /.test(line)) rows = undefined;
    else if (/^ +LOC /.test(line)) columns = line.trim().split(/ +/).slice(1);
    else if (/^[0-9a-f]{16} /.test(line) && rows) {
      // Of a register by number and name, `r1 (rdx)`, the name.
      const [low, ...rules] = line
        .replace(/ r\d+ \((\w+)\)/g, ' $1')
        .trim()
        .split(/ +/);
      rows.push({ low: parseInt(low!, 16), rules: new Map(rules.map((rule, index) => [columns[index]!, rule])) });
    }
  }
  return found;
}

/** A rule as readelf writes it. */
function ruleText(rule: RegisterRule): string {
  const signed = (offset: number) => (offset < 0 ? String(offset) : `+${offset}`);
  switch (rule.kind) {
    case 'undefined':
    case 'architectural':
      return 'u';
    case 'sameValue':
      return 's';
    case 'offset':
      return `c${signed(rule.offset)}`;
    case 'valueOffset':
      return `v${signed(rule.offset)}`;
    case 'register':
      return REGISTERS[rule.register]!;
    case 'expression':
      return 'exp';
    case 'valueExpression':
      return 'vexp';
  }
}

function cfaText({ cfa }: UnwindRow): string {
  if (cfa?.kind !== 'register') return cfa ? 'exp' : '?';
  return `${REGISTERS[cfa.register]!}${cfa.offset < 0 ? cfa.offset : `+${cfa.offset}`}`;
}

function columnText(row: UnwindRow, column: string): string {
  if (column === 'CFA') return cfaText(row);
  const register = column === 'ra' ? row.returnRegister : REGISTERS.indexOf(column);
  return ruleText(ruleOf(row, register));
}

/** Compares all descriptions; returns how many rows there were. `indexed`: rows are found through .eh_frame_hdr too. */
function compare(path: string, kind: '.eh_frame' | '.debug_frame'): number {
  const file = ElfFile.open(path);
  try {
    const bytes = file.sectionBytes(kind)!;
    const header = file.section('.eh_frame_hdr');
    const table = new FrameTable({
      kind,
      file: path,
      bytes,
      bases: { section: file.section(kind)!.address },
      index: () => header && { bytes: file.sectionBytes('.eh_frame_hdr')!, address: header.address },
    });
    const expected = readelf(path, kind);
    let count = 0;
    assert.equal(table.descriptions().length, expected.size);
    for (const fde of table.descriptions()) {
      const theirs = expected.get(`${fde.low}-${fde.high}`);
      assert.ok(theirs, `readelf has no description at 0x${fde.low.toString(16)}`);
      // Rows of no width hold nowhere.
      const wide = theirs.filter(({ low }, index) => low < fde.high && theirs[index + 1]?.low !== low);
      const ours = [...table.rows(fde)];
      assert.deepEqual(
        ours.map((row) => row.low),
        // Where a description has nothing but padding, readelf leaves out the row that its common entry makes.
        wide.length > 0 ? wide.map(({ low }) => low) : [fde.low],
      );
      for (const [index, { low, rules }] of wide.entries()) {
        const row = ours[index]!;
        for (const [column, text] of rules)
          assert.equal(columnText(row, column), text, `${column} at 0x${low.toString(16)}`);
        assert.deepEqual(table.rowAt(low), row);
        count++;
      }
    }
    return count;
  } finally {
    file.dispose();
  }
}

describe('frames, compared with readelf', () => {
  for (const path of ['/bin/bash', LIBC]) {
    it(`every row of ${path}`, function () {
      if (!existsSync(path)) return skip(this, `there is no ${path}`);
      assert.ok(compare(path, '.eh_frame') > 1000);
    });
  }

  it('every row of values.c -O2', () => {
    assert.ok(compare(compiled('values.c', '-O2').path, '.eh_frame') > 10);
  });

  it('every row of values.c in .debug_frame', () => {
    const { path } = compiled('values.c', '-O1', '-fno-asynchronous-unwind-tables', '-fno-exceptions');
    assert.ok(compare(path, '.debug_frame') > 20);
  });
});
