/**
 * Debian's CPython: link-time optimised, DWARF 5, compressed, its debug information in a file of its own (package
 * python3.11-dbg). The largest program here, and the one that speed and memory are measured on.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { hex, linkAddress } from '../../src/base/address';
import { Image } from '../../src/debuginfo/image';
import { locationText, typeText } from './show';
import { skip } from '../skip';

const PYTHON = '/usr/bin/python3.11';
/** Twice what an idle machine of 2020 needs would be 700 ms; others may run beside the tests. */
const PATIENCE = 4;

describe('CPython with its debug file', function () {
  let image: Image;

  before(function () {
    if (!existsSync(PYTHON)) return skip(this, `there is no ${PYTHON}`);
    image = Image.open(PYTHON);
    if (image.debugFile === undefined) return skip(this, `there are no debug symbols of ${PYTHON}`);
  });
  after(() => image.dispose());

  it('gives PyList_Append and its arguments from a cold start, fast and in little memory', () => {
    const cold = Image.open(PYTHON);
    const memory = process.memoryUsage().rss;
    const start = process.cpuUsage();
    const entry = cold.symbolAddress('PyList_Append')!;
    const place = cold.functionPlaces('PyList_Append').find(({ candidates }) => candidates[0] === entry)!;
    const scope = cold.scopeAt(place.candidates[0]!, place.function);
    const parameters = scope
      .parameters()
      .map(({ name, type, location }) => `${name}: ${typeText(type)} ${locationText(location)}`);
    const used = process.cpuUsage(start);
    assert.deepEqual(parameters, ['op: PyObject pointer r5', 'newitem: PyObject pointer r4']);
    assert.match(place.line!.file, /\/Objects\/listobject\.c$/);
    assert.ok(used.user + used.system < PATIENCE * 350_000, `${used.user + used.system} µs`);
    assert.ok(process.memoryUsage().rss - memory < 150e6);
    cold.dispose();
  });

  it('finds the copies that were inlined across files', () => {
    const places = image.functionPlaces('PyList_Append');
    const callers = new Set(places.flatMap(({ candidates }) => image.describe(candidates[0]!).inlinedInto));
    assert.ok(places.length > 4, `${places.length} places`);
    assert.ok(callers.has('_posix_listdir'), [...callers].join(', '));
    for (const { function: name } of places) assert.equal(name, 'PyList_Append');
  });

  it('knows its types through typedefs and structures', () => {
    const [place] = image.functionPlaces('PyList_New');
    const scope = image.scopeAt(place!.candidates[0]!, place!.function);
    const list = scope.lookupType('PyListObject')!;
    const members = list.kind === 'typedef' && list.target.kind === 'structure' ? list.target.members : [];
    assert.deepEqual(
      members.map(({ name, byteOffset }) => [name, byteOffset]),
      [
        ['ob_base', 0],
        ['ob_item', 24],
        ['allocated', 32],
      ],
    );
    assert.equal(typeText(scope.lookup('PyList_Type')!.type), 'PyTypeObject');
    const address = hex(image.symbolAddress('PyList_Type')!);
    assert.equal(locationText(scope.lookup('PyList_Type')!.location), `[${address}]`);
  });

  it('finds lines by the name of the file and by a path of another source tree', () => {
    const places = image.linePlaces('listobject.c', 500)!;
    assert.deepEqual(image.linePlaces('/home/me/cpython/Objects/listobject.c', 500), places);
    assert.equal(places.line, 500);
    assert.ok(image.codeLines('Objects/listobject.c', 1, 4000).length > 1000);
  });

  it('agrees with addr2line about addresses all over the program', () => {
    const entries = [...image.functionEntries()];
    const addresses = Array.from({ length: 300 }, (_, index) => entries[(index * 7919) % entries.length]!)
      .map((entry, index) => linkAddress(entry + BigInt((index * 37) % 50)))
      .filter(
        (address) => image.describe(address).function !== undefined && image.describe(address).symbol !== undefined,
      );
    const output = execFileSync('addr2line', ['-a', '-i', '-f', '-e', image.debugFile!], {
      input: addresses.map(hex).join('\n'),
      encoding: 'utf8',
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    const expected = output.split(/^0x[0-9a-f]+\n/m).slice(1);
    assert.equal(expected.length, addresses.length);
    for (const [index, text] of expected.entries()) {
      const rows = text.trim().split('\n');
      const functions = rows.filter((_, row) => row % 2 === 0).map((name) => name.replace(/\..*/, ''));
      const { function: name, inlinedInto, line } = image.describe(addresses[index]!);
      assert.deepEqual([name, ...inlinedInto], functions, hex(addresses[index]!));
      // Only the line: addr2line names some files of this program wrongly.
      const number = /:(\d+)/.exec(rows[1]!)?.[1];
      if (line && number !== undefined) assert.equal(String(line.line), number, hex(addresses[index]!));
    }
  });
});
