/**
 * Where a probe is to be: `FILE:LINE`, `FUNCTION`, `MODULE!FUNCTION`, `*0xADDRESS` or `MODULE!FUNCTION+0xOFFSET`; after
 * `return`, where the function returns that one of the first three means; or at many places at once: `FILE:*`, and a
 * FUNCTION with `*` in it. Function names are taken as their languages write them: `ns::Stack<int>::push`,
 * `operator new[]`, `<T as core::fmt::Display>::fmt`, `main.(*Server).handle`.
 */
import { address, hex } from '../../base/address';
import { isNamePattern } from '../../debuginfo/names/namePattern';
import { operatorNameLength } from '../../debuginfo/names/operatorName';
import { type Range, relocating, syntaxError } from '../expression/diagnostics';
import { type ProbeLocation } from './spec';

const ADDRESS = /^\*(0x[0-9a-f]{1,16})$/i;
/** What can only be meant as an address. */
const ADDRESS_LIKE = /^\*(0x|[0-9])/i;
const LINES = /^(.*[^:]):\*$/;
const LINE = /^(.*[^:]):([0-9]+)$/;
const OFFSET = /^([^!]+)!(.+?)(?:\+(0x[0-9a-f]+|[0-9]+))?$/i;
const OPENING = '<([{';
const CLOSING = '>)]}';

/** No language has a function of this name. */
const RETURN = /^return\s+/;

const ADVICE =
  'Write FILE:LINE, FUNCTION, return FUNCTION, MODULE!FUNCTION, *0xADDRESS or MODULE!FUNCTION+0xOFFSET; FILE:* for ' +
  'all lines; * in FUNCTION for any characters.';

const RETURN_ADVICE = 'Write return FUNCTION, return MODULE!FUNCTION or return FILE:LINE.';

/** The location that `text` is, without space around it. Throws `syntax`, with the range in `text`. */
export function parseLocation(text: string): ProbeLocation {
  const range = { start: 0, end: text.length };
  if (text.trim() === '') throw syntaxError('expected a location', range, ADVICE);
  const word = RETURN.exec(text)?.[0];
  if (word !== undefined) {
    return relocating(
      ({ start, end }) => ({ range: { start: word.length + start, end: word.length + end } }),
      () => parseReturn(text.slice(word.length)),
    );
  }
  if (ADDRESS_LIKE.test(text)) {
    const digits = ADDRESS.exec(text)?.[1];
    if (digits === undefined) throw syntaxError('expected a hexadecimal address after `*`', range, ADVICE);
    return { kind: 'address', address: address(BigInt(digits)) };
  }
  const [, file, line] = LINE.exec(text) ?? [];
  if (file !== undefined && line !== undefined) return lineLocation(file, line, range);
  const [, files] = LINES.exec(text) ?? [];
  if (files !== undefined) return { kind: 'lines', file: files };
  const [, module, name, distance] = OFFSET.exec(text) ?? [];
  if (module !== undefined && name !== undefined && !/\boperator$/.test(module)) {
    if (distance === undefined) return functionLocation(name, module);
    if (isNamePattern(name) || module.includes('*')) {
      throw syntaxError('an offset needs one function of one module, not a pattern', range, ADVICE);
    }
    return { kind: 'offset', module, function: name, offset: Number(distance) };
  }
  if (/^[0-9]/.test(text)) throw syntaxError(`\`${text}\` is not a location`, range, ADVICE);
  return functionLocation(text);
}

function functionLocation(name: string, module?: string): ProbeLocation {
  const isMany = isNamePattern(name) || module?.includes('*') === true;
  const where = module === undefined ? {} : { module };
  return isMany ? { kind: 'functions', pattern: name, ...where } : { kind: 'function', name, ...where };
}

/** Whether a location means many places, which are reported by function or by line. */
export function isPattern({ kind }: ProbeLocation): boolean {
  return kind === 'functions' || kind === 'lines';
}

/** Where the function returns that `text` means. Throws `syntax`, with the range in `text`. */
export function parseReturn(text: string): ProbeLocation {
  const of = parseLocation(text);
  if (of.kind === 'function' || of.kind === 'line') return { kind: 'return', of };
  const why = isPattern(of) ? "the returns of a pattern can't be probed" : 'only functions return';
  throw syntaxError(why, { start: 0, end: text.length }, RETURN_ADVICE);
}

function lineLocation(file: string, digits: string, range: Range): ProbeLocation {
  if (/[^:]:[0-9]+$/.test(file)) throw syntaxError("a location can't have a column", range, ADVICE);
  if (file.includes('*')) throw syntaxError('a pattern of files needs all their lines', range, 'Write FILE:*.');
  const line = Number(digits);
  if (line < 1 || line > 0xffff_ffff) throw syntaxError(`there is no line ${digits}`, range);
  return { kind: 'line', file, line };
}

/**
 * Where the location that begins at `start` ends, if it is not quoted: at the first white space that is in no brackets.
 * Throws `syntax` when brackets stay open.
 */
export function bareLocationEnd(text: string, start: number): number {
  const open: number[] = [];
  let at = start;
  while (at < text.length && (open.length > 0 || !/\s/.test(text.charAt(at)))) {
    const operatorLength = operatorNameLength(text, at);
    const character = text.charAt(at);
    if (operatorLength > 0) at += operatorLength;
    else if (text.startsWith('->', at)) at += 2;
    else {
      if (OPENING.includes(character)) open.push(at);
      else if (CLOSING.indexOf(character) === OPENING.indexOf(text[open.at(-1) ?? -1] ?? ' ')) open.pop();
      at++;
    }
  }
  const unclosed = open.at(-1);
  if (unclosed !== undefined) {
    throw syntaxError(`\`${text.charAt(unclosed)}\` is not closed`, { start: unclosed, end: unclosed + 1 });
  }
  return at;
}

/** Canonical text, not quoted; {@link parseLocation} gives the location back. */
export function formatLocation(location: ProbeLocation): string {
  switch (location.kind) {
    case 'line':
      return `${location.file}:${location.line}`;
    case 'function':
      return location.module === undefined ? location.name : `${location.module}!${location.name}`;
    case 'return':
      return `return ${formatLocation(location.of)}`;
    case 'lines':
      return `${location.file}:*`;
    case 'functions':
      return location.module === undefined ? location.pattern : `${location.module}!${location.pattern}`;
    case 'address':
      return `*${hex(location.address)}`;
    case 'offset':
      return `${location.module}!${location.function}+${hex(location.offset)}`;
  }
}
