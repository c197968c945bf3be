/** Runs experiments in native.c, which is compiled when it is first needed. */
import { spawnSync } from 'node:child_process';
import { type XsaveLayout, xsaveLayout } from '../../../src/engine/surrogate/xsave';
import { buildFixture } from '../../fixtures/build';

export const NativeLayout = {
  code: 0x10000000,
  data: 0x20000000,
  dataBytes: 0x4000,
  /** Not writable; nothing is mapped after it. */
  constants: 0x20004000,
  constantsBytes: 0x1000,
  windowBytes: 512,
} as const;

/** The order of mcontext_t's gregs. */
// prettier-ignore
export const NATIVE_REGISTERS = [
  'r8', 'r9', 'r10', 'r11', 'r12', 'r13', 'r14', 'r15', 'rdi', 'rsi', 'rbp', 'rbx', 'rdx', 'rax', 'rcx', 'rsp', 'rip', 'eflags',
] as const;

export interface NativeState {
  /** In the order of {@link NATIVE_REGISTERS}. */
  readonly registers: BigUint64Array;
  readonly gsBase: bigint;
  readonly xsave: Uint8Array;
  /** A piece of the data. */
  readonly window: { readonly address: number; readonly bytes: Uint8Array };
}

export interface Experiment extends NativeState {
  readonly code: Uint8Array;
}

export interface Outcome extends NativeState {
  readonly signal: number;
}

const Record = { signal: 0, registers: 8, gsBase: 152, codeLength: 160, code: 168, windowAddress: 184, window: 192 };
const RECORD_BYTES = Record.window + NativeLayout.windowBytes;
const SUBLEAF_BYTES = 16;
const DESCRIPTION_BYTES = 8 + 63 * SUBLEAF_BYTES;
const NOP = Uint8Array.of(0x90);
const MAX_OUTPUT_BYTES = 1 << 30;

export class Native {
  readonly #program = buildFixture('../engine/surrogate/native.c', { flags: ['-O1', '-fno-stack-protector'] }).path;
  /** Of the areas in its states: what a signal frame holds. */
  readonly xsave: XsaveLayout;

  constructor() {
    const description = this.#run(Buffer.alloc(0));
    const cpuid = (_leaf: number, subleaf: number) => {
      const at = 8 + SUBLEAF_BYTES * subleaf;
      const [eax, ebx, ecx, edx] = [0, 4, 8, 12].map((register) => description.readUInt32LE(at + register));
      return { eax: eax!, ebx: ebx!, ecx: ecx!, edx: edx! };
    };
    this.xsave = xsaveLayout(cpuid, Number(description.readBigUInt64LE(0)));
  }

  /** Makes all experiments, in their order. */
  run(experiments: readonly Experiment[]): Outcome[] {
    const size = RECORD_BYTES + this.xsave.bytes;
    const output = this.#run(Buffer.concat(experiments.map((experiment) => encode(experiment))));
    if (output.length !== DESCRIPTION_BYTES + experiments.length * size)
      throw new Error('the native program ended early');
    return experiments.map((_, index) => decode(output.subarray(DESCRIPTION_BYTES + index * size).subarray(0, size)));
  }

  /**
   * The same experiments with extended states that this CPU can be in: some keep the x87's pointers only with a pending
   * exception, some bits follow from others. What it made of them while it did nothing is what it starts from.
   */
  settle(experiments: readonly Experiment[]): Experiment[] {
    const idle = this.run(experiments.map((experiment) => ({ ...experiment, code: NOP })));
    return experiments.map((experiment, index) => ({ ...experiment, xsave: idle[index]!.xsave }));
  }

  #run(input: Buffer): Buffer {
    const { stdout, error } = spawnSync(this.#program, { input, maxBuffer: MAX_OUTPUT_BYTES });
    if (error !== undefined) throw error;
    return stdout;
  }
}

function encode({ registers, gsBase, code, window, xsave }: Experiment): Buffer {
  const record = Buffer.alloc(RECORD_BYTES);
  record.set(new Uint8Array(registers.buffer), Record.registers);
  record.writeBigUInt64LE(gsBase, Record.gsBase);
  record.writeBigUInt64LE(BigInt(code.length), Record.codeLength);
  record.set(code, Record.code);
  record.writeBigUInt64LE(BigInt(window.address), Record.windowAddress);
  record.set(window.bytes, Record.window);
  return Buffer.concat([record, xsave]);
}

function decode(record: Buffer): Outcome {
  const registers = new BigUint64Array(NATIVE_REGISTERS.length);
  registers.forEach((_, index) => (registers[index] = record.readBigUInt64LE(Record.registers + 8 * index)));
  return {
    signal: Number(record.readBigUInt64LE(Record.signal)),
    registers,
    gsBase: record.readBigUInt64LE(Record.gsBase),
    xsave: record.subarray(RECORD_BYTES),
    window: {
      address: Number(record.readBigUInt64LE(Record.windowAddress)),
      bytes: record.subarray(Record.window, RECORD_BYTES),
    },
  };
}
