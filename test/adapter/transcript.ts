/**
 * Golden transcripts: whole conversations as text, compared with files in `transcripts/`. What differs from run to run
 * (process and thread ids, addresses, directories, times) is replaced by what it stands for. With UPDATE_TRANSCRIPTS=1
 * the files are written anew.
 */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type DebugProtocol } from '@vscode/debugprotocol';

type Message = DebugProtocol.Request | DebugProtocol.Response | DebugProtocol.Event;

/** Texts that are not the same in every run, and their names. */
export type Replacements = readonly (readonly [text: string | RegExp, name: string])[];

/** Events of which it depends on the machine's speed whether and when they come. */
const LEFT_OUT = new Set(['thread', 'progressStart', 'progressUpdate', 'progressEnd', 'module']);

/**
 * One line a message: `→ request`, `← response`, `◆ event`. What the program prints comes at the end: when it does is
 * chance.
 */
function transcript(conversation: readonly Message[], replacements: Replacements): string {
  const kept = conversation.filter((message) => !(isEvent(message) && LEFT_OUT.has(message.event)));
  const printed = kept.filter((message) => isEvent(message) && isPrinted(message));
  const lines = [...kept.filter((message) => !printed.includes(message)), ...printed].map(toLine);
  return replaceAll(`${lines.join('\n')}\n`, [...replacements, [/0x[0-9a-f]{6,}/g, 'ADDRESS']]);
}

function isEvent(message: Message): message is DebugProtocol.Event {
  return message.type === 'event';
}

function isPrinted({ event, body }: DebugProtocol.Event): boolean {
  return event === 'output' && (body as DebugProtocol.OutputEvent['body']).category === 'stdout';
}

function toLine(message: Message): string {
  switch (message.type) {
    case 'request': {
      const { command, arguments: args } = message as Omit<DebugProtocol.Request, 'arguments'> & { arguments: unknown };
      return `→ ${command} ${show(args)}`;
    }
    case 'response': {
      const { command, success, body } = message as Omit<DebugProtocol.Response, 'body'> & { body: unknown };
      return `← ${command} ${success ? '' : 'FAILED '}${show(body)}`;
    }
    default: {
      const { event, body } = message as Omit<DebugProtocol.Event, 'body'> & { body: unknown };
      return `◆ ${event} ${show(body)}`;
    }
  }
}

function show(value: unknown): string {
  return value === undefined ? '' : JSON.stringify(value);
}

function replaceAll(text: string, replacements: Replacements): string {
  return replacements.reduce((result, [from, to]) => result.replaceAll(from, to), text);
}

/** Fails with the difference when the conversation is another one than that in `transcripts/<name>.txt`. */
export function assertTranscript(name: string, conversation: readonly Message[], replacements: Replacements): void {
  const file = join(__dirname, 'transcripts', `${name}.txt`);
  const actual = transcript(conversation, replacements);
  if (process.env['UPDATE_TRANSCRIPTS'] === '1') writeFileSync(file, actual);
  assert.equal(actual, readFileSync(file, 'utf8'));
}
