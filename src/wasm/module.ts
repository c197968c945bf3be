/**
 * Writes WebAssembly modules (WebAssembly Core 2.0 §5). The emulator and the agent both turn data (micro-operations,
 * agent operations) into functions that run at a hit; WebAssembly is the target because it has exactly what they need:
 * 64-bit integers without allocation, and a memory that system calls can fill directly.
 */
import { assertExists } from '../base/assert';
import { Op, type OpName, SaturatingOp, ValueType, type ValueTypeName } from './opcodes';

export interface FunctionType {
  readonly parameters: readonly ValueTypeName[];
  readonly results: readonly ValueTypeName[];
}

/** A function index in its module: imports first, then functions in the order they were added (§2.5). */
export type FunctionIndex = number;

/** The instructions of one function, and its locals. */
export class Code {
  readonly #bytes: number[] = [];
  readonly #locals: ValueTypeName[] = [];
  readonly #parameterCount: number;
  #depth = 0;

  constructor(readonly type: FunctionType) {
    this.#parameterCount = type.parameters.length;
  }

  /** Declares one more local and returns its index. */
  local(type: ValueTypeName): number {
    this.#locals.push(type);
    return this.#parameterCount + this.#locals.length - 1;
  }

  /** Instructions without immediates. */
  op(...names: OpName[]): this {
    for (const name of names) {
      if (name === 'end') this.#depth--;
      this.#bytes.push(Op[name]);
    }
    return this;
  }

  /** How many blocks are open. */
  get depth(): number {
    return this.#depth;
  }

  saturating(name: keyof typeof SaturatingOp): this {
    this.#bytes.push(0xfc, SaturatingOp[name]);
    return this;
  }

