/**
 * `sidestep sites`: where a probe would stand in a file, and how the instruction there would be executed. Nothing is
 * run.
 */
import { basename } from 'node:path';
import { hex, linkAddress, type LinkAddress } from '../base/address';
import { assertExists } from '../base/assert';
import { SidestepError } from '../base/errors';
import { printable, printableName } from '../base/printable';
import { Image } from '../debuginfo/image';
import { type ProbePlace } from '../debuginfo/model/model';
import { similarFiles } from '../debuginfo/names/similarity';
import { straddling } from '../emulator/decode/boundaries';
import { disassemble } from '../emulator/decode/decode';
import { classify, MAX_INSTRUCTION_BYTES } from '../emulator/emulator';
import { readFlow } from '../emulator/flow';
import { disturbsSequence, NO_TWIN, REFUSALS } from '../emulator/decode/refusal';
import { parseLocation } from '../language/probes/location';
import { type ProbeLocation } from '../language/probes/spec';
import { ambiguousFile } from '../session/code/sources';
import { isElsewhere, movedText } from '../session/probes/moved';
import { type Command } from './arguments';
import { ErrorInText } from './errorText';
import { LoadedTwins } from './loadedTwins';

/** An address given by the user has neither a function nor a line. */
type Place = Pick<ProbePlace, 'candidates' | 'doubt'> & Partial<ProbePlace>;

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
export function sites({ binary, location, json, debugDirectories = [] }: Extract<Command, { kind: 'sites' }>): number {
  const wanted = parse(location);
  const image = Image.open(binary, { readFlow, debugDirectories });
  try {
    const places = placesOf(image, wanted);
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

function placesOf(image: Image, location: ProbeLocation): readonly Place[] {
  switch (location.kind) {
    case 'line': {
      const files = image.filesMatching(location.file);
      const found = files.flatMap((file) => image.linePlaces(file, location.line) ?? []);
      if (found.length > 1) {
        throw ambiguousFile(
          location.file,
          found.map(({ file }) => file),
          image.path,
        );
      }
      if (found[0] !== undefined && found[0].places.length > 0) return found[0].places;
      if (image.hasDebugInfo && files.length === 0) throw unknownFile(image, location.file);
      throw image.hasDebugInfo
        ? new SidestepError(
            'no-code',
            `${image.path} has no code for ${location.file}:${location.line} or a line below`,
          )
        : new SidestepError('unknown-file', `${image.path} has no debug information`, {
            advice: 'Compile it with -g or install its debug symbols; function names work without.',
          });
    }
    case 'function': {
      if (location.module !== undefined) checkModule(image, location.module);
      const places = image.functionPlaces(location.name);
      if (places.length > 0) return places;
      throw unknownFunction(image, location.name);
    }
    case 'return':
      return returnPlaces(image, location);
    case 'address':
      return [{ candidates: [linkAddress(location.address)] }];
    case 'offset': {
      checkModule(image, location.module);
      const start = image.symbolAddress(location.function);
      if (start === undefined) throw unknownFunction(image, location.function);
      return [{ candidates: [linkAddress(start + BigInt(location.offset))] }];
    }
  }
}

/** The exits of the functions, each with what is missed of all of them. */
function returnPlaces(image: Image, { of }: Extract<ProbeLocation, { kind: 'return' }>): readonly Place[] {
  const entered = placesOf(image, of);
  const addresses = entered.map(({ candidates }) => assertExists(candidates[0], 'address of a place'));
  const { exits, doubts } = of.kind === 'function' ? image.functionReturns(of.name) : image.returnsAround(addresses);
  const doubt = doubts.join('; ');
  if (exits.length === 0) throw new SidestepError('not-probeable', `no return of it can be probed: ${doubt}`);
  return exits.map(({ address, ...exit }) => ({ candidates: [address], ...exit, ...(doubt !== '' && { doubt }) }));
}

/** What to say where the line that was asked for has no code, and the next one with code is taken. */
function moveOf(image: Image, location: ProbeLocation, places: readonly Place[]): string | undefined {
  const line = places[0]?.line?.line;
  if (location.kind !== 'line' || line === undefined || line === location.line) return undefined;
  const isInAnother = places.every(({ candidates }) =>
    isElsewhere(location.line, image.describe(assertExists(candidates[0], 'address of a place')).declarationLine, line),
  );
  return movedText(`${location.file}:${location.line}`, line, isInAnother ? places[0]?.function : undefined);
}

function unknownFile(image: Image, file: string): SidestepError {
  const similar = similarFiles(file, image.sourceFiles());
  return new SidestepError('unknown-file', `${image.path} was not compiled from ${file}`, {
    ...(similar.length > 0 && { advice: `Did you mean ${similar.join(' or ')}?` }),
  });
}

function checkModule({ path }: Image, module: string): void {
  if (basename(path).startsWith(module) || path === module) return;
  throw new SidestepError('unknown-name', `${path} is not the module ${module}`);
}

function unknownFunction(image: Image, name: string): SidestepError {
  const similar = image.similarFunctions(name).slice(0, 3);
  return new SidestepError('unknown-function', `${image.path} has no function ${name}`, {
    ...(similar.length > 0 && { advice: `Did you mean ${similar.join(' or ')}?` }),
  });
}

/** What the sites are in; the twins are found once for all of them. */
interface Code {
  readonly image: Image;
  readonly twins: LoadedTwins;
}

/** The candidates up to the first usable one: the refused ones show why the probe stands elsewhere. */
function reportPlace(code: Code, place: Place): SiteReport[] {
  const reports = place.candidates.map((candidate) => reportSite(code, candidate, place));
  const chosen = reports.findIndex(({ execution }) => execution !== 'refused');
  return chosen < 0 ? reports : reports.slice(0, chosen + 1);
}

function reportSite(code: Code, at: LinkAddress, place: Place): SiteReport {
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
