/** Natvis's format specifiers as the formats of messages. */
import { type Style } from '../expression/format';
import { type Specifier } from '../natvis/ast';
import { type Typed } from '../typed/tree';
import { BYTES, type Encoding } from '../value/text';
import { type Environment } from './environment';

/** How a value is to be shown. */
export interface ValueFormat {
  readonly style?: Style | undefined;
  /** Of the characters, where the format says it and not the type. */
  readonly encoding?: Encoding | undefined;
  /** An integer: elements or characters. */
  readonly count?: Typed | undefined;
  /** Without a formatter. */
  readonly isRaw?: boolean;
  readonly view?: string | undefined;
}

const UTF16: Encoding = { unit: 2, prefix: 'u' };
const UTF32: Encoding = { unit: 4, prefix: 'U' };

const STYLES: ReadonlyMap<string, ValueFormat> = new Map<string, ValueFormat>([
  ['d', { style: 'decimal' }],
  ['u', { style: 'unsigned' }],
  ['o', { style: 'octal' }],
  ['c', { style: 'character' }],
  ['b', { style: 'binary' }],
  ['bb', { style: 'binary' }],
  ...['x', 'X', 'h', 'H', 'xb', 'Xb', 'hb', 'Hb'].map((name) => [name, { style: 'hexadecimal' }] as const),
  ['s', { style: 'string' }],
  ['sb', { style: 'bare' }],
  ['s8', { style: 'string', encoding: BYTES }],
  ['s8b', { style: 'bare', encoding: BYTES }],
  ['su', { style: 'string', encoding: UTF16 }],
  ['sub', { style: 'bare', encoding: UTF16 }],
  ['s32', { style: 'string', encoding: UTF32 }],
  ['s32b', { style: 'bare', encoding: UTF32 }],
]);

/**
 * Letters for what Sidestep does anyway (`na`: no address before a text, `en`: enumerators by name) or has no windows
 * for change nothing.
 */
export function formatOf(specifier: Specifier | undefined, environment: Environment): ValueFormat {
  if (specifier === undefined) return {};
  const style = /^(?:na|nd|nr|nvo|en|wc|wm|hv|hr)$/.test(specifier.style) ? undefined : STYLES.get(specifier.style);
  return {
    ...style,
    ...(specifier.count && { count: environment.integer(specifier.count) }),
    ...(specifier.isRaw && { isRaw: true }),
    ...(specifier.view !== undefined && { view: specifier.view }),
  };
}
