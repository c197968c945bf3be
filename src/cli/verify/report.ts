/** A check's result, for people and for programs. */
import { constants } from 'node:os';
import { hex } from '../../base/address';
import { printable } from '../../base/printable';
import { disassemble } from '../../emulator/decode/decode';
import { type CheckResult, type Failure } from './check';

/** The exit status: 1 if something differs, otherwise that of the signal that ended it early. */
export function statusOf({ mismatches, ended }: CheckResult): number {
  if (mismatches > 0) return 1;
  return ended !== undefined && 'signal' in ended ? 128 + constants.signals[ended.signal] : 0;
}

/** Lines with their ends. */
export function resultText(result: CheckResult): string {
  const { binaries, instructions, states, completed, mismatches, seed, failures, ended } = result;
  const { surrogate, twin, refused } = result;
  const rows = [
    ...failures.flatMap(failureText),
    `${number(instructions)} instructions of ${number(binaries)} ${binaries === 1 ? 'binary' : 'binaries'}, ${number(states)} states, ` +
      `${number(completed)} ran to the end: ${number(mismatches)} ${mismatches === 1 ? 'mismatch' : 'mismatches'}`,
    `${number(statesPerSecond(result))} states per second, seed ${seed}`,
    `not compared: ${number(surrogate)} instructions run by the surrogate, ${number(twin)} atomic ones run by the thread, ` +
      `${number(refused)} refused`,
  ];
  for (const [feature, count] of result.lacking) {
    rows.push(`this CPU does not have ${feature}: ${number(count)} instructions not compared`);
  }
  if (ended !== undefined) rows.push('incomplete: the check ended early');
  if (mismatches > failures.length) rows.push(`only the first ${failures.length} mismatches are shown`);
  return rows.map((row) => `${row}\n`).join('');
}

/** As `sidestep verify --json` has it. */
export function resultJson(result: CheckResult): object {
  const { instructions, states, completed, mismatches, seed, failures, lacking, ended } = result;
  return {
    instructions,
    states,
    completed,
    mismatches,
    seed,
    statesPerSecond: statesPerSecond(result),
    failures: failures.map(({ file, address, mismatch: { subject, differences, state } }) => ({
      file,
      address: hex(address),
      instruction: disassemble(subject.bytes, BigInt(subject.address)),
      bytes: Buffer.from(subject.bytes).toString('hex'),
      differences,
      state,
    })),
    ...(lacking.size > 0 && { lacking: Object.fromEntries(lacking) }),
    ...(ended !== undefined && { endedEarly: true }),
  };
}

function failureText({ file, address, mismatch: { differences, state } }: Failure): string[] {
  return [
    state,
    '  cpu; emulator:',
    ...differences.map((line) => `    ${line}`),
    `  from ${printable(file)} ${hex(address)}`,
    '',
  ];
}

function statesPerSecond({ states, seconds }: CheckResult): number {
  return states === 0 ? 0 : Math.round(states / seconds);
}

function number(value: number): string {
  return value.toLocaleString('en');
}