  i32(value: number): this {
    this.#bytes.push(Op.i32_const);
    signed(this.#bytes, BigInt(value | 0));
    return this;
  }

  /** Any 64-bit value, signed or unsigned. */
  i64(value: bigint): this {
    this.#bytes.push(Op.i64_const);
    signed(this.#bytes, BigInt.asIntN(64, value));
    return this;
  }

  get(local: number): this {
    return this.#indexed(Op.local_get, local);
  }

  set(local: number): this {
    return this.#indexed(Op.local_set, local);
  }

  tee(local: number): this {
    return this.#indexed(Op.local_tee, local);
  }

  call(target: FunctionIndex): this {
    return this.#indexed(Op.call, target);
  }

  /** A load or store; the address operand on the stack plus `offset` bytes, no alignment promised. */
  memory(name: OpName, offset: number): this {
    this.#bytes.push(Op[name], 0);
    unsigned(this.#bytes, offset);
    return this;
  }

  /** Opens a `block`, `loop` or `if` that leaves `result` (or nothing); close it with `op('end')`. */
  open(kind: 'block' | 'loop' | 'if', result?: ValueTypeName): this {
    this.#bytes.push(Op[kind], result === undefined ? 0x40 : ValueType[result]);
    this.#depth++;
    return this;
  }

  /** Branches to the end of the block that had {@link depth} when it was open; of a `loop`, to its beginning. */
  branchTo(kind: 'br' | 'br_if', depth: number): this {
    return this.branch(kind, this.#depth - depth);
  }

  /** Branches out of `depth` enclosing blocks. */
  branch(kind: 'br' | 'br_if', depth: number): this {
    return this.#indexed(Op[kind], depth);
  }

  /** The function body of §5.5.13: size, locals, instructions, end. */
  encode(): number[] {
    const body: number[] = [];
    unsigned(body, this.#locals.length);
    for (const type of this.#locals) body.push(1, ValueType[type]);
    for (const byte of this.#bytes) body.push(byte);
    body.push(Op.end);
    const sized: number[] = [];
    unsigned(sized, body.length);
    for (const byte of body) sized.push(byte);
    return sized;
  }

  #indexed(opcode: number, index: number): this {
    this.#bytes.push(opcode);
    unsigned(this.#bytes, index);
    return this;
  }
}

export class ModuleBuilder {
  readonly #types = new Map<string, { index: number; bytes: number[] }>();
  readonly #imports: number[][] = [];
  readonly #functions: { typeIndex: number; code: Code }[] = [];
  readonly #exports: number[][] = [];
  #importedFunctions = 0;

  /** Imports a memory of exactly `pages` × 64 KiB. It never grows, so its address never changes. */
  importMemory(module: string, name: string, pages: number): void {
    const entry = [...text(module), ...text(name), 0x02, 0x01];
    unsigned(entry, pages);
    unsigned(entry, pages);
    this.#imports.push(entry);
  }

  /** Must be called before the first {@link addFunction}. */
  importFunction(module: string, name: string, type: FunctionType): FunctionIndex {
    if (this.#functions.length > 0) throw new Error('internal error: imports come before functions');
    const entry = [...text(module), ...text(name), 0x00];
    unsigned(entry, this.#typeIndex(type));
    this.#imports.push(entry);
    return this.#importedFunctions++;
  }

  /** Adds a function, exported under `name` if that is given. */
  addFunction(code: Code, name?: string): FunctionIndex {
    this.#functions.push({ typeIndex: this.#typeIndex(code.type), code });
    const index = this.#importedFunctions + this.#functions.length - 1;
    if (name !== undefined) {
      const entry = [...text(name), 0x00];
      unsigned(entry, index);
      this.#exports.push(entry);
    }
    return index;
  }

  encode(): Uint8Array<ArrayBuffer> {
    const bytes = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];
    section(
      bytes,
      1,
      [...this.#types.values()].map((type) => type.bytes),
    );
    section(bytes, 2, this.#imports);
    section(
      bytes,
      3,
      this.#functions.map(({ typeIndex }) => leb(typeIndex)),
    );
    section(bytes, 7, this.#exports);
    section(
      bytes,
      10,
      this.#functions.map(({ code }) => code.encode()),
    );
    return Uint8Array.from(bytes);
  }

  /** Compiles and instantiates at once; the functions by their export names. */
  instantiate(imports: WebAssembly.Imports): Record<string, (...args: number[]) => number> {
    const instance = new WebAssembly.Instance(new WebAssembly.Module(this.encode()), imports);
    return instance.exports as Record<string, (...args: number[]) => number>;
  }

  #typeIndex(type: FunctionType): number {
    const key = `${type.parameters.join()}>${type.results.join()}`;
    if (!this.#types.has(key)) {
      const bytes = [0x60];
      for (const side of [type.parameters, type.results]) {
        unsigned(bytes, side.length);
        for (const name of side) bytes.push(ValueType[name]);
      }
      this.#types.set(key, { index: this.#types.size, bytes });
    }
    return assertExists(this.#types.get(key), 'function type').index;
  }
}

function section(out: number[], id: number, entries: readonly number[][]): void {
  if (entries.length === 0) return;
  const content = leb(entries.length);
  for (const entry of entries) for (const byte of entry) content.push(byte);
  out.push(id);
  unsigned(out, content.length);
  for (const byte of content) out.push(byte);
}

function text(value: string): number[] {
  const bytes = [...Buffer.from(value, 'utf8')];
  return [...leb(bytes.length), ...bytes];
}

function leb(value: number): number[] {
  const out: number[] = [];
  unsigned(out, value);
  return out;
}

function unsigned(out: number[], value: number): void {
  while (value >= 0x80) {
    out.push((value % 0x80) | 0x80);
    value = Math.floor(value / 0x80);
  }
  out.push(value);
}

function signed(out: number[], value: bigint): void {
  for (;;) {
    const byte = Number(value & 0x7fn);
    value >>= 7n;
    if ((value === 0n && byte < 0x40) || (value === -1n && byte >= 0x40)) {
      out.push(byte);
      return;
    }
    out.push(byte | 0x80);
  }
}
