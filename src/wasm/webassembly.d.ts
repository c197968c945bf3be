/** The part of the WebAssembly JavaScript interface that is used here; TypeScript has it only in its DOM library. */
declare namespace WebAssembly {
  class Memory {
    /** Sizes in pages of 64 KiB. */
    constructor(descriptor: { initial: number; maximum: number });
    readonly buffer: ArrayBuffer;
  }
  /** Opaque: what can be instantiated. */
  interface Module {
    readonly [Symbol.toStringTag]: string;
  }
  const Module: new (bytes: Uint8Array<ArrayBuffer>) => Module;
  class Instance {
    constructor(module: Module, imports: Imports);
    readonly exports: Record<string, unknown>;
  }
  type Imports = Record<
    string,
    Record<string, Memory | ((...args: number[]) => number) | ((...args: bigint[]) => bigint)>
  >;
}
