/**
 * What comes from the client: whole requests out of a non-blocking pipe, checked before anything else looks at them.
 */
import { SidestepError } from '../../base/errors';
import { decodeJson, FrameDecoder, FrameKind } from '../../contract/frames';
import { type Request } from '../../contract/messages';
import { NO_REQUEST, requestIdOf, toRequest } from '../../contract/engineRequests';
import { type Arena, INPUT_BYTES, Layout } from '../tracing/arena';
import { Errno } from '../linux/errno';
import { errno, libc } from '../linux/libc';

export interface Receiver {
  onRequest(request: Request): void;
  /** The message with this id is not a request, for this reason. */
  onRefused(id: number, error: SidestepError): void;
}

export class Inbox {
  readonly #arena: Arena;
  readonly #fd: number;
  readonly #decoder = new FrameDecoder();
  #ended = false;

  constructor(arena: Arena, fd: number) {
    this.#arena = arena;
    this.#fd = fd;
  }

  /** The client has closed its end, or is gone: the dead man's switch. */
  get ended(): boolean {
    return this.#ended;
  }

  /** Reads what is there. After a broken frame, nothing more can be understood: the conversation ends. */
  read(receiver: Receiver): void {
    while (!this.#ended) {
      const count = libc.read(this.#fd, this.#arena.address(Layout.input), INPUT_BYTES);
      if (count > 0) {
        const bytes = this.#arena.u8.subarray(Layout.input, Layout.input + count);
        this.#cut(bytes, receiver);
      } else if (count === 0) {
        this.#ended = true;
      } else {
        const failure = errno();
        if (failure === Errno.EINTR) continue;
        if (failure !== Errno.EAGAIN) this.#ended = true;
        return;
      }
    }
  }

  #cut(bytes: Uint8Array, receiver: Receiver): void {
    try {
      this.#decoder.push(bytes, (kind, payload) => take(kind, payload, receiver));
    } catch (thrown) {
      if (!(thrown instanceof SidestepError)) throw thrown;
      receiver.onRefused(NO_REQUEST, thrown);
      this.#ended = true;
    }
  }
}

function take(kind: FrameKind, payload: Uint8Array, receiver: Receiver): void {
  let id = NO_REQUEST;
  let request: Request;
  try {
    if (kind !== FrameKind.json) throw new SidestepError('engine-protocol', 'hits go the other way');
    const message = decodeJson(payload);
    id = requestIdOf(message);
    request = toRequest(message);
  } catch (thrown) {
    if (!(thrown instanceof SidestepError)) throw thrown;
    receiver.onRefused(id, thrown);
    return;
  }
  receiver.onRequest(request);
}
