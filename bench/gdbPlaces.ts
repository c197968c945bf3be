/** Where gdb puts breakpoints: link-time addresses, by what was asked for. Nothing is run. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type LinkAddress, linkAddress } from '../src/base/address';

/** gdb 13's `info breakpoints`: a breakpoint with several locations shows them a line each. */
const SCRIPT = `
import gdb, json, re
gdb.execute('set pagination off')
gdb.execute('set width 0')
gdb.execute('set breakpoint pending off')
found = []
for wanted in json.load(open(WANTED)):
    try:
        gdb.execute('break ' + wanted, to_string=True)
        listed = gdb.execute('info breakpoints', to_string=True)
        found.append(sorted(set(re.findall(r' 0x[0-9a-f]{16} ', listed))))
    except gdb.error:
        found.append([])
    gdb.execute('delete')
json.dump(found, open(FOUND, 'w'))
`;

/** For each linespec of gdb's (`file:line`, a function's name) its addresses, ascending; none where gdb refuses. */
export function gdbPlaces(program: string, wanted: readonly string[]): readonly (readonly LinkAddress[])[] {
  const directory = mkdtempSync(join(tmpdir(), 'sidestep-places-'));
  try {
    const [asked, found] = [join(directory, 'wanted.json'), join(directory, 'found.json')];
    const script = join(directory, 'places.py');
    writeFileSync(asked, JSON.stringify(wanted));
    writeFileSync(script, `WANTED, FOUND = ${JSON.stringify([asked, found])}\n${SCRIPT}`);
    execFileSync(
      'gdb',
      ['-batch', '-nx', '-iex', 'set debuginfod enabled off', '-iex', 'set auto-load off', '-x', script, program],
      {
        stdio: ['ignore', 'ignore', 'inherit'],
      },
    );
    const read = readFileSync(found, 'utf8');
    return (JSON.parse(read) as string[][]).map((addresses) =>
      addresses.map((each) => linkAddress(BigInt(each.trim()))),
    );
  } finally {
    rmSync(directory, { recursive: true });
  }
}
