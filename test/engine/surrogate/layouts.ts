/** XSAVE layouts of processors that the machine at hand need not be, from what their CPUID says. */
import { type CpuidResult, StateComponent, type XsaveLayout, xsaveLayout } from '../../../src/engine/surrogate/xsave';

const { avx, boundRegisters, boundControl, opmask, zmmHi256, hi16Zmm, pkru, tileConfig, tileData } = StateComponent;

type Places = readonly (readonly [component: number, offset: number, bytes: number])[];

const AVX: Places = [[avx, 576, 256]];

/** Where Intel's processors have room for MPX, whether they have it or not. */
const INTEL_AVX512: Places = [
  [opmask, 1088, 64],
  [zmmHi256, 1152, 512],
  [hi16Zmm, 1664, 1024],
];
const INTEL_PKRU: Places = [[pkru, 2688, 8]];
const MPX: Places = [
  [boundRegisters, 960, 64],
  [boundControl, 1024, 64],
];
const AMX: Places = [
  [tileConfig, 2752, 64],
  [tileData, 2816, 8192],
];
/** A supervisor state that user-level areas do not have: CET_U. */
const CET = 11;
const UNKNOWN = 19;

function layout(components: Places, bytes: number): XsaveLayout {
  const mask = [...components.map(([number]) => number), CET].reduce((bits, number) => bits | (1 << number), 3);
  const cpuid = (leaf: number, subleaf: number): CpuidResult => {
    if (leaf !== 0x0d) throw new Error(`leaf ${leaf}`);
    if (subleaf === 0) return { eax: mask, ebx: bytes, ecx: bytes, edx: 0 };
    if (subleaf === CET) return { eax: 16, ebx: 0, ecx: 1, edx: 0 };
    const [, offset = 0, size = 0] = components.find(([number]) => number === subleaf) ?? [];
    return { eax: size, ebx: offset, ecx: 0, edx: 0 };
  };
  return xsaveLayout(cpuid, bytes);
}

export const LAYOUTS: Readonly<Record<string, XsaveLayout>> = {
  'SSE alone': layout([], 576),
  'AVX alone': layout(AVX, 832),
  'Intel, MPX': layout([...AVX, ...MPX], 1088),
  'Intel, AVX-512': layout([...AVX, ...INTEL_AVX512], 2688),
  'Intel, MPX, AVX-512 and PKU': layout([...AVX, ...MPX, ...INTEL_AVX512, ...INTEL_PKRU], 2696),
  'Intel, PKU without AVX-512': layout([...AVX, ...INTEL_PKRU], 2696),
  'Intel, AVX-512, PKU and AMX': layout([...AVX, ...INTEL_AVX512, ...INTEL_PKRU, ...AMX], 11008),
  'AMD Zen 3: PKU without AVX-512': layout([...AVX, [pkru, 2432, 8]], 2440),
  'AMD Zen 4: AVX-512 and PKU': layout(
    [...AVX, [opmask, 832, 64], [zmmHi256, 896, 512], [hi16Zmm, 1408, 1024], [pkru, 2432, 8]],
    2440,
  ),
  'a component that nobody knows yet': layout([...AVX, [UNKNOWN, 960, 128]], 1088),
};
