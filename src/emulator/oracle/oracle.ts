/** The CPU as an oracle: passes experiments to the scratch program and reads the results. */
import { assertExists } from '../../base/assert';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Disposable } from '../../base/lifetime';
import { INT3 } from '../../base/x86';
import { Layout, programImage, Record, SIGNAL_REGISTERS } from './program';

const RECORD_CODE_BYTES = 16;
const WINDOW_HEADER_BYTES = 16;

/** No instruction raises these. */
const FROM_OUTSIDE: ReadonlySet<string> = new Set(['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT']);

/** A batch takes milliseconds. The limit allows for a busy machine; beyond it an experiment has jumped to itself. */
const TIMEOUT_MS = 60_000;

/** Something ended the scratch program from outside, as Ctrl-C does with all that runs in a terminal. */
export class OracleKilled extends Error {
  constructor(readonly signal: NodeJS.Signals) {
    super(`internal error: the scratch program was ended by ${signal}`);
  }
}

/** A range of memory that an experiment starts with, and its contents afterwards. */
export interface Window {
  /** Within {@link Layout.data}. */
  readonly address: number;
  readonly bytes: Uint8Array;
}

export interface Experiment {
  readonly code: Uint8Array;
  /**
   * 18 registers in the order of {@link SIGNAL_REGISTERS}; RIP is where the code is put, within {@link Layout.code}.
   */
  readonly registers: BigUint64Array;
  readonly windows: readonly Window[];
}

export interface Outcome {
  /** SIGTRAP: the INT3 after the instruction, or one that it jumped to; RIP is after that one. */
  readonly signal: number;
  readonly faultAddress: bigint;
  readonly registers: BigUint64Array;
  readonly windows: readonly Window[];
}

export class Oracle implements Disposable {
  readonly #directory = mkdtempSync(join(tmpdir(), 'sidestep-'));
  readonly #program = join(this.#directory, 'oracle');

  /** `data` and `constants`: the contents of the segments of {@link Layout} outside the windows. */
  constructor(data: Uint8Array, constants: Uint8Array) {
    writeFileSync(this.#program, programImage(data, constants));
    chmodSync(this.#program, 0o700);
  }

  /** Runs all experiments in order. Throws if the program did not reach its end, possibly {@link OracleKilled}. */
  run(experiments: readonly Experiment[]): Outcome[] {
    if (experiments.length === 0) return [];
    const batch = encode(experiments);
    if (batch.length > Layout.batchCapacity) throw new Error('internal error: too many experiments in one batch');
    const { stdout, signal, error } = spawnSync(this.#program, {
      input: batch,
      maxBuffer: Layout.batchCapacity,
      timeout: TIMEOUT_MS,
    });
    if (error !== undefined) throw error;
    if (signal !== null && FROM_OUTSIDE.has(signal)) throw new OracleKilled(signal);
    if (stdout.length !== batch.length) throw new Error(`internal error: the scratch program ended with ${signal}`);
    return decode(stdout);
  }

  dispose(): void {
    rmSync(this.#directory, { recursive: true });
  }
}

function encode(experiments: readonly Experiment[]): Uint8Array {
  const sizes = experiments.map(({ windows }) =>
    windows.reduce<number>((sum, { bytes }) => sum + WINDOW_HEADER_BYTES + bytes.length, Record.windows),
  );
  const batch = new Uint8Array(sizes.reduce((sum, size) => sum + size, 0));
  const view = new DataView(batch.buffer);
  let at = 0;
  experiments.forEach(({ code, registers, windows }, index) => {
    view.setBigUint64(at + Record.codeAddress, registers[RIP]!, true);
    batch.fill(INT3, at + Record.code, at + Record.code + RECORD_CODE_BYTES);
    batch.set(code, at + Record.code);
    registers.forEach((value, number) => view.setBigUint64(at + Record.registers + 8 * number, value, true));
    view.setBigUint64(at + Record.windowCount, BigInt(windows.length), true);
    let cursor = at + Record.windows;
    for (const { address, bytes } of windows) {
      view.setBigUint64(cursor, BigInt(address), true);
      view.setBigUint64(cursor + 8, BigInt(bytes.length), true);
      batch.set(bytes, cursor + WINDOW_HEADER_BYTES);
      cursor += WINDOW_HEADER_BYTES + bytes.length;
    }
    at += assertExists(sizes[index], 'size');
  });
  return batch;
}

const RIP = SIGNAL_REGISTERS.indexOf('rip');

function decode(batch: Uint8Array): Outcome[] {
  const view = new DataView(batch.buffer, batch.byteOffset, batch.byteLength);
  const outcomes: Outcome[] = [];
  for (let at = 0; at < batch.length;) {
    const registers = new BigUint64Array(SIGNAL_REGISTERS.length);
    for (let number = 0; number < registers.length; number++) {
      registers[number] = view.getBigUint64(at + Record.registers + 8 * number, true);
    }
    const windows: Window[] = [];
    let cursor = at + Record.windows;
    for (let left = Number(view.getBigUint64(at + Record.windowCount, true)); left > 0; left--) {
      const bytes = cursor + WINDOW_HEADER_BYTES;
      const end = bytes + Number(view.getBigUint64(cursor + 8, true));
      windows.push({ address: Number(view.getBigUint64(cursor, true)), bytes: batch.subarray(bytes, end) });
      cursor = end;
    }
    outcomes.push({
      signal: Number(view.getBigUint64(at + Record.signal, true)),
      faultAddress: view.getBigUint64(at + Record.faultAddress, true),
      registers,
      windows,
    });
    at = cursor;
  }
  return outcomes;
}
