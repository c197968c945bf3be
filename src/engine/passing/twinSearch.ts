/**
 * Where in a process's text the twins of atomic instructions are. Each address space has its own; they are looked for
 * when a probe first needs one. Any bytes will do that come from a file and can't be written, but those of the program
 * itself, the dynamic linker and the C library are preferred: they stay as long as the process.
 */
import { assertExists } from '../../base/assert';
import { MAX_INSTRUCTION_BYTES } from '../../emulator/machine/instructionLength';
import { type TwinPlan } from '../../emulator/emulator';
import { formName } from '../../emulator/twin/forms';
import { exchangeTwins, type FoundTwin, lockedTwins } from '../../emulator/twin/search';
import { type Mapping } from '../../contract/messages';
import { auxiliaryVector, executableOf, readMappings } from '../linux/proc';
import { type AddressSpace, type Process } from '../tracees/tracees';
import { type TwinPlace, type TwinPlaces } from '../tracees/twinPlaces';

/**
 * Text is read in blocks of this many bytes: large enough that a read's cost doesn't matter, small enough for large
 * programs.
 */
const PIECE_BYTES = 1 << 18;

/** Where the plan's twin is. `undefined`: nowhere. `except`: an address where INT3 is going to be. */
export function findTwin(process: Process, plan: TwinPlan, except = -1): TwinPlace | undefined {
  const { space } = process;
  const { twins } = space;
  twins.avoid(except);
  const known = twins.byPlan.get(plan);
  if (known !== undefined && isIntact(space, known)) return known;
  twins.byPlan.delete(plan);
  search(process, plan, except);
  for (const way of plan.ways) {
    const found = twins.byForm.get(formName(way.form));
    if (found === undefined) continue;
    const place = { ...found, way };
    // A better one may be loaded with the C library.
    if (way === plan.ways[0] || !mayCome(process)) twins.byPlan.set(plan, place);
    return place;
  }
  return undefined;
}

/** Whether a twin may come yet: the dynamic linker has not loaded the C library, which has nearly all of them. */
export function mayCome(process: Process): boolean {
  const vector = process.ask(auxiliaryVector);
  return vector !== undefined && vector.base !== 0n && !textsOf(process).some(({ path }) => C_LIBRARY.test(path));
}

const C_LIBRARY = /\/(libc[-.]|ld-musl)[^/]*$/;

/** Looks for those of the plan's forms that were not looked for yet, until the one that it prefers is found. */
function search(process: Process, { ways }: TwinPlan, except: number): void {
  const { space } = process;
  const { twins } = space;
  const texts = textsOf(process);
  const searched = texts.map(({ start }) => start.toString(36)).join();
  if (twins.searched !== searched) twins.absent.clear();
  twins.searched = searched;
  for (const { form } of ways) {
    const place = twins.byForm.get(formName(form));
    if (place !== undefined && !isIntact(space, place)) twins.byForm.delete(formName(form));
  }
  const names = ways.map(({ form }) => formName(form));
  const best = assertExists(names[0], 'a way');
  const wanted = new Set(names.filter((name) => !twins.byForm.has(name) && !twins.absent.has(name)));
  if (wanted.size === 0 || twins.byForm.has(best)) return;
  const exchange = ways.some(({ form }) => form.mnemonic === 'xchg' && wanted.has(formName(form)));
  const taken = new Set<string>();
  const isFree = (name: string, address: number, end: number): boolean => {
    const free = !holdsBreakpoint(space, address, end) && (except < address || except >= end);
    if (!free) taken.add(name);
    return free;
  };
  for (const text of texts) {
    for (const { piece, start } of piecesOf(space, text)) {
      collect(twins, { piece, start, found: lockedTwins(piece) }, wanted, isFree);
      if (exchange && wanted.has(best)) {
        collect(twins, { piece, start, found: exchangeTwins(piece) }, wanted, isFree);
      }
      if (!wanted.has(best)) return;
    }
  }
  for (const name of wanted) if (!taken.has(name)) twins.absent.add(name);
}

/** Takes what is wanted and free from what was found, and from `wanted` what is taken. */
function collect(
  twins: TwinPlaces,
  { piece, start, found }: { readonly piece: Buffer; readonly start: number; readonly found: Iterable<FoundTwin> },
  wanted: Set<string>,
  isFree: (name: string, address: number, end: number) => boolean,
): void {
  for (const { form, code, offset } of found) {
    const name = formName(form);
    const address = start + offset;
    const end = address + code.length;
    if (!wanted.has(name) || !isFree(name, address, end)) continue;
    const bytes = Uint8Array.from(piece.subarray(offset, offset + code.length));
    twins.byForm.set(name, { code, address, end, bytes });
    wanted.delete(name);
    if (wanted.size === 0) return;
  }
}

function* piecesOf(space: AddressSpace, { start, end }: Mapping): Generator<{ piece: Buffer; start: number }> {
  const last = Number(end);
  for (let at = Number(start); at < last; at += PIECE_BYTES) {
    // An instruction may lie across the end of a piece.
    const length = Math.min(PIECE_BYTES + MAX_INSTRUCTION_BYTES - 1, last - at);
    yield { piece: space.memory.read(at, length), start: at };
  }
}

/** What can be searched, the best first. */
function textsOf(process: Process): readonly Mapping[] {
  const executable = process.ask(executableOf);
  const rank = ({ path }: Mapping): number => (path === executable ? 0 : LASTING.test(path) ? 1 : 2);
  return (process.ask(readMappings) ?? [])
    .filter((mapping) => mapping.executable && mapping.inode !== 0 && !mapping.writable && !mapping.shared)
    .sort((left, right) => rank(left) - rank(right));
}

/** The dynamic linker, and the C library. */
const LASTING = /\/(ld[-.]|libc[-.])[^/]*$/;

/** A breakpoint that is out may come back. */
function holdsBreakpoint(space: AddressSpace, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if (space.breakpoints.get(at) !== undefined) return true;
  return false;
}

function isIntact(space: AddressSpace, { address, bytes }: Omit<TwinPlace, 'way'>): boolean {
  return Buffer.compare(space.memory.read(address, bytes.length), bytes) === 0;
}
