/** Captured bytes, read back in the order in which a plan's operations appended them: frames of contract/agent. */
import { readInteger } from '../../base/littleEndian';
import { CaptureStatus, FrameStatus } from '../../contract/agent/operations';
import { type Capture } from '../../contract/hits';
import { MORE } from '../value/snapshot';

/** The bytes end where a plan reads on. */
export class Ended extends Error {
  constructor(readonly reason: string) {
    super(reason);
  }
}

/** Reads what one step of a plan has captured. Throws {@link Ended}. */
export type Read<T> = (input: FrameReader) => T;

/** What a failed frame or capture reads; `value`: the address or the reason. */
export type FailureText = (status: CaptureStatus, value: bigint) => string;

export class FrameReader {
  #at = 0;

  private constructor(
    readonly bytes: Uint8Array,
    /** What reads in the place of the bytes after the last. */
    readonly reason: string,
    /** Whether something that belongs here was cut off, or failed. */
    readonly isCut: boolean,
    readonly failureText: FailureText,
  ) {}

  static of({ status, bytes }: Capture, failureText: FailureText): FrameReader {
    if (status === CaptureStatus.complete || status === CaptureStatus.truncated) {
      return new FrameReader(bytes, MORE, status === CaptureStatus.truncated, failureText);
    }
    const value = bytes.length < 8 ? 0n : readInteger(bytes, 0, 8, false);
    return new FrameReader(new Uint8Array(), failureText(status, value), true, failureText);
  }

  get isAtEnd(): boolean {
    return this.#at >= this.bytes.length;
  }

  integer(size: number, signed: boolean): bigint {
    return readInteger(this.take(size), 0, size, signed);
  }

  take(size: number): Uint8Array {
    if (this.#at + size > this.bytes.length) throw new Ended(this.reason);
    this.#at += size;
    return this.bytes.subarray(this.#at - size, this.#at);
  }

  rest(): Uint8Array {
    return this.take(this.bytes.length - this.#at);
  }

  frame(): FrameReader {
    const status = Number(this.integer(2, false)) as FrameStatus;
    const length = Number(this.integer(2, false));
    const { failureText } = this;
    if (status === FrameStatus.open) return new FrameReader(this.rest(), this.reason, true, failureText);
    const bytes = this.take(length);
    if (status === FrameStatus.complete || status === FrameStatus.truncated) {
      return new FrameReader(bytes, MORE, status === FrameStatus.truncated, failureText);
    }
    if (bytes.length < 8) throw new Ended(this.reason);
    const collected = bytes.length - 8;
    const reason = failureText(status, readInteger(bytes, collected, 8, false));
    return new FrameReader(bytes.subarray(0, collected), reason, true, failureText);
  }
}
