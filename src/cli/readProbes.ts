/** -p and -f → probes; an error points at its position in the user's text. */
import { assertExists } from '../base/assert';
import { readFileSync } from 'node:fs';
import { messageOf, SidestepError } from '../base/errors';
import { parseProbe, parseProbeLines } from '../language/probes/parse';
import { type ProbeSpec } from '../language/probes/spec';
import { type ProbeSource } from './arguments';
import { ErrorInText } from './errorText';

/** A probe and where it comes from, for errors that show up later. */
export interface GivenProbe {
  readonly spec: ProbeSpec;
  /** As the user wrote it. */
  readonly line: string;
  /** `FILE:LINE` of a .probes file; undefined for -p. */
  readonly where: string | undefined;
}

/** All probes in order. Throws {@link ErrorInText} for a syntax error, SidestepError for a file that can't be read. */
export function readProbes(sources: readonly ProbeSource[]): GivenProbe[] {
  return sources.flatMap((source): GivenProbe[] =>
    source.kind === 'line'
      ? [{ spec: readLine(source.text), line: source.text, where: undefined }]
      : readFile(source.path),
  );
}

function readLine(text: string): ProbeSpec {
  try {
    return parseProbe(text);
  } catch (error) {
    throw error instanceof SidestepError ? new ErrorInText(error, text, undefined) : error;
  }
}

function readFile(path: string): GivenProbe[] {
  const text = readText(path);
  const lines = text.split(/\r?\n/);
  try {
    return parseProbeLines(text).map(({ spec, line }) => ({
      spec,
      line: assertExists(lines[line - 1], 'line'),
      where: `${path}:${line}`,
    }));
  } catch (error) {
    if (!(error instanceof SidestepError) || error.place?.line === undefined) throw error;
    const { line } = error.place;
    throw new ErrorInText(error, lines[line - 1] ?? '', `${path}:${line}`);
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new SidestepError('file-unreadable', `the probes in ${path} can't be read: ${messageOf(error)}`, {
      place: { file: path },
      cause: error,
    });
  }
}
