/**
 * Compressed sections: SHF_COMPRESSED with zlib or zstd (gABI, chapter 4, "Section Compression") and the older GNU `.zdebug_`
 * form. What a section claims to become is checked before memory is taken for it.
 */
import { constants, inflateSync } from 'node:zlib';
import { decompress as decompressZstd } from 'fzstd';
import { ByteReader, type BytesOrigin } from '../../base/byteReader';
import { messageOf, SidestepError } from '../../base/errors';

const ELFCOMPRESS_ZLIB = 1;
const ELFCOMPRESS_ZSTD = 2;
/** deflate can't shrink further (RFC 1951: 258 bytes in 2 bits); debug sections come nowhere near it in any format. */
const MAX_RATIO = 1032;

/** The contents of a section whose bytes start with an Elf64_Chdr. */
export function decompressSection(bytes: Uint8Array, origin: BytesOrigin): Uint8Array {
  const reader = new ByteReader(bytes, origin);
  const type = reader.u32();
  reader.skip(4);
  const size = reader.size64();
  reader.skip(8); // alignment
  const data = bytes.subarray(reader.offset);
  if (type === ELFCOMPRESS_ZLIB) return inflate(data, size, reader);
  if (type === ELFCOMPRESS_ZSTD) return zstd(data, size, reader);
  throw new SidestepError('unsupported', `${origin.section ?? 'a section'} is compressed in an unknown way (${type})`, {
    place: origin,
  });
}

/** The contents of a `.zdebug_` section: "ZLIB", the size in big-endian, a zlib stream. */
export function decompressZdebug(bytes: Uint8Array, origin: BytesOrigin): Uint8Array {
  const reader = new ByteReader(bytes, origin);
  if (Buffer.from(reader.bytes(4)).toString('latin1') !== 'ZLIB')
    throw reader.malformed('it does not start with ZLIB', 0);
  const size = Number(Buffer.from(reader.bytes(8)).readBigUInt64BE(0));
  return inflate(bytes.subarray(reader.offset), size, reader);
}

function inflate(data: Uint8Array, size: number, reader: ByteReader): Uint8Array {
  checkRatio(data, size, reader);
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

function zstd(data: Uint8Array, size: number, reader: ByteReader): Uint8Array {
  checkRatio(data, size, reader);
  let result: Uint8Array;
  try {
    result = decompressZstd(data, new Uint8Array(size));
  } catch (error) {
    throw reader.malformed(`it can't be decompressed: ${messageOf(error)}`);
  }
  return checkSize(result, size, reader);
}

function checkRatio(data: Uint8Array, size: number, reader: ByteReader): void {
  if (size > data.length * MAX_RATIO) throw reader.malformed(`${data.length} bytes can't become ${size}`);
}

function checkSize(result: Uint8Array, size: number, reader: ByteReader): Uint8Array {
  if (result.length !== size) throw reader.malformed(`it decompresses to ${result.length} bytes instead of ${size}`);
  return result;
}
