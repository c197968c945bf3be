/**
 * The `.probes` language, one probe a line; also what `-p` takes:
 *
 *     log [return] LOCATION ["message {expression}"] [if EXPRESSION] [hits CONDITION]
 *     count [return] LOCATION [if EXPRESSION]
 *     # comment, also after a probe
 *
 * LOCATION is as in {@link parseLocation}; in quotes, if it has spaces outside of brackets.
 */
import { type HitCondition } from '../../contract/messages';
import { checkMessage } from '../template/syntaxCheck';
import { type Range, relocating, syntaxError } from '../expression/diagnostics';
import { parseExpressionAt } from '../expression/parser';
import { parseHitCondition } from './hitCondition';
import { bareLocationEnd, parseLocation, parseReturn } from './location';
import { quotedAt } from './quoted';
import { type ProbeLocation, type ProbeSpec } from './spec';

/** One probe. Throws `syntax`, with the range in `line`. */
export function parseProbe(line: string): ProbeSpec {
  return parseWith(new LineParser(line));
}

/**
 * Where a range of a probe's message or condition lies in `line`, which {@link parseProbe} has taken. Undefined for
 * another section, and where the line has none.
 */
export function rangeInLine(line: string, section: string | undefined, { start, end }: Range): Range | undefined {
  const parser = new LineParser(line);
  parseWith(parser);
  const positionOf = section === 'message' || section === 'condition' ? parser.positions[section] : undefined;
  return positionOf && { start: positionOf(start), end: positionOf(end) };
}

function parseWith(parser: LineParser): ProbeSpec {
  const kind = parser.keyword();
  const location = parser.location();
  const message = kind === 'log' ? parser.message() : undefined;
  const condition = parser.condition();
  const hits = kind === 'log' ? parser.hits() : undefined;
  parser.end(kind);
  return {
    kind,
    location,
    ...(message !== undefined && { message }),
    ...(condition !== undefined && { condition }),
    ...(hits && { hits }),
    text: parser.line.trim(),
  };
}

/** All probes of a `.probes` text. Throws `syntax`; its place has the line (from 1) and the range in it. */
export function parseProbes(text: string): ProbeSpec[] {
  return parseProbeLines(text).map(({ spec }) => spec);
}

/** The same, each with its line (from 1). */
export function parseProbeLines(text: string): { readonly spec: ProbeSpec; readonly line: number }[] {
  const probes: { readonly spec: ProbeSpec; readonly line: number }[] = [];
  text.split(/\r?\n/).forEach((line, index) => {
    if (/^\s*(#|$)/.test(line)) return;
    const relocate = (range: Range) => ({ range, line: index + 1 });
    probes.push({ spec: relocating(relocate, () => parseProbe(line)), line: index + 1 });
  });
  return probes;
}

class LineParser {
  /** Offsets in a part, once it was read, → offsets in the line. */
  readonly positions: { message?: (offset: number) => number; condition?: (offset: number) => number } = {};
  #at = 0;

  constructor(readonly line: string) {}

  keyword(): ProbeSpec['kind'] {
    const { word, range } = this.#word();
    if (word !== 'log' && word !== 'count') throw syntaxError('expected `log` or `count`', range);
    this.#at = range.end;
    return word;
  }

  location(): ProbeLocation {
    return this.#location(this.#takeReturn() ? parseReturn : parseLocation);
  }

  #takeReturn(): boolean {
    this.#skipSpace();
    return /^return(?=\s|$)/.test(this.line.slice(this.#at)) && this.#takeWord('return');
  }

  #location(parse: (text: string) => ProbeLocation): ProbeLocation {
    this.#skipSpace();
    if (this.line[this.#at] === '"') {
      const { value, end, offsetOf } = quotedAt(this.line, this.#at);
      this.#at = end;
      return relocating(
        ({ start, end }) => ({ range: { start: offsetOf(start), end: offsetOf(end) } }),
        () => parse(value),
      );
    }
    const start = this.#at;
    this.#at = bareLocationEnd(this.line, start);
    return relocating(
      (range) => ({ range: { start: start + range.start, end: start + range.end } }),
      () => parse(this.line.slice(start, this.#at)),
    );
  }

  message(): string | undefined {
    this.#skipSpace();
    if (this.line[this.#at] !== '"') return undefined;
    const { value, end, offsetOf } = quotedAt(this.line, this.#at);
    this.#at = end;
    this.positions.message = offsetOf;
    relocating(
      ({ start, end }) => ({ range: { start: offsetOf(start), end: offsetOf(end) } }),
      () => checkMessage(value),
    );
    return value;
  }

  condition(): string | undefined {
    if (!this.#takeWord('if')) return undefined;
    this.#skipSpace();
    const start = this.#at;
    const { next } = parseExpressionAt(this.line, start, { terminator: 'hits' });
    this.#at = next.range.start;
    this.positions.condition = (offset) => start + offset;
    return this.line.slice(start, this.#at).trimEnd();
  }

  hits(): HitCondition | undefined {
    if (!this.#takeWord('hits')) return undefined;
    const start = this.#at;
    const comment = this.line.indexOf('#', start);
    this.#at = comment < 0 ? this.line.length : comment;
    return relocating(
      () => ({ range: { start, end: this.#at } }),
      () => parseHitCondition(this.line.slice(start, this.#at)),
    );
  }

  end(kind: ProbeSpec['kind']): void {
    this.#skipSpace();
    if (this.#at === this.line.length || this.line[this.#at] === '#') return;
    const { word, range } = this.#word();
    const wanted = kind === 'log' ? 'a message, `if`, `hits` or the end of the line' : '`if` or the end of the line';
    throw syntaxError(`expected ${wanted}, found \`${word}\``, range);
  }

  #takeWord(wanted: string): boolean {
    const { word, range } = this.#word();
    if (word !== wanted) return false;
    this.#at = range.end;
    return true;
  }

  /** The letters, or else the one character, that come next. */
  #word(): { word: string; range: Range } {
    this.#skipSpace();
    const [word] = /^(?:\w+|.?)/u.exec(this.line.slice(this.#at)) ?? [''];
    return { word, range: { start: this.#at, end: this.#at + word.length } };
  }

  #skipSpace(): void {
    while (/\s/.test(this.line[this.#at] ?? '')) this.#at++;
  }
}
