/** Mistakes in a `.probes` text, all of them: a line that is wrong does not hide the next one. */
import { SidestepError } from '../base/errors';
import { parseProbes } from '../language/probes/parse';

export interface ProbesMistake {
  /** 0-based, as editors count. */
  readonly line: number;
  /** UTF-16 offsets in the line, the end exclusive. */
  readonly start: number;
  readonly end: number;
  readonly message: string;
}

export function findMistakes(text: string): ProbesMistake[] {
  return text.split(/\r?\n/).flatMap((line, index) => {
    try {
      parseProbes(line);
      return [];
    } catch (error) {
      if (!(error instanceof SidestepError)) throw error;
      const { start, end } = error.place?.range ?? { start: 0, end: line.length };
      const message = error.advice === undefined ? error.message : `${error.message}. ${error.advice}`;
      return [{ line: index, start, end, message }];
    }
  });
}
