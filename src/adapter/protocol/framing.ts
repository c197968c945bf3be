/**
 * Checks the protocol's framing: `Content-Length: N`, an empty line, N bytes. It passes on whole messages; anything
 * else ends the stream with an error, before much of it is kept. A web page can make a browser send other header lines
 * here, so unknown ones are refused too. https://microsoft.github.io/debug-adapter-protocol/overview#base-protocol
 */
import { Transform, type TransformCallback } from 'node:stream';
import { SidestepError } from '../../base/errors';

/** The header is one line, as long as a number; room is left for a Content-Type. */
const MAX_HEADER_BYTES = 1024;

/** The longest requests are breakpoints of a file and a debuggee's environment: megabytes at most. */
const MAX_MESSAGE_BYTES = 16 << 20;

const END = Buffer.from('\r\n\r\n');
const LENGTH = /^Content-Length: *(\d{1,10})$/i;
const TYPE = /^Content-Type: *\S.*$/i;
const BEGINNING = /^content-(?:length|type):/i;
const BEGINNINGS = ['content-length:', 'content-type:'];

export class Framing extends Transform {
  #header = Buffer.alloc(0);
  /** The pieces of the message so far, its header first; undefined: a header is being read. */
  #pieces: Buffer[] | undefined;
  #missing = 0;

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    try {
      for (let rest = chunk; rest.length > 0;)
        rest = this.#pieces ? this.#takeBody(this.#pieces, rest) : this.#takeHeader(rest);
      done();
    } catch (thrown) {
      if (!(thrown instanceof SidestepError)) throw thrown;
      done(thrown);
    }
  }

  #takeHeader(chunk: Buffer): Buffer {
    const known = this.#header.length;
    const header = Buffer.concat([this.#header, chunk.subarray(0, MAX_HEADER_BYTES - known)]);
    const end = header.indexOf(END);
    if (end < 0) {
      checkBeginning(header);
      if (header.length >= MAX_HEADER_BYTES) throw refused(`its header does not end within ${MAX_HEADER_BYTES} bytes`);
      this.#header = header;
      return Buffer.alloc(0);
    }
    this.#missing = lengthIn(header.toString('latin1', 0, end));
    this.#header = Buffer.alloc(0);
    this.#passOnIfWhole([header.subarray(0, end + END.length)]);
    return chunk.subarray(end + END.length - known);
  }

  #takeBody(pieces: Buffer[], chunk: Buffer): Buffer {
    const piece = chunk.subarray(0, this.#missing);
    this.#missing -= piece.length;
    pieces.push(piece);
    this.#passOnIfWhole(pieces);
    return chunk.subarray(piece.length);
  }

  #passOnIfWhole(pieces: Buffer[]): void {
    const isWhole = this.#missing <= 0;
    if (isWhole) this.push(Buffer.concat(pieces));
    this.#pieces = isWhole ? undefined : pieces;
  }
}

/** A header with a wrong beginning is refused without waiting for its end. */
function checkBeginning(header: Buffer): void {
  const beginning = header.toString('latin1', 0, Math.max(...BEGINNINGS.map(({ length }) => length))).toLowerCase();
  const isPossible = BEGINNING.test(beginning) || BEGINNINGS.some((possible) => possible.startsWith(beginning));
  if (!isPossible) throw refused(`it begins with ${JSON.stringify(beginning)}`);
}

/** Throws for a header that does not have one Content-Length, or has anything that the protocol does not have. */
function lengthIn(header: string): number {
  let length: number | undefined;
  for (const line of header.split('\r\n')) {
    const digits = LENGTH.exec(line)?.[1];
    if (digits !== undefined && length === undefined) length = Number(digits);
    else if (!TYPE.test(line)) throw refused(`its header has the line ${JSON.stringify(line.slice(0, 80))}`);
  }
  if (length === undefined) throw refused('its header has no Content-Length');
  if (length > MAX_MESSAGE_BYTES) {
    throw refused(`its Content-Length is ${length} bytes, but no request has more than ${MAX_MESSAGE_BYTES}`);
  }
  return length;
}

function refused(why: string): SidestepError {
  return new SidestepError('bad-request', `the client sent data that is not a message of the protocol: ${why}`);
}
