/**
 * The engine's process: requests come on descriptor 0, answers, notices and hits go to descriptor 1 (contract/messages), and what
 * nobody foresaw to descriptor 2. It ends when descriptor 0 does. It never returns to Node's event loop.
 * With arguments, the path of a socket and a process id, it starts such a process for that client ({@link startElevated}).
 */
import { writeSync } from 'node:fs';
import { encodeJson } from '../contract/frames';
import { startElevated } from './elevated';
import { libc } from './linux/libc';
import { ignoreTerminal } from './linux/signals';
import { startFailureOf } from './pipe/failure';
import { type Tracer } from './tracer';

const COMMANDS = 0;
const MESSAGES = 1;

/** How many of the functions that led to an error are named. */
const SHOWN_FRAMES = 4;

/** Everything else is loaded here: already that needs the memory which may not be there. */
async function start(): Promise<Tracer> {
  try {
    const parts = await import('./tracer');
    return new parts.Tracer(COMMANDS, MESSAGES);
  } catch (thrown) {
    const failed = startFailureOf(thrown);
    if (failed === undefined) throw thrown;
    const message = encodeJson({ failed });
    libc.writeBytes(MESSAGES, message, message.length);
    process.exit(1);
  }
}

/** Nobody foresaw this. The client shows what it reads here in one line. */
function failInside(thrown: unknown): never {
  const frames = thrown instanceof Error ? (thrown.stack?.match(/^ +at .*$/gm) ?? []).slice(0, SHOWN_FRAMES) : [];
  const what = thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown);
  writeSync(2, `an error in Sidestep itself: ${[what, ...frames.map((frame) => frame.trim())].join(' ')}\n`);
  process.exit(1);
}

const [script, socket, client] = process.argv.slice(1);
if (script !== undefined && socket !== undefined && client !== undefined) {
  void startElevated(script, socket, client);
} else {
  // The terminal's Ctrl-C is for the program that is debugged, and an engine that a signal ends would leave INT3 behind.
  ignoreTerminal();
  void start()
    .then((tracer) => tracer.run())
    .catch(failInside);
}
