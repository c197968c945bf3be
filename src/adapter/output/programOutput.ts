/** What the program itself prints, when it has no terminal: its pipes become output events. */
import { type Readable } from 'node:stream';
import { type Client } from '../protocol/connection';

/** Resolves when the stream has ended or failed: everything that came through it has been passed on. */
export function forwardOutput(
  stream: Readable | undefined,
  category: 'stdout' | 'stderr',
  client: Client,
): Promise<void> {
  if (!stream) return Promise.resolve();
  return new Promise((resolve) => {
    stream.setEncoding('utf8');
    stream.on('data', (output: string) => client.emit('output', { category, output }));
    stream.on('close', resolve);
    stream.on('error', () => resolve());
  });
}
