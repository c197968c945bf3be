/**
 * Whether a probe can stand at an address, from what the memory there is and holds. Only code that the process has
 * privately from a file is taken: INT3 in a shared mapping would get into the file and into everybody else's memory,
 * and what is neither from a file nor fixed can change under the emulator, which executes the instruction that was
 * there when the probe was set.
 */
import { hex } from '../../base/address';
import { type ErrorCode } from '../../base/errors';
import { type Mapping, type Place } from '../../contract/messages';
import { type Emulator, type TwinPlan } from '../../emulator/emulator';
import { disturbsSequence, NO_TWIN, REFUSALS } from '../../emulator/decode/refusal';
import { type Breakpoints } from '../text/breakpoints';
import { type Displaced } from '../tracees/tracees';
import { readStatus } from '../linux/proc';
import { mappingAt } from '../linux/mappingAt';
import { originOf, type Origin } from '../tracees/probeOrigin';
import { type Process } from '../tracees/tracees';
import { findTwin, mayCome } from '../passing/twinSearch';

export type Placement =
  | {
      readonly possible: true;
      readonly text: Uint8Array;
      readonly displaced: Displaced;
      readonly origin: Origin;
    }
  /** `kind`: the reason in a few words, the same for all places that are refused for it. */
  | { readonly possible: false; readonly code: ErrorCode; readonly reason: string; readonly kind?: string };

export interface PlacementParts {
  readonly emulator: Emulator;
  readonly breakpoints: Breakpoints;
}

/** Addresses from here on can't be program text: the kernel's half, and what a number doesn't hold exactly. */
const END_OF_USER_SPACE = 1n << 47n;
const VSYSCALL = '[vsyscall]';

export function examine(
  parts: PlacementParts,
  process: Process,
  mappings: readonly Mapping[],
  { address, expected, sequence }: Place,
): Placement {
  if (!process.is64Bit) return refuse('not-64-bit', `process ${process.pid} runs 32-bit code now`);
  const mapping = mappingAt(mappings, address);
  const obstacle = obstacleOf(mapping, address, mappings);
  if (mapping === undefined || obstacle !== undefined) return refuse('not-probeable', obstacle ?? nothingAt(address));
  const text = parts.breakpoints.originalText(process.space, Number(address));
  if (text.length === 0) return refuse('memory-unreachable', `the memory at ${hex(address)} can't be read`);
  const difference = expected === undefined ? undefined : differenceOf(text, Buffer.from(expected, 'hex'));
  if (difference !== undefined) {
    return refuse(
      'text-differs',
      `memory at ${hex(address)} does not hold what ${mapping.path} has there: ${difference}`,
    );
  }
  const prepared = parts.emulator.prepare(text, address);
  const { instruction } = prepared;
  if (prepared.execution === 'refused') {
    return refuse('not-probeable', `${instruction || 'it'} can't be probed: ${prepared.reason}`, prepared.code);
  }
  if (sequence !== undefined && disturbsSequence(sequence, address, prepared.length)) {
    const kind = 'restartable-sequence';
    return refuse('not-probeable', `${instruction} can't be probed: ${REFUSALS[kind]}`, kind);
  }
  if (prepared.execution === 'twin' && !hasTwin(process, prepared.twin, Number(address))) {
    return refuse('not-probeable', `${instruction} can't be probed: ${prepared.reason}, ${NO_TWIN}`, prepared.code);
  }
  if (prepared.changesShadowStack && hasShadowStack(process)) {
    return refuse('not-probeable', `${instruction} can't be probed: the program's threads have shadow stacks`);
  }
  return { possible: true, text, displaced: prepared, origin: originOf(mapping, Number(address)) };
}

function hasTwin(process: Process, plan: TwinPlan, address: number): boolean {
  return findTwin(process, plan, address) !== undefined || mayCome(process);
}

function refuse(code: ErrorCode, reason: string, kind?: string): Placement & { readonly possible: false } {
  return { possible: false, code, reason, ...(kind !== undefined && { kind }) };
}

function nothingAt(address: bigint): string {
  return `nothing is mapped at ${hex(address)}`;
}

function obstacleOf(mapping: Mapping | undefined, address: bigint, all: readonly Mapping[]): string | undefined {
  if (address >= END_OF_USER_SPACE) {
    const name = mapping?.path === VSYSCALL ? `, in ${VSYSCALL}` : '';
    return `${hex(address)} lies in the kernel's half of the address space${name}: only the program's own code can be probed`;
  }
  if (mapping === undefined) return nothingAt(address);
  const where = mapping.path === '' ? 'anonymous memory' : mapping.path;
  if (!mapping.executable) return `${hex(address)} is not code: it lies in ${where}, which is not executable`;
  if (mapping.inode === 0) return `${hex(address)} lies in ${where}: only code that comes from a file can be probed`;
  if (mapping.shared) {
    return `${hex(address)} lies in ${where}, which is mapped shared: a probe would change the file, and every process that has it mapped`;
  }
  if (mapping.writable) {
    return `${hex(address)} lies in ${where}, which is mapped writable: the program can change the code under a probe`;
  }
  const alias = all.find((other) => other.shared && other.writable && isSameFile(other, mapping));
  if (alias !== undefined) {
    return (
      `${hex(address)} lies in ${where}, which the program has mapped writable and shared at ${hex(alias.start)} too: ` +
      'a probe would hide what it writes there'
    );
  }
  return undefined;
}

function isSameFile(a: Mapping, b: Mapping): boolean {
  return a.inode === b.inode && a.device === b.device;
}

function differenceOf(text: Uint8Array, expected: Uint8Array): string | undefined {
  const length = Math.min(text.length, expected.length);
  for (let at = 0; at < length; at++) {
    if (text[at] !== expected[at]) {
      return `${bytesText(text, length)} instead of ${bytesText(expected, length)}`;
    }
  }
  return undefined;
}

function bytesText(bytes: Uint8Array, length: number): string {
  return Buffer.from(bytes.subarray(0, length))
    .toString('hex')
    .replace(/..(?=.)/g, '$& ');
}

/**
 * Linux 6.6 shows in /proc/PID/status which control-flow features a thread has on (Documentation/arch/x86/shstk.rst).
 */
function hasShadowStack(process: Process): boolean {
  return process.ask((tid) => readStatus(tid)?.get('x86_Thread_features'))?.includes('shstk') ?? false;
}
