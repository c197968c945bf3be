/**
 * Compressed sections: SHF_COMPRESSED with zlib or zstd (gABI, chapter 4, "Section Compression") and the older GNU
 * `.zdebug_` form. A section's claimed size is checked before memory is allocated for it.
 */
import { constants, inflateSync } from 'node:zlib';
import { decompress as decompressZstd } from 'fzstd';
import { ByteReader, type BytesOrigin } from '../../base/byteReader';
import { messageOf, SidestepError } from '../../base/errors';

const ELFCOMPRESS_ZLIB = 1;
const ELFCOMPRESS_ZSTD = 2;
/**
 * What all compressed sections of a file may become together, in bytes: `free`, and `ratio` times the file. Debug
 * information shrinks to a fifth, that of generated code, the same again and again, to a thirtieth.
 */
export const MAX_EXPANSION = { free: 1 << 23, ratio: 32 };

/** deflate can't shrink further (RFC 1951: 258 bytes in 2 bits); debug sections come nowhere near it in any format. */
const MAX_RATIO = 1032;

/** Bytes of an Elf64_Chdr. */
export const COMPRESSION_HEADER = 24;

/** The size that an Elf64_Chdr claims for a section's contents. Throws `malformed` for more than `limit` bytes. */
export function claimedSize(header: Uint8Array, origin: BytesOrigin, limit: number): number {
  const reader = new ByteReader(header, origin);
  reader.skip(8);
  const size = reader.size64();
  if (size > limit) throw reader.malformed(`${size} bytes are too many for a file of this size`);
  return size;
}

/** The contents of a section whose bytes start with an Elf64_Chdr. Throws `malformed` for more than `limit` bytes. */
export function decompressSection(bytes: Uint8Array, origin: BytesOrigin, limit: number): Uint8Array {
  const reader = new ByteReader(bytes, origin);
  const type = reader.u32();
  reader.skip(4);
  const size = reader.size64();
  reader.skip(8); // alignment
  const data = bytes.subarray(reader.offset);
  if (type === ELFCOMPRESS_ZLIB) return inflate(data, size, reader, limit);
  if (type === ELFCOMPRESS_ZSTD) return zstd(data, size, reader, limit);
  throw new SidestepError('unsupported', `${origin.section ?? 'a section'} is compressed in an unknown way (${type})`, {
    place: origin,
  });
}

/** The contents of a `.zdebug_` section: "ZLIB", the size in big-endian, a zlib stream. */
export function decompressZdebug(bytes: Uint8Array, origin: BytesOrigin, limit: number): Uint8Array {
  const reader = new ByteReader(bytes, origin);
  if (Buffer.from(reader.bytes(4)).toString('latin1') !== 'ZLIB')
    throw reader.malformed('it does not start with ZLIB', 0);
  const size = Number(Buffer.from(reader.bytes(8)).readBigUInt64BE(0));
  return inflate(bytes.subarray(reader.offset), size, reader, limit);
}

function inflate(data: Uint8Array, size: number, reader: ByteReader, limit: number): Uint8Array {
  checkClaim(data, size, reader, limit);
  let result: Uint8Array;
  try {
    // A chunk that is not quite filled is the only one, and becomes the result without being copied.
    const chunkSize = Math.max(constants.Z_MIN_CHUNK, size + 1);
    result = inflateSync(data, { maxOutputLength: chunkSize, chunkSize, finishFlush: constants.Z_SYNC_FLUSH });
  } catch (error) {
    throw reader.malformed(`it can't be decompressed: ${messageOf(error)}`);
  }
  return checkSize(result, size, reader);
}

function zstd(data: Uint8Array, size: number, reader: ByteReader, limit: number): Uint8Array {
  checkClaim(data, size, reader, limit);
  let result: Uint8Array;
  try {
    result = decompressZstd(data, new Uint8Array(size));
  } catch (error) {
    throw reader.malformed(`it can't be decompressed: ${messageOf(error)}`);
  }
  return checkSize(result, size, reader);
}

function checkClaim(data: Uint8Array, size: number, reader: ByteReader, limit: number): void {
  if (size > data.length * MAX_RATIO) throw reader.malformed(`${data.length} bytes can't become ${size}`);
  if (size > limit) throw reader.malformed(`${size} bytes are too many for a file of this size`);
}

function checkSize(result: Uint8Array, size: number, reader: ByteReader): Uint8Array {
  if (result.length !== size) throw reader.malformed(`it decompresses to ${result.length} bytes instead of ${size}`);
  return result;
}
