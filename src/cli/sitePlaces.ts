/** Where a location's probes would stand in one file, which nothing runs. */
import { basename } from 'node:path';
import { linkAddress } from '../base/address';
import { assertExists } from '../base/assert';
import { SidestepError } from '../base/errors';
import { type Image } from '../debuginfo/image';
import { type ProbePlace } from '../debuginfo/model/model';
import { NamePattern } from '../debuginfo/names/namePattern';
import { similarFiles } from '../debuginfo/names/similarity';
import { tooMany } from '../debuginfo/names/tooMany';
import { type ProbeLocation } from '../language/probes/spec';
import { pathPattern } from '../session/code/pathPattern';
import { ambiguousFile, LAST_LINE, placesOfLines } from '../session/code/sources';
import { didYouMean } from '../session/probes/foundPlace';
import { isElsewhere, movedText } from '../session/probes/moved';

/** An address given by the user has neither a function nor a line. */
export type SitePlace = Pick<ProbePlace, 'candidates' | 'doubt'> & Partial<ProbePlace>;

/** Throws what is wrong with the location. `most`: how many places a pattern may have. */
export function placesOf(image: Image, location: ProbeLocation, most: number): readonly SitePlace[] {
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
      if (files.length === 0 || !image.hasDebugInfo) throw unknownFile(image, location.file);
      throw new SidestepError(
        'no-code',
        `${image.path} has no code for ${location.file}:${location.line} or a line below`,
      );
    }
    case 'function': {
      if (location.module !== undefined) checkModule(image, location.module);
      const places = image.functionPlaces(location.name);
      if (places.length > 0) return places;
      throw unknownFunction(image, location.name);
    }
    case 'lines':
      return linesOf(image, location.file, most);
    case 'functions': {
      if (location.module !== undefined) checkModule(image, location.module);
      const exact = image.symbolAddress(location.pattern) === undefined ? [] : image.functionPlaces(location.pattern);
      if (exact.length > 0) return exact;
      const pattern = new NamePattern(location.pattern);
      const { places } = image.functionsMatching(pattern, most);
      if (places.length > 0) return places;
      throw new SidestepError('unknown-function', `no function of ${image.path} matches ${location.pattern}`, {
        ...didYouMean(image.functionsNear(pattern).slice(0, 3)),
      });
    }
    case 'return':
      return returnPlaces(image, location, most);
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
function returnPlaces(
  image: Image,
  { of }: Extract<ProbeLocation, { kind: 'return' }>,
  most: number,
): readonly SitePlace[] {
  const entered = placesOf(image, of, most);
  const addresses = entered.map(({ candidates }) => assertExists(candidates[0], 'address of a place'));
  const { exits, doubts } = of.kind === 'function' ? image.functionReturns(of.name) : image.returnsAround(addresses);
  const doubt = doubts.join('; ');
  if (exits.length === 0) throw new SidestepError('not-probeable', `no return of it can be probed: ${doubt}`);
  return exits.map(({ address, ...exit }) => ({ candidates: [address], ...exit, ...(doubt !== '' && { doubt }) }));
}

/** What to say where the line that was asked for has no code, and the next one with code is taken. */
export function moveOf(image: Image, location: ProbeLocation, places: readonly SitePlace[]): string | undefined {
  const line = places[0]?.line?.line;
  if (location.kind !== 'line' || line === undefined || line === location.line) return undefined;
  const isInAnother = places.every(({ candidates }) =>
    isElsewhere(location.line, image.describe(assertExists(candidates[0], 'address of a place')).declarationLine, line),
  );
  return movedText(`${location.file}:${location.line}`, line, isInAnother ? places[0]?.function : undefined);
}

/** The places of every line of a file, or of several where it has `*`. */
function linesOf(image: Image, file: string, most: number): readonly SitePlace[] {
  const isGlob = file.includes('*');
  const end = pathPattern(file, '(?:^|/)');
  const files = isGlob ? image.sourceFiles().filter((path) => end.test(path)) : image.filesMatching(file);
  if (files.length === 0) throw unknownFile(image, file);
  const withCode = files
    .map((path) => ({ path, lines: image.codeLines(path, 1, LAST_LINE) }))
    .filter(({ lines }) => lines.length > 0);
  if (withCode.length > 1 && !isGlob) {
    throw ambiguousFile(
      file,
      withCode.map(({ path }) => path),
      image.path,
    );
  }
  const places = withCode.flatMap(({ path, lines }) => placesOfLines(image, path, lines));
  if (places.length > most) throw tooMany(`${file}:* has ${places.length} places`, most);
  if (places.length > 0) return places;
  throw new SidestepError('no-code', `${image.path} has no code at any line of ${file}`);
}

function unknownFile(image: Image, file: string): SidestepError {
  if (!image.hasDebugInfo) {
    return new SidestepError('unknown-file', `${image.path} has no debug information`, {
      advice: 'Compile it with -g or install its debug symbols; function names work without.',
    });
  }
  const similar = similarFiles(file, image.sourceFiles());
  return new SidestepError('unknown-file', `${image.path} was not compiled from ${file}`, { ...didYouMean(similar) });
}

function checkModule({ path }: Image, module: string): void {
  if (basename(path).startsWith(module) || path === module) return;
  throw new SidestepError('unknown-name', `${path} is not the module ${module}`);
}

function unknownFunction(image: Image, name: string): SidestepError {
  const similar = image.similarFunctions(name).slice(0, 3);
  return new SidestepError('unknown-function', `${image.path} has no function ${name}`, {
    ...didYouMean(similar),
  });
}
