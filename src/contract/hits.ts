/**
 * Hit records, as they follow one another in a frame of kind `hits`. Little-endian, every record a multiple of 8 bytes:
 *
 * | offset | type | what |
 * | --- | --- | --- |
 * | 0 | u32 | size of the record in bytes |
 * | 4 | u32 | site |
 * | 8 | u32 | probe |
 * | 12 | u32 | pid |
 * | 16 | u32 | tid |
 * | 20 | u32 | number of captures |
 * | 24 | u64 | time: CLOCK_REALTIME in ns |
 * | 32 | u64 | which hit of the probe this is, counted over all its sites, from 1 |
 * | 40 | … | captures, each: u32 status ({@link CaptureStatus}), u32 length in bytes, the bytes, padding to 8 |
 */
import { type CaptureStatus } from './agent/operations';
import { type ProbeId, type SiteId } from './messages';

export const HIT_HEADER_BYTES = 40;
export const CAPTURE_HEADER_BYTES = 8;

export interface Capture {
  readonly status: CaptureStatus;
  readonly bytes: Uint8Array;
}

export interface HitRecord {
  readonly site: SiteId;
  readonly probe: ProbeId;
  readonly pid: number;
  readonly tid: number;
  readonly timeNs: bigint;
  readonly ordinal: number;
  readonly captures: readonly Capture[];
}

/** Decodes a frame's records, in the order in which they happened. The captures' bytes are views into `payload`. */
export function* decodeHits(payload: Uint8Array): Generator<HitRecord> {
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  for (let at = 0; at < payload.length; at += view.getUint32(at, true)) {
    const captures: Capture[] = [];
    let cursor = at + HIT_HEADER_BYTES;
    for (let left = view.getUint32(at + 20, true); left > 0; left--) {
      const length = view.getUint32(cursor + 4, true);
      const start = cursor + CAPTURE_HEADER_BYTES;
      captures.push({
        status: view.getUint32(cursor, true) as CaptureStatus,
        bytes: payload.subarray(start, start + length),
      });
      cursor = start + ((length + 7) & ~7);
    }
    yield {
      site: view.getUint32(at + 4, true),
      probe: view.getUint32(at + 8, true),
      pid: view.getUint32(at + 12, true),
      tid: view.getUint32(at + 16, true),
      timeNs: view.getBigUint64(at + 24, true),
      ordinal: Number(view.getBigUint64(at + 32, true)),
      captures,
    };
  }
}

/** How many records a frame holds, without decoding them. */
export function countHits(payload: Uint8Array): number {
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  let count = 0;
  for (let at = 0; at < payload.length; at += view.getUint32(at, true)) count++;
  return count;
}
