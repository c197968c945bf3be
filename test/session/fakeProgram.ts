/**
 * Programs without code: ELF files of which only their names exist, mapped where a test says, with functions and lines
 * it made up.
 */
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { address, linkAddress } from '../../src/base/address';
import { type Mapping } from '../../src/contract/messages';
import { emptyScope, type ProbePlace } from '../../src/debuginfo/model/model';
import { tooMany } from '../../src/debuginfo/names/tooMany';
import { type ModuleImage } from '../../src/session/code/images';

export interface FakeModule {
  /** Link-time addresses by name. */
  readonly symbols?: Readonly<Record<string, bigint>>;
  /** Only debug information knows these. */
  readonly inlined?: Readonly<Record<string, readonly bigint[]>>;
  /** file → line → one list of candidates for each place. */
  readonly lines?: Readonly<Record<string, Readonly<Record<number, readonly (readonly bigint[])[]>>>>;
  /** What keeps its debug information from being read in full. */
  readonly notices?: readonly string[];
}

/** A directory of fake ELF files. */
export class FakeDisk {
  readonly directory = mkdtempSync(join(tmpdir(), 'sidestep-session-'));
  readonly #modules = new Map<string, FakeModule>();
  /** Paths of the images that were opened. */
  readonly opened: string[] = [];

  /** Creates a file; returns its path. */
  add(name: string, module: FakeModule): string {
    const path = join(this.directory, name);
    writeFileSync(path, '');
    this.#modules.set(name, module);
    return path;
  }

  readonly openImage = (path: string): ModuleImage => {
    this.opened.push(path);
    return fakeImage(this.#modules.get(basename(path))!);
  };

  remove(): void {
    rmSync(this.directory, { recursive: true });
  }
}

/** How the dynamic linker maps a file: headers, then code at file offset 0x1000, then data. */
export function mapped(path: string, start: bigint, options: { readonly deleted?: boolean } = {}): Mapping[] {
  const inode = statSync(path, { throwIfNoEntry: false })?.ino ?? 1;
  return [false, true, false].map((executable, index) => ({
    start: address(start + BigInt(index) * 0x1000n),
    end: address(start + BigInt(index + 1) * 0x1000n),
    readable: true,
    writable: index === 2,
    executable,
    shared: false,
    offset: index * 0x1000,
    device: 'fe:00',
    inode,
    path,
    deleted: options.deleted ?? false,
  }));
}

function fakeImage({ symbols = {}, inlined = {}, lines = {}, notices = [] }: FakeModule): ModuleImage {
  const placesOf = (name: string) => inlined[name] ?? (symbols[name] === undefined ? [] : [symbols[name]]);
  return {
    hasDebugInfo: Object.keys(lines).length + Object.keys(inlined).length > 0,
    buildId: undefined,
    interpreter: undefined,
    debugFile: undefined,
    codeAddressOfOffset: (offset) => linkAddress(offset),
    textAt: (_address, length) => new Uint8Array(length),
    restartableSequenceAt: () => undefined,
    sourceFiles: () => Object.keys(lines),
    filesMatching: (file) => Object.keys(lines).filter((known) => known.endsWith(`/${file}`) || known === file),
    linePlaces: (file, line) => {
      const known = Object.entries(lines[file] ?? {}).map(([at, places]) => ({ at: Number(at), places }));
      const found = known.sort((a, b) => a.at - b.at).find(({ at }) => at >= line);
      return (
        found && { file, line: found.at, places: found.places.map((candidates) => place(candidates, file, found.at)) }
      );
    },
    codeLines: (file, first, last) =>
      Object.keys(lines[file] ?? {})
        .map(Number)
        .filter((line) => line >= first && line <= last),
    functionPlaces: (name) => placesOf(name).map((start) => place([start])),
    functionReturns: () => ({ exits: [], entries: [], doubts: [] }),
    returnsAround: () => ({ exits: [], entries: [], doubts: [] }),
    functionsMatching: (pattern, most) => {
      const places = Object.keys(symbols)
        .filter((name) => pattern.matches(name))
        .flatMap((name) => placesOf(name).map((start) => ({ ...place([start]), function: name })));
      if (places.length > most) throw tooMany(`${pattern.text} matches ${places.length} functions`, most);
      return { places, errors: [], inlinedOnly: [] };
    },
    hasSymbolMatching: (pattern) => Object.keys(symbols).some((name) => pattern.matches(name)),
    functionsNear: (pattern) => Object.keys(symbols).filter((known) => known.startsWith(pattern.text.slice(0, 3))),
    symbolAddress: (name) => (symbols[name] === undefined ? undefined : linkAddress(symbols[name])),
    similarFunctions: (name) => Object.keys(symbols).filter((known) => known.startsWith(name.slice(0, 3))),
    describe: (at) => {
      const found = Object.entries(symbols).find(([, start]) => start === at);
      return {
        address: at,
        line: undefined,
        function: undefined,
        inlinedInto: [],
        symbol: found && { name: found[0], offset: 0 },
      };
    },
    scopeAt: (at) => emptyScope(at),
    notices: () => notices,
    dispose: () => undefined,
  };
}

function place(candidates: readonly bigint[], file?: string, line?: number): ProbePlace {
  return {
    candidates: candidates.map(linkAddress),
    function: undefined,
    line: file === undefined || line === undefined ? undefined : { file, line, column: 0 },
  };
}
