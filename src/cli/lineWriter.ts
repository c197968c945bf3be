/**
 * Lines to a file descriptor, many in one write(2). Writing is synchronous: a slow reader slows down Sidestep's client,
 * and the engine drops (and counts) hits that find no room. Memory does not grow, and the traced program does not wait.
 */
import { writeSync } from 'node:fs';
import { pause } from '../base/pause';

/** Lines wait until there are this many bytes of them, or until the event loop has nothing else to do. */
const BUFFER_BYTES = 64 << 10;

export class LineWriter {
  #lines: string[] = [];
  #length = 0;
  #scheduled: NodeJS.Immediate | undefined;
  #broken = false;

  constructor(
    readonly fd: number,
    /** Called once when writing fails: with EPIPE when the reader is gone. Lines are dropped from then on. */
    readonly onBroken: (error: NodeJS.ErrnoException) => void,
  ) {}

  /** `text`: a line, or lines, without the last line end. */
  write(text: string): void {
    if (this.#broken) return;
    this.#lines.push(text);
    this.#length += text.length + 1;
    if (this.#length >= BUFFER_BYTES) this.flush();
    else this.#scheduled ??= setImmediate(() => this.flush());
  }

  flush(): void {
    clearImmediate(this.#scheduled);
    this.#scheduled = undefined;
    if (this.#lines.length === 0) return;
    const bytes = Buffer.from(this.#lines.join('\n') + '\n', 'utf8');
    this.#lines = [];
    this.#length = 0;
    for (let at = 0; at < bytes.length && !this.#broken;) at += this.#writeSome(bytes, at);
  }

  #writeSome(bytes: Buffer, at: number): number {
    try {
      return writeSync(this.fd, bytes, at);
    } catch (thrown) {
      const error = thrown as NodeJS.ErrnoException;
      if (error.code === 'EAGAIN') {
        // Another process may have made standard error a non-blocking pipe.
        pause(1);
        return 0;
      }
      this.#broken = true;
      this.onBroken(error);
      return 0;
    }
  }
}
