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
 * | 40 | u64 | time since the engine began, in ns, by a clock that is never set (CLOCK_MONOTONIC) |
 * | 48 | … | captures, each: u32 status ({@link CaptureStatus}), u32 length in bytes, the bytes, padding to 8 |
 */
import { SidestepError } from '../base/errors';
import { type CaptureStatus } from './agent/operations';
import { type ProbeId, type SiteId } from './messages';

export const HIT_HEADER_BYTES = 48;
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
  /** Time since the engine began. */
  readonly elapsedNs: number;
  readonly captures: readonly Capture[];
}

/**
 * Decodes a frame's records, in the order in which they happened. The captures' bytes are views into `payload`. Throws
 * `engine-protocol` for a record or a capture that does not fit what holds it.
 */
export function* decodeHits(payload: Uint8Array): Generator<HitRecord> {
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  let at = 0;
  while (at < payload.length) {
    if (payload.length - at < HIT_HEADER_BYTES) throw cutShort(at);
    const end = at + view.getUint32(at, true);
    if (end < at + HIT_HEADER_BYTES || end > payload.length) throw cutShort(at);
    const captures: Capture[] = [];
    let cursor = at + HIT_HEADER_BYTES;
    for (let left = view.getUint32(at + 20, true); left > 0; left--) {
      const start = cursor + CAPTURE_HEADER_BYTES;
      if (start > end) throw cutShort(at);
      const length = view.getUint32(cursor + 4, true);
      if (length > end - start) throw cutShort(at);
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
      elapsedNs: view.getUint32(at + 40, true) + view.getUint32(at + 44, true) * 0x1_0000_0000,
      captures,
    };
    at = end;
  }
}

function cutShort(offset: number): SidestepError {
  return new SidestepError('engine-protocol', 'a record of a hit does not fit its frame', { place: { offset } });
}
