/**
 * The XSAVE area in its standard format (Intel SDM vol. 1 §13.4, AMD APM vol. 2 §11.5): where a processor puts each
 * state component, and which of the bytes mean something. Offsets and sizes of components are the processor's own and
 * differ: CPUID leaf 0DH says them. Everything that reads or writes an area takes them from an {@link XsaveLayout}.
 */

/**
 * Offsets in the legacy region and the header, in bytes: the same on all processors (Intel SDM vol. 1 §10.5.1, §13.4.1,
 * §13.4.2).
 */
export const Xsave = {
  controlWord: 0,
  statusWord: 2,
  tags: 4,
  opcode: 6,
  instructionPointer: 8,
  dataPointer: 16,
  mxcsr: 24,
  mxcsrMask: 28,
  st: 32,
  xmm: 160,
  /** For software; the processor leaves it alone. */
  reserved: 416,
  header: 512,
  /** XSTATE_BV, u64: the components in use. Others have their initial values, whatever their bytes are. */
  inUse: 512,
  extended: 576,
} as const;

/** Bits of FSW: ES, an exception that is not masked is pending (Intel SDM vol. 1 §8.1.3). */
export const ERROR_SUMMARY = 0x80;

/** Numbers of state components (Intel SDM vol. 1 §13.1). */
export const StateComponent = {
  x87: 0,
  sse: 1,
  avx: 2,
  boundRegisters: 3,
  boundControl: 4,
  opmask: 5,
  zmmHi256: 6,
  hi16Zmm: 7,
  pkru: 9,
  tileConfig: 17,
  tileData: 18,
} as const;

/** A piece of an area, in bytes from its start. */
export interface Extent {
  readonly offset: number;
  readonly bytes: number;
}

/** A component outside of the legacy region. */
export interface XsaveComponent extends Extent {
  readonly number: number;
}

export interface XsaveLayout {
  /** Of the whole area. */
  readonly bytes: number;
  /** User states from number 2 on; 0 and 1 are in the legacy region. */
  readonly components: readonly XsaveComponent[];
}

/** The registers that CPUID returns. */
export interface CpuidResult {
  readonly eax: number;
  readonly ebx: number;
  readonly ecx: number;
  readonly edx: number;
}

const EXTENDED_STATE_LEAF = 0x0d;
/** Of ECX: the component is a supervisor state, which user-level areas do not have. */
const SUPERVISOR = 1;
const FIRST_EXTENDED = 2;
const COMPONENTS = 63;

/** The layout of a processor that answers CPUID so, in areas of `bytes` bytes, which is what the kernel transfers. */
export function xsaveLayout(cpuid: (leaf: number, subleaf: number) => CpuidResult, bytes: number): XsaveLayout {
  const { eax, edx } = cpuid(EXTENDED_STATE_LEAF, 0);
  const components: XsaveComponent[] = [];
  for (let number = FIRST_EXTENDED; number < COMPONENTS; number++) {
    const supported = number < 32 ? eax >>> number : edx >>> (number - 32);
    if ((supported & 1) === 0) continue;
    const { eax: size, ebx: offset, ecx } = cpuid(EXTENDED_STATE_LEAF, number);
    if ((ecx & SUPERVISOR) !== 0 || size === 0 || offset < Xsave.extended || offset + size > bytes) continue;
    components.push({ number, offset, bytes: size });
  }
  return { bytes, components };
}

/** How many bytes of a component mean something, where that is fewer than it has (Intel SDM vol. 1 §13.5). */
const DEFINED_BYTES: ReadonlyMap<number, number> = new Map([
  [StateComponent.boundControl, 16],
  [StateComponent.pkru, 4],
]);

const ST_BYTES = 10;
const ST_STEP = 16;
const ST_REGISTERS = 8;

const X87: readonly Extent[] = [
  { offset: Xsave.controlWord, bytes: 5 },
  { offset: Xsave.opcode, bytes: Xsave.mxcsr - Xsave.opcode },
  ...Array.from({ length: ST_REGISTERS }, (_, number) => ({ offset: Xsave.st + ST_STEP * number, bytes: ST_BYTES })),
];

/** MXCSR, which is valid whether SSE is in use or not (Intel SDM vol. 1 §13.7). */
export const MXCSR: Extent = { offset: Xsave.mxcsr, bytes: 4 };

/** The bytes that mean something of a component of that number; none where the layout does not have it. */
export function definedExtents(layout: XsaveLayout, number: number): readonly Extent[] {
  if (number === StateComponent.x87) return X87;
  if (number === StateComponent.sse) return [{ offset: Xsave.xmm, bytes: Xsave.reserved - Xsave.xmm }];
  const found = layout.components.find((component) => component.number === number);
  return found === undefined ? [] : [{ offset: found.offset, bytes: DEFINED_BYTES.get(number) ?? found.bytes }];
}
