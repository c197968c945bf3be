/** Sections put together by hand, field after field, so that tests can say beside each field what it is. */
import { DebugFile } from '../../src/debuginfo/dwarf/debugFile';
import { DebugInfo } from '../../src/debuginfo/dwarf/debugInfo';

/** Bytes of one field. */
export type Field = readonly number[];

export function u8(value: number): Field {
  return [value & 0xff];
}

export function u16(value: number): Field {
  return [value & 0xff, (value >> 8) & 0xff];
}

export function u32(value: number): Field {
  return [...u16(value & 0xffff), ...u16(value >>> 16)];
}

export function u64(value: number | bigint): Field {
  const big = BigInt.asUintN(64, BigInt(value));
  return [...u32(Number(big & 0xffff_ffffn)), ...u32(Number(big >> 32n))];
}

export function uleb(value: number | bigint): Field {
  const bytes: number[] = [];
  let left = BigInt(value);
  do {
    const byte = Number(left & 0x7fn);
    left >>= 7n;
    bytes.push(left === 0n ? byte : byte | 0x80);
  } while (left !== 0n);
  return bytes;
}

export function sleb(value: number | bigint): Field {
  const bytes: number[] = [];
  let left = BigInt(value);
  for (;;) {
    const byte = Number(left & 0x7fn);
    left >>= 7n;
    const done = (left === 0n && !(byte & 0x40)) || (left === -1n && (byte & 0x40) !== 0);
    bytes.push(done ? byte : byte | 0x80);
    if (done) return bytes;
  }
}

export function cstring(text: string): Field {
  return [...Buffer.from(text), 0];
}

/** Fields in a row. */
export function section(...fields: Field[]): Uint8Array {
  return Uint8Array.from(fields.flat());
}

/** A 32-bit initial length before the fields that it counts. */
export function counted(...fields: Field[]): Field {
  const body = fields.flat();
  return [...u32(body.length), ...body];
}

/** The 64-bit form of {@link counted}. */
export function counted64(...fields: Field[]): Field {
  const body = fields.flat();
  return [...u32(0xffff_ffff), ...u64(body.length), ...body];
}

/** A file made of the given sections. */
export function debugFile(
  sections: Readonly<Record<string, Uint8Array>>,
  supplementary?: Readonly<Record<string, Uint8Array>>,
): DebugFile {
  const source = (path: string, of: Readonly<Record<string, Uint8Array>>) => ({
    path,
    sectionBytes: (name: string): Uint8Array | undefined => of[name],
  });
  return new DebugFile(source('a.out', sections), {
    ...(supplementary && { supplementary: () => source('a.dwz', supplementary) }),
  });
}

/** Debug information made of the given sections. */
export function debugInfo(...sections: Parameters<typeof debugFile>): DebugInfo {
  return new DebugInfo(debugFile(...sections));
}
