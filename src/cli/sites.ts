/**
 * `sidestep sites`: where a probe would stand in a file, and how the instruction there would be executed. Nothing is
 * run.
 */
import { basename } from 'node:path';
import { hex, linkAddress, type LinkAddress } from '../base/address';
import { SidestepError } from '../base/errors';
import { printable, printableName } from '../base/printable';
import { Image } from '../debuginfo/image';
import { straddling } from '../emulator/decode/boundaries';
import { disassemble } from '../emulator/decode/decode';
import { classify, MAX_INSTRUCTION_BYTES } from '../emulator/emulator';
import { readFlow } from '../emulator/flow';
import { disturbsSequence, NO_TWIN, REFUSALS } from '../emulator/decode/refusal';
import { parseLocation } from '../language/probes/location';
import { type ProbeLocation } from '../language/probes/spec';
import { MAX_SITES } from '../session/session';
import { type Command } from './arguments';
import { ErrorInText } from './errorText';
import { LoadedTwins } from './loadedTwins';
import { moveOf, placesOf, type SitePlace } from './sitePlaces';

interface SiteReport {
  /** Link-time, `0x…`. */
  readonly address: string;
  readonly file?: string | undefined;
  readonly line?: number | undefined;
  readonly function?: string | undefined;
  readonly instruction: string;
  readonly execution: 'emulated' | 'surrogate' | 'twin' | 'refused';
  /** Why it is refused. */
  readonly reason?: string;
  /** Why there may be more or fewer hits than calls of the function or passes of the line. */
  readonly doubt?: string;
  /** The instruction that the address lies inside: a probe there would change it. */
  readonly inside?: { readonly address: string; readonly instruction: string };
}

/** Prints the sites; returns the exit status. Throws if the location is not in the binary. */
export function sites({
  binary,
  location,
  json,
  debugDirectories = [],
  maxSites = MAX_SITES,
}: Extract<Command, { kind: 'sites' }>): number {
  const wanted = parse(location);
  const image = Image.open(binary, { readFlow, debugDirectories });
  try {
    const places = placesOf(image, wanted, maxSites);
    const moved = moveOf(image, wanted, places);
    const code = { image, twins: new LoadedTwins(image) };
    const reports = places.flatMap((place) => reportPlace(code, place));
    const found = { binary, location, ...(moved !== undefined && { moved }), sites: reports };
    process.stdout.write(json ? `${JSON.stringify(found)}\n` : table(reports));
    if (moved !== undefined && !json) process.stderr.write(`sidestep: ${printable(moved)}\n`);
    return 0;
  } finally {
    image.dispose();
  }
}

function parse(location: string): ProbeLocation {
  try {
    return parseLocation(location);
  } catch (error) {
    throw error instanceof SidestepError ? new ErrorInText(error, location, undefined) : error;
  }
}

/** What the sites are in; the twins are found once for all of them. */
interface Code {
  readonly image: Image;
  readonly twins: LoadedTwins;
}

/** The candidates up to the first usable one: the refused ones show why the probe stands elsewhere. */
function reportPlace(code: Code, place: SitePlace): SiteReport[] {
  const reports = place.candidates.map((candidate) => reportSite(code, candidate, place));
  const chosen = reports.findIndex(({ execution }) => execution !== 'refused');
  return chosen < 0 ? reports : reports.slice(0, chosen + 1);
}

function reportSite(code: Code, at: LinkAddress, place: SitePlace): SiteReport {
  const { image } = code;
  const bytes = image.textAt(at, MAX_INSTRUCTION_BYTES);
  if (bytes === undefined) throw new SidestepError('no-code', `${image.path} has no code at ${hex(at)}`);
  const { line: described, function: innermost, symbol } = image.describe(at);
  const line = place.line ?? described;
  const { execution, reason } = executionOf(code, bytes, at);
  return {
    address: hex(at),
    file: line?.file,
    line: line?.line,
    function: place.function ?? innermost ?? symbol?.name,
    instruction: disassemble(bytes, at),
    execution,
    ...(reason !== undefined && { reason }),
    ...(place.doubt !== undefined && { doubt: place.doubt }),
    ...insideOf(image, at, symbol?.offset),
  };
}

function executionOf(
  { image, twins }: Code,
  bytes: Uint8Array,
  at: LinkAddress,
): Pick<SiteReport, 'execution' | 'reason'> {
  const classification = classify(bytes, at);
  const { execution } = classification;
  if (execution === 'refused') return { execution, reason: classification.reason };
  const sequence = image.restartableSequenceAt(at);
  if (sequence !== undefined && disturbsSequence(sequence, at, classification.length)) {
    return { execution: 'refused', reason: REFUSALS['restartable-sequence'] };
  }
  if (execution !== 'twin' || twins.serve(classification.twin)) return { execution };
  return { execution: 'refused', reason: `${classification.reason}, ${NO_TWIN}` };
}

/** `offset`: from the start of the function. */
function insideOf(image: Image, at: LinkAddress, offset = 0): Pick<SiteReport, 'inside'> {
  const start = linkAddress(at - BigInt(offset));
  const text = image.textAt(start, offset + MAX_INSTRUCTION_BYTES);
  const found = text && straddling(text, start, at);
  return found ? { inside: { address: hex(found.address), instruction: found.instruction } } : {};
}

function table(reports: readonly SiteReport[]): string {
  const cells = reports.map(
    ({ address, file, line, function: name, instruction, execution, reason, inside, doubt }) => [
      address,
      file === undefined ? '' : `${basename(file)}:${line ?? '?'}`,
      name ?? '',
      instruction,
      (reason === undefined ? execution : `${execution}: ${reason}`) +
        (inside === undefined ? '' : ` (warning: inside ${inside.instruction} at ${inside.address})`) +
        (doubt === undefined ? '' : ` (warning: ${doubt})`),
    ],
  );
  const rows = cells.map((row) => row.map(printableName));
  const widths = [0, 1, 2, 3].map((column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  return rows.map((row) => `${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')}\n`).join('');
}
