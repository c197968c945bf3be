/**
 * What goes to the client, in order: hit records, gathered in the arena and sent in frames, and JSON messages between
 * them. Writing never blocks. While the client does not read, records wait in the arena; when that is full they are
 * refused, and counted as lost.
 */
import { FRAME_HEADER_BYTES, FrameKind, encodeJson } from '../../contract/frames';
import { type EngineMessage } from '../../contract/messages';
import { type Arena, Layout, OUTPUT_BYTES } from '../tracing/arena';
import { Errno } from '../linux/errno';
import { errno, libc } from '../linux/libc';

/** A frame is closed when it has grown to this: large enough to be cheap, small enough to be decoded at once. */
const FRAME_BYTES = 65536;

const OUTPUT_END = Layout.output + OUTPUT_BYTES;

/** A JSON message that belongs in front of the record at an arena offset. */
interface Insertion {
  at: number;
  readonly bytes: Uint8Array;
  sent: number;
}

export class Outbox {
  readonly #arena: Arena;
  readonly #fd: number;
  /** Arena offsets: unsent bytes are from start to end. */
  #start: number = Layout.output;
  #end: number = Layout.output;
  /** The open frame's header, or 0. */
  #frame = 0;
  #insertions: Insertion[] = [];
  #insertedBytes = 0;
  #broken = false;

  constructor(arena: Arena, fd: number) {
    this.#arena = arena;
    this.#fd = fd;
  }

  /** The client's end of the pipe is closed. */
  get broken(): boolean {
    return this.#broken;
  }

  /** Bytes of JSON messages that wait to be sent. */
  get waitingMessages(): number {
    return this.#insertedBytes;
  }

  get empty(): boolean {
    return this.#start === this.#end && this.#insertions.length === 0;
  }

  /** Whether a record of up to `bytes` has room. */
  makeRoom(bytes: number): boolean {
    const needed = bytes + FRAME_HEADER_BYTES;
    if (this.#end + needed <= OUTPUT_END) return true;
    this.flush();
    this.#compact();
    return this.#end + needed <= OUTPUT_END;
  }

  /** Where the next record goes, after {@link makeRoom}: an arena offset, 8-aligned. {@link commit} follows. */
  begin(): number {
    if (this.#frame === 0) {
      this.#frame = this.#end;
      this.#end += FRAME_HEADER_BYTES;
    }
    return this.#end;
  }

  /** The record ends at this arena offset. */
  commit(end: number): void {
    this.#end = end;
    if (end - this.#frame >= FRAME_BYTES) this.#closeFrame();
  }

  /** Sends a JSON message after all records so far. */
  say(message: EngineMessage): void {
    if (this.#broken) return;
    this.#closeFrame();
    const bytes = encodeJson(message);
    this.#insertions.push({ at: this.#end, bytes, sent: 0 });
    this.#insertedBytes += bytes.length;
  }

  /** Writes as much as the pipe takes. */
  flush(): void {
    this.#closeFrame();
    while (!this.empty && !this.#broken) {
      const next = this.#insertions[0];
      const written = next?.at === this.#start ? this.#writeInsertion(next) : this.#writeRecords(next?.at ?? this.#end);
      if (written >= 0) continue;
      const failure = errno();
      if (failure === Errno.EINTR) continue;
      // The doorbell rings when the client has made room.
      if (failure === Errno.EAGAIN) return;
      this.#broken = true;
    }
    this.#start = this.#end = Layout.output;
  }

  #writeInsertion(insertion: Insertion): number {
    const rest = insertion.bytes.subarray(insertion.sent);
    const written = libc.writeBytes(this.#fd, rest, rest.length);
    if (written < 0) return written;
    insertion.sent += written;
    if (insertion.sent === insertion.bytes.length) {
      this.#insertions.shift();
      this.#insertedBytes -= insertion.bytes.length;
    }
    return written;
  }

  #writeRecords(end: number): number {
    const written = libc.write(this.#fd, this.#arena.address(this.#start), end - this.#start);
    if (written > 0) this.#start += written;
    return written;
  }

  #closeFrame(): void {
    if (this.#frame === 0) return;
    const { u32 } = this.#arena;
    u32[this.#frame >>> 2] = this.#end - this.#frame - FRAME_HEADER_BYTES;
    u32[(this.#frame >>> 2) + 1] = FrameKind.hits;
    this.#frame = 0;
  }

  /** Moves what is unsent to the front, once enough was sent for that to be worth it. */
  #compact(): void {
    // Records keep their alignment.
    const gap = (this.#start - Layout.output) & ~7;
    if (gap < OUTPUT_BYTES / 2) return;
    this.#arena.u8.copyWithin(Layout.output, Layout.output + gap, this.#end);
    this.#start -= gap;
    this.#end -= gap;
    for (const insertion of this.#insertions) insertion.at -= gap;
  }
}
