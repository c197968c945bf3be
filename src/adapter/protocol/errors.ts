/**
 * Every error as the editor sees it: a number that stays the same for scripts, the text, and whether a person must see
 * it. Errors that a person can do something about are shown; requests that an editor makes of its own accord fail
 * silently.
 */
import { type DebugProtocol } from '@vscode/debugprotocol';
import { type ErrorCode, messageOf, SidestepError } from '../../base/errors';
import { printable } from '../../base/printable';

/** DAP's `Message.id`. */
const IDS: Readonly<Record<ErrorCode, number>> = {
  'program-not-found': 1001,
  'program-not-executable': 1002,
  'process-not-found': 1003,
  'attach-refused': 1004,
  'not-64-bit': 1005,
  'launch-failed': 1006,
  'elevation-refused': 1007,
  'file-unreadable': 2001,
  'not-elf': 2002,
  'wrong-architecture': 2003,
  malformed: 2004,
  unsupported: 2005,
  syntax: 3001,
  type: 3002,
  'unknown-name': 3003,
  'unknown-function': 3004,
  'unknown-file': 3005,
  'no-code': 3006,
  'bad-option': 3007,
  'too-many': 3008,
  'not-probeable': 4001,
  'text-differs': 4002,
  'memory-unreachable': 4003,
  'engine-gone': 5001,
  'engine-protocol': 5002,
  'system-call': 5003,
  'bad-request': 5004,
};

const INTERNAL_ERROR = 9000;
const SILENT = 9001;

/** An error that only the editor learns of. */
class SilentError extends Error {}

/**
 * What to say where a debugger that stops programs would act; every other request that has no handler is just not
 * known.
 */
const NEVER_STOPPED: Readonly<Record<string, string>> = {
  pause: 'Set a logpoint where you want to look.',
  evaluate: 'Write the expression in a logpoint, as {expression}.',
};

/** The answer to a request that has no handler. */
export function unhandledRequest(command: string): Error {
  const advice = Object.hasOwn(NEVER_STOPPED, command) ? NEVER_STOPPED[command] : undefined;
  return advice === undefined
    ? new SilentError(`Sidestep does not support the request ${command}: it never stops the program`)
    : new SidestepError(
        'unsupported',
        'Sidestep never stops the program: its probes log while all threads keep running',
        {
          advice,
        },
      );
}

/** `launch.json: "args" must be a list of strings`. */
export function badConfiguration(key: string, what: string, advice?: string): SidestepError {
  return new SidestepError('bad-option', `launch.json: "${key}" ${what}`, advice === undefined ? {} : { advice });
}

/** Message, where in the user's text it is about, and advice, as one text. */
export function fullText({ message, advice, place }: SidestepError): string {
  const where =
    place?.range &&
    ` (column ${place.range.start + 1}${place.section === undefined ? '' : ` of the ${place.section}`})`;
  return forNotice(`${message}${where ?? ''}${advice === undefined ? '' : `. ${advice}`}`);
}

/**
 * Printable, and without what VS Code's notifications take for links that run commands: a file or a process may be
 * called so.
 */
function forNotice(text: string): string {
  return printable(text).replace(/\]\((?=https?:|command:|file:)/gi, '] (');
}

/** The body of an error response, for anything thrown. */
export function toErrorMessage(thrown: unknown): DebugProtocol.Message {
  if (thrown instanceof SidestepError) return { id: IDS[thrown.code], format: fullText(thrown), showUser: true };
  if (thrown instanceof SilentError) return { id: SILENT, format: forNotice(thrown.message), showUser: false };
  return { id: INTERNAL_ERROR, format: forNotice(`Internal error in Sidestep: ${messageOf(thrown)}`), showUser: true };
}
