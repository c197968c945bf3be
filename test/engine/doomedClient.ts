/**
 * A client in a process of its own, to be killed: attaches, arms `work`, says so, then reads hits (or hangs) until its
 * end.
 */
import { EngineClient } from './engineClient';

const [pid, path, offset, how] = process.argv.slice(2);

async function main(): Promise<void> {
  const client = new EngineClient();
  await client.request('attach', { pid: Number(pid) });
  const work = await client.symbol(Number(pid), path!, Number(offset));
  await client.arm(Number(pid), work);
  if (how === 'hangs and is killed') client.pause();
  process.on('SIGUSR2', () => void client.close());
  process.stdout.write(`armed ${work}\n`);
}

void main();
