/** What comes from the client: whole requests out of a non-blocking pipe. */
import { decodeJson, FrameDecoder } from '../../contract/frames';
import { type Request } from '../../contract/messages';
import { type Arena, Layout } from '../arena';
import { Errno } from '../linux/errno';
import { errno, libc } from '../linux/libc';

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

  /** Reads what is there. Throws `engine-protocol` on a broken stream. */
  read(onRequest: (request: Request) => void): void {
    while (!this.#ended) {
      const count = libc.read(this.#fd, this.#arena.address(Layout.input), Layout.inputBytes);
      if (count > 0) {
        const bytes = this.#arena.u8.subarray(Layout.input, Layout.input + count);
        this.#decoder.push(bytes, (_kind, payload) => onRequest(decodeJson(payload) as Request));
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
}
