import assert from 'node:assert/strict';
import { once } from 'node:events';
import fc from 'fast-check';
import { Framing } from '../../../src/adapter/protocol/framing';

const framed = (json: string): Buffer => Buffer.from(`Content-Length: ${Buffer.byteLength(json)}\r\n\r\n${json}`);

/** What comes out, piece by piece. */
async function through(pieces: readonly Buffer[]): Promise<Buffer[]> {
  const framing = new Framing();
  const out: Buffer[] = [];
  framing.on('data', (chunk: Buffer) => out.push(chunk));
  const ended = once(framing, 'end');
  for (const piece of pieces) framing.write(piece);
  framing.end();
  await ended;
  return out;
}

async function refusal(text: string): Promise<string> {
  const framing = new Framing().resume();
  const failed = once(framing, 'error') as Promise<[Error]>;
  framing.write(text);
  return (await failed)[0].message;
}

describe('framing of the debug adapter protocol', () => {
  it('passes on whole messages, whatever pieces they come in', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.json(), { maxLength: 5 }), fc.integer({ min: 1, max: 50 }), async (texts, size) => {
        const messages = texts.map(framed);
        const stream = Buffer.concat(messages);
        const pieces = Array.from({ length: Math.ceil(stream.length / size) }, (_, index) =>
          stream.subarray(index * size, (index + 1) * size),
        );
        assert.deepEqual(await through(pieces), messages);
      }),
    );
  });

  it('takes a Content-Type, and header names in any case', async () => {
    const message = Buffer.from(
      'Content-Type: application/vscode-jsonrpc; charset=utf-8\r\ncontent-length:2\r\n\r\n{}',
    );
    assert.deepEqual(await through([message]), [message]);
  });

  const refused: readonly (readonly [string, RegExp])[] = [
    ['POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}', /"POST \/ HTTP/],
    ['GET', /it begins with "get"/],
    ['Content-Length: 2\r\nHost: localhost\r\n\r\n{}', /the line "Host: localhost"/],
    ['Content-Length: 2\r\nOrigin: http://a\r\n\r\n{}', /the line "Origin: http:\/\/a"/],
    ['Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}', /the line "Content-Length: 3"/],
    ['Content-Length: -5\r\n\r\n', /the line "Content-Length: -5"/],
    ['Content-Length: abc\r\n\r\n', /the line "Content-Length: abc"/],
    ['Content-Length: 1e3\r\n\r\n', /the line "Content-Length: 1e3"/],
    ['Content-Length: 4000000000\r\n\r\n', /4000000000 bytes, .* more than/],
    ['Content-Type: text/plain\r\n\r\n', /no Content-Length/],
    ['\r\n\r\n', /begins with|the line ""/],
    [`Content-Type: ${'x'.repeat(5000)}`, /does not end within 1024 bytes/],
  ];
  for (const [text, message] of refused) {
    it(`refuses ${JSON.stringify(text.slice(0, 60))}`, async () => assert.match(await refusal(text), message));
  }
});
