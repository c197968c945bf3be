/**
 * The pipe's framing, the same in both directions: u32 payload length in bytes, u32 kind, payload; little-endian. JSON
 * payloads carry a bigint as {"$": "hex digits"}, with a sign if it is negative: addresses and agent constants are 64
 * bits wide. A message's own key that begins with $ gets another $, so that no text looks like a bigint.
 */
import { SidestepError } from '../base/errors';

export const FRAME_HEADER_BYTES = 8;
export const FrameKind = { json: 1, hits: 2 } as const;
export type FrameKind = (typeof FrameKind)[keyof typeof FrameKind];

/**
 * A larger frame means a broken stream. The limit is far above any message (the longest are lists of mappings and
 * sites), and still small enough to allocate.
 */
const MAX_FRAME_BYTES = 64 << 20;

export function encodeJson(message: unknown): Uint8Array {
  const payload = Buffer.from(
    JSON.stringify(message, (_key, value: unknown) => spell(value)),
    'utf8',
  );
  const frame = Buffer.allocUnsafe(FRAME_HEADER_BYTES + payload.length);
  frame.writeUInt32LE(payload.length, 0);
  frame.writeUInt32LE(FrameKind.json, 4);
  payload.copy(frame, FRAME_HEADER_BYTES);
  return frame;
}

/**
 * The payload of a JSON frame. A caller that can't trust the other end must still check its shape. Throws
 * `engine-protocol`.
 */
export function decodeJson(payload: Uint8Array): unknown {
  const text = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength).toString('utf8');
  try {
    return JSON.parse(text, (_key, value: unknown) => revive(value));
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    throw new SidestepError('engine-protocol', `a message on the engine's pipe is not JSON: ${cause.message}`, {
      cause,
    });
  }
}

function spell(value: unknown): unknown {
  if (typeof value === 'bigint') return { $: value.toString(16) };
  return hasDollarKey(value) ? renamed(value, (key) => (key.startsWith('$') ? `$${key}` : key)) : value;
}

function revive(value: unknown): unknown {
  if (!hasDollarKey(value)) return value;
  if (!Object.hasOwn(value, '$')) return renamed(value, (key) => (key.startsWith('$$') ? key.slice(1) : key));
  const spelling = (value as { $: unknown }).$;
  const [sign, digits] =
    (typeof spelling === 'string' && /^(-?)([0-9a-f]{1,16})$/.exec(spelling)?.slice(1)) || ([] as string[]);
  if (digits === undefined) throw new SyntaxError('a 64-bit integer is malformed');
  return sign === '-' ? -BigInt(`0x${digits}`) : BigInt(`0x${digits}`);
}

function hasDollarKey(value: unknown): value is object {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  for (const key in value) if (key.startsWith('$')) return true;
  return false;
}

function renamed(value: object, rename: (key: string) => string): object {
  return Object.fromEntries(Object.entries(value).map(([key, entry]) => [rename(key), entry as unknown]));
}

/** Cuts a byte stream into frames; keeps an incomplete one. */
export class FrameDecoder {
  /** Grows by doubling, so that a frame that arrives in many parts is not copied for each of them. */
  #pending = Buffer.alloc(0);
  #length = 0;

  /** `payload` is valid only during the call of `onFrame`. Throws `engine-protocol` on a broken stream. */
  push(chunk: Uint8Array, onFrame: (kind: FrameKind, payload: Uint8Array) => void): void {
    const data =
      this.#length === 0 ? Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength) : this.#append(chunk);
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
    this.#length = 0;
    if (at < data.length) this.#append(data.subarray(at));
  }

  #append(chunk: Uint8Array): Buffer {
    const length = this.#length + chunk.length;
    if (length > this.#pending.length) {
      const larger = Buffer.allocUnsafe(Math.max(length, 2 * this.#pending.length));
      this.#pending.copy(larger, 0, 0, this.#length);
      this.#pending = larger;
    }
    this.#pending.set(chunk, this.#length);
    this.#length = length;
    return this.#pending.subarray(0, length);
  }
}
