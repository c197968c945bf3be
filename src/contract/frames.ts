/**
 * The pipe's framing, the same in both directions: u32 payload length in bytes, u32 kind, payload; little-endian.
 * JSON payloads carry bigints as {"$": "hex digits"}: addresses and agent constants are 64 bits wide.
 */
import { SidestepError } from '../base/errors';

export const FRAME_HEADER_BYTES = 8;
export const FrameKind = { json: 1, hits: 2 } as const;
export type FrameKind = (typeof FrameKind)[keyof typeof FrameKind];

/** Larger ones are a broken stream, not a message. */
export const MAX_FRAME_BYTES = 64 << 20;

export function encodeJson(message: unknown): Uint8Array {
  const payload = Buffer.from(
    JSON.stringify(message, (_key, value: unknown) => (typeof value === 'bigint' ? { $: value.toString(16) } : value)),
    'utf8',
  );
  const frame = Buffer.allocUnsafe(FRAME_HEADER_BYTES + payload.length);
  frame.writeUInt32LE(payload.length, 0);
  frame.writeUInt32LE(FrameKind.json, 4);
  payload.copy(frame, FRAME_HEADER_BYTES);
  return frame;
}

/** The payload of a JSON frame. The caller states its type: both ends are of one build. */
export function decodeJson(payload: Uint8Array): unknown {
  return JSON.parse(Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength).toString('utf8'), revive);
}

function revive(_key: string, value: unknown): unknown {
  if (typeof value === 'object' && value !== null && '$' in value && typeof value.$ === 'string')
    return BigInt(`0x${value.$}`);
  return value;
}

/** Cuts a byte stream into frames; keeps what is not whole yet. */
export class FrameDecoder {
  #pending = Buffer.alloc(0);

  /** `payload` is valid only during the call of `onFrame`. Throws `engine-protocol` on a broken stream. */
  push(chunk: Uint8Array, onFrame: (kind: FrameKind, payload: Uint8Array) => void): void {
    const data =
      this.#pending.length === 0
        ? Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
        : Buffer.concat([this.#pending, chunk]);
    let at = 0;
    while (data.length - at >= FRAME_HEADER_BYTES) {
      const length = data.readUInt32LE(at);
      const kind = data.readUInt32LE(at + 4);
      if (length > MAX_FRAME_BYTES || (kind !== FrameKind.json && kind !== FrameKind.hits)) {
        throw new SidestepError('engine-protocol', `broken frame on the engine's pipe: kind ${kind}, ${length} bytes`);
      }
      if (data.length - at < FRAME_HEADER_BYTES + length) break;
      onFrame(kind, data.subarray(at + FRAME_HEADER_BYTES, at + FRAME_HEADER_BYTES + length));
      at += FRAME_HEADER_BYTES + length;
    }
    this.#pending = Buffer.from(data.subarray(at));
  }
}
