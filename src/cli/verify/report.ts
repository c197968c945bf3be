/** What a check found, for people and for programs. */
import { hex } from '../../base/address';
import { disassemble } from '../../emulator/decode';
import { type CheckResult, type Failure } from './check';

/** The exit status: 1 when something differs. */
export function statusOf({ mismatches }: CheckResult): number {
  return mismatches === 0 ? 0 : 1;
}

/** Lines with their ends. */
export function resultText(result: CheckResult): string {
  const { binaries, instructions, states, executed, mismatches, seed, surrogate, refused, failures } = result;
  const rows = [
    ...failures.flatMap(failureText),
    `${number(instructions)} instructions of ${number(binaries)} ${binaries === 1 ? 'binary' : 'binaries'}, ${number(states)} states, ` +
      `${number(executed)} run to the end: ${number(mismatches)} ${mismatches === 1 ? 'mismatch' : 'mismatches'}`,
    `${number(statesPerSecond(result))} states a second, seed ${seed}`,
    `not compared: ${number(surrogate)} instructions that the CPU itself executes (surrogate), ${number(refused)} refused`,
  ];
  if (mismatches > failures.length) rows.push(`only the first ${failures.length} mismatches are shown`);
  return rows.map((row) => `${row}\n`).join('');
}

/** As `sidestep verify --json` has it. */
export function resultJson(result: CheckResult): object {
  const { instructions, states, mismatches, seed, failures } = result;
  return {
    instructions,
    states,
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
  };
}

function failureText({ file, address, mismatch: { differences, state } }: Failure): string[] {
  return [state, '  cpu; emulator:', ...differences.map((line) => `    ${line}`), `  from ${file} ${hex(address)}`, ''];
}

function statesPerSecond({ states, seconds }: CheckResult): number {
  return states === 0 ? 0 : Math.round(states / seconds);
}

function number(value: number): string {
  return value.toLocaleString('en');
}
