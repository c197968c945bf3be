/** Addresses, lines and inlined functions, compared with what binutils make of the same program. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { basename } from 'node:path';
import { hex, type LinkAddress, linkAddress } from '../../src/base/address';
import { Image } from '../../src/debuginfo/image';
import { compiled } from './compile';

interface Description {
  /** Innermost first. */
  readonly functions: readonly string[];
  readonly line: string;
}

/** `addr2line -i -f` for each address. */
function addr2line(path: string, addresses: readonly LinkAddress[]): Description[] {
  const output = execFileSync('addr2line', ['-a', '-i', '-f', '-e', path], {
    input: addresses.map(hex).join('\n'),
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  const found: { functions: string[]; line: string }[] = [];
  const lines = output.split('\n');
  for (let i = 0; i + 1 < lines.length; i++) {
    if (/^0x[0-9a-f]+$/.test(lines[i]!)) {
      found.push({ functions: [], line: '' });
      continue;
    }
    const last = found.at(-1)!;
    last.functions.push(lines[i]!);
    const where = lines[++i]!.replace(/ \(discriminator.*/, '');
    if (last.functions.length === 1) last.line = where.slice(where.lastIndexOf('/') + 1);
  }
  return found;
}

/** Every `step`th byte of the functions whose symbols have a size. */
function* codeAddresses(image: Image, step: number): IterableIterator<LinkAddress> {
  for (const { address, memorySize, executable } of image.segments) {
    if (!executable) continue;
    for (let offset = 0; offset < memorySize; offset += step) {
      const at = linkAddress(address + BigInt(offset));
      if (image.describe(at).function !== undefined) yield at;
    }
  }
}

describe('addresses, compared with addr2line', () => {
  for (const flags of [['-O0'], ['-O1'], ['-O2'], ['-O2', '-gdwarf-4'], ['-O2', '-gdwarf-2'], ['-O3', '-no-pie']]) {
    it(`values.c ${flags.join(' ')}`, () => {
      const image = Image.open(compiled('values.c', ...flags).path);
      const addresses = [...codeAddresses(image, 1)];
      assert.ok(addresses.length > 300);
      for (const [index, expected] of addr2line(image.path, addresses).entries()) {
        const { function: name, inlinedInto, line } = image.describe(addresses[index]!);
        const ours = { functions: [name, ...inlinedInto], line: line ? `${basename(line.file)}:${line.line}` : '??:?' };
        const functions = expected.functions.map((each) => each.replace(/\.(cold|part|constprop|isra).*/, ''));
        assert.deepEqual(
          ours,
          { functions, line: expected.line.replace(/:0$/, ':?').replace(/^values\.c:\?$/, '??:?') },
          hex(addresses[index]!),
        );
      }
      image.dispose();
    });
  }

  it('catalog.cc -O2, by the depth of inlining', () => {
    const image = Image.open(compiled('catalog.cc', '-O2').path);
    const addresses = [...codeAddresses(image, 3)];
    assert.ok(addresses.length > 150);
    for (const [index, { functions, line }] of addr2line(image.path, addresses).entries()) {
      const ours = image.describe(addresses[index]!);
      assert.equal(ours.inlinedInto.length + 1, functions.length, hex(addresses[index]!));
      if (!/[?0]$/.test(line)) assert.equal(String(ours.line?.line), line.split(':')[1], hex(addresses[index]!));
    }
    image.dispose();
  });
});

describe('line tables, compared with readelf', () => {
  for (const flags of [['-O0'], ['-O2'], ['-O2', '-gdwarf-4'], ['-O1', '-gdwarf-3']]) {
    it(`values.c ${flags.join(' ')}`, () => {
      const { path } = compiled('values.c', ...flags);
      const image = Image.open(path);
      const decoded = execFileSync('readelf', ['--debug-dump=decodedline', '-W', path], { encoding: 'utf8' });
      const expected = new Set<string>();
      for (const row of decoded.split('\n')) {
        const [, line, address] = /^values\.c\s+(\d+)\s+(0x[0-9a-f]+)\s.*x$/.exec(row.trim()) ?? [];
        if (line !== undefined && address !== undefined && !row.includes('END')) expected.add(`${BigInt(address)}`);
      }
      assert.ok(expected.size > 20);
      assert.deepEqual([...new Set([...image.lineStarts()].map(String))].sort(), [...expected].sort());
      image.dispose();
    });
  }
});
