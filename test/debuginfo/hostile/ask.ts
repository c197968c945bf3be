/**
 * Asks everything of one file and prints the answers as JSON: a process of its own, so that a limit on its processor
 * time ends what hangs, and its memory is that of one file.
 */
import { readFileSync, writeSync } from 'node:fs';
import { SidestepError } from '../../../src/base/errors';
import { Image } from '../../../src/debuginfo/image';
import { type Type, type Variable } from '../../../src/debuginfo/model/model';
import { valueText } from '../../../src/language/value/format';
import { typeText } from '../../../src/language/typed/types';

export interface Answers {
  /** By question: the answer's length, or the error's code and message. */
  readonly answers: Readonly<Record<string, number | string>>;
  /** Bytes of memory at most. */
  readonly memory: number;
  /** Milliseconds of processor time, start-up included. */
  readonly time: number;
}

const BYTES = new Uint8Array(4096);

function main(path: string, debugDirectory: string): void {
  const answers: Record<string, number | string> = {};
  const ask = <T>(question: string, read: () => readonly T[]): readonly T[] => {
    try {
      const found = read();
      answers[question] = found.length;
      return found;
    } catch (error) {
      if (!(error instanceof SidestepError)) throw error;
      answers[question] = `${error.code}: ${error.message}`;
      return [];
    }
  };
  const [image] = ask('open', () => [Image.open(path, { debugDirectories: [debugDirectory] })]);
  if (image) {
    const functions = ask('function', () => image.functionPlaces('work'));
    const lines = ask('line', () => image.linePlaces('base.c', 6)?.places ?? []);
    for (const [index, { candidates, function: name }] of [...functions, ...lines].slice(0, 8).entries()) {
      ask(`variables ${index}`, () => {
        const scope = image.scopeAt(candidates[0]!, name);
        const variables = [...scope.parameters(), ...scope.locals()];
        const shown = variables.slice(0, 200).map((variable) => show(variable));
        scope.lookup('counter');
        scope.lookupType('struct node');
        scope.similarNames('wrk');
        return shown;
      });
      ask(`address ${index}`, () => [image.describe(candidates[0]!)]);
      ask(`sequence ${index}`, () => [image.restartableSequenceAt(candidates[0]!)]);
    }
    ask('lines', () => image.codeLines('base.c', 1, 200));
    ask('files', () => image.sourceFiles());
    ask('similar', () => image.similarFunctions('wrok'));
    ask('notices', () => image.notices());
    ask('entries', () => [...image.functionEntries()]);
    ask('starts', () => [...image.lineStarts()]);
    image.dispose();
  }
  const { userCPUTime, systemCPUTime } = process.resourceUsage();
  // Of this program alone: what getrusage(2) says began with the process that was forked.
  const peak = /VmHWM:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'latin1'))![1]!;
  const result: Answers = { answers, memory: Number(peak) * 1024, time: (userCPUTime + systemCPUTime) / 1000 };
  writeSync(1, JSON.stringify(result));
}

/** What a probe would print of it. */
function show({ name, type, location }: Variable): string {
  visit(type, 6);
  return `${name}: ${typeText(type)} ${location.kind} ${valueText(type, { bytes: BYTES, holes: [], texts: [] })}`;
}

/** Reads what is read when it is asked for, to some depth. */
function visit(type: Type, depth: number): void {
  if (depth === 0) return;
  if (type.byteSize !== undefined && !(type.byteSize >= 0)) throw new Error(`a size of ${type.byteSize}`);
  if ('target' in type) visit(type.target, depth - 1);
  if ('element' in type) visit(type.element, depth - 1);
  if ('members' in type) for (const member of type.members.slice(0, 4)) visit(member.type, depth - 1);
}

main(process.argv[2]!, process.argv[3]!);
