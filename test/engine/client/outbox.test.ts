/** The way out, through a real pipe whose reader is now here, now not. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, readSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeJson, FrameDecoder, FrameKind } from '../../../src/contract/frames';
import { CAPTURE_HEADER_BYTES, decodeHits, HIT_HEADER_BYTES } from '../../../src/contract/hits';
import { Arena, OUTPUT_BYTES } from '../../../src/engine/tracing/arena';
import { Outbox } from '../../../src/engine/client/outbox';

const RECORD_BYTES = HIT_HEADER_BYTES + CAPTURE_HEADER_BYTES + 1024;

describe('outbox', () => {
  let directory: string;
  let reader: number;
  let writer: number;
  let outbox: Outbox;
  const arena = new Arena();
  const decoder = new FrameDecoder();
  let received: (number | string)[];

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'outbox-'));
    const path = join(directory, 'pipe');
    execFileSync('mkfifo', [path]);
    reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    writer = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
    outbox = new Outbox(arena, writer);
    received = [];
  });

  afterEach(() => {
    closeSync(writer);
    rmSync(directory, { recursive: true });
  });

  /** A record with a number; false if there was no room. */
  function record(number: number): boolean {
    if (!outbox.makeRoom(RECORD_BYTES)) return false;
    const start = outbox.begin();
    const words = [RECORD_BYTES, number, 0, 0, 0, 1];
    words.forEach((word, index) => (arena.u32[(start >>> 2) + index] = word));
    arena.u32[(start + HIT_HEADER_BYTES) >>> 2] = 0;
    arena.u32[(start + HIT_HEADER_BYTES + 4) >>> 2] = 1024;
    outbox.commit(start + RECORD_BYTES);
    return true;
  }

  function say(message: string): void {
    outbox.say({ notice: { event: 'warning', message } });
  }

  function read(limit = Infinity): void {
    const chunk = Buffer.alloc(65536);
    for (let left = limit; left > 0;) {
      let count = 0;
      try {
        count = readSync(reader, chunk, 0, Math.min(left, chunk.length), null);
      } catch (thrown) {
        assert.equal((thrown as NodeJS.ErrnoException).code, 'EAGAIN');
      }
      if (count === 0) return;
      left -= count;
      decoder.push(chunk.subarray(0, count), (kind, payload) => {
        if (kind === FrameKind.hits) for (const { site } of decodeHits(payload)) received.push(site);
        else received.push((decodeJson(payload) as { notice: { message: string } }).notice.message);
      });
    }
  }

  it('keeps records and messages in their order', () => {
    record(1);
    say('a');
    say('b');
    record(2);
    record(3);
    outbox.flush();
    say('c');
    outbox.flush();
    read();
    assert.deepEqual(received, [1, 'a', 'b', 2, 3, 'c']);
    assert.ok(outbox.empty);
    closeSync(reader);
  });

  it('holds what a slow reader has not taken, and refuses what has no room', () => {
    let accepted = 0;
    while (record(accepted)) accepted++;
    assert.ok(accepted * RECORD_BYTES > OUTPUT_BYTES * 0.9);
    say('full');
    for (let rounds = 0; !outbox.empty; rounds++) {
      outbox.flush();
      // Odd amounts, so that frames and messages are cut anywhere; new records come when there is room again.
      read(777 + 61_000 * (rounds % 3));
      if (rounds % 500 === 499 && record(accepted)) accepted++;
    }
    read();
    assert.ok(received.includes('full'));
    const numbers = received.filter((entry) => typeof entry === 'number');
    assert.deepEqual(numbers, [...numbers.keys()]);
    assert.equal(numbers.length, accepted);
    closeSync(reader);
  });

  it('notices that nobody will read any more', () => {
    closeSync(reader);
    record(1);
    outbox.flush();
    assert.ok(outbox.broken);
  });
});
