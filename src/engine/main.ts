/**
 * The engine's process: requests come on descriptor 0, answers, events and hits go to descriptor 1 (contract/messages),
 * and unforeseen errors to descriptor 2. It ends when descriptor 0 does. It never returns to Node's event loop. With
 * arguments, the path of a socket and a process id, it starts such a process for that client ({@link startElevated});
 * with `--peers` it prints which users are at the other ends of the Unix sockets 3 and 4, and ends.
 */
import { writeSync } from 'node:fs';
import { messageOf } from '../base/errors';
import { encodeJson } from '../contract/frames';
import { startElevated } from './elevated';
import { libc } from './linux/libc';
import { peerOf } from './linux/unixSocket';
import { ignoreTerminal } from './linux/signals';
import { startFailureOf } from './client/startFailure';
import { type Tracer } from './loop/tracer';

const COMMANDS = 0;
const MESSAGES = 1;
const FIRST_PEER = 3;

/** How many of the functions that led to an error are named. */
const SHOWN_FRAMES = 4;

/** Everything else is loaded here: already that needs the memory which may not be there. */
async function start(): Promise<Tracer> {
  try {
    const parts = await import('./loop/tracer');
    return new parts.Tracer(COMMANDS, MESSAGES);
  } catch (thrown) {
    const failed = startFailureOf(thrown);
    if (failed === undefined) throw thrown;
    const message = encodeJson({ failed });
    libc.writeBytes(MESSAGES, message, message.length);
    process.exit(1);
  }
}

/** sudo and pkexec pass it on: the client shows it. */
function refuse(thrown: unknown): never {
  writeSync(2, `${messageOf(thrown)}\n`);
  process.exit(1);
}

/** An unforeseen error. The client shows what it reads here in one line. */
function failInside(thrown: unknown): never {
  const frames = thrown instanceof Error ? (thrown.stack?.match(/^ +at .*$/gm) ?? []).slice(0, SHOWN_FRAMES) : [];
  const what = thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown);
  writeSync(2, `an internal error in Sidestep: ${[what, ...frames.map((frame) => frame.trim())].join(' ')}\n`);
  process.exit(1);
}

const [script, socket, client] = process.argv.slice(1);
if (socket === '--peers') {
  writeSync(1, [FIRST_PEER, FIRST_PEER + 1].map((fd) => peerOf(fd).uid).join(' '));
} else if (script !== undefined && socket !== undefined && client !== undefined) {
  startElevated(script, socket, client).then(() => process.exit(0), refuse);
} else {
  // The terminal's Ctrl-C is for the program that is debugged, and an engine that a signal ended would leave INT3 in
  // place.
  ignoreTerminal();
  void start()
    .then((tracer) => tracer.run())
    .catch(failInside);
}
