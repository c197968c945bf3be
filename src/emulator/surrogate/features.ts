/**
 * Which instructions the surrogate may execute: those that act on registers, and on memory at addresses known
 * beforehand, and on nothing else. They are listed by the CPUID features that they belong to, so that an unconsidered
 * instruction is refused: extensions for monitoring, tracing, enclaves, virtual machines and the like are not here.
 */
import { type CpuidFeature } from 'iced-x86';

/** General: the registers of PTRACE_GETREGS. Extended: also those of the XSAVE area. */
export type RegisterSet = 'general' | 'extended';

const GENERAL = [
  'CPUID',
  'TSC',
  'RDTSCP',
  'RDPID',
  'RDRAND',
  'RDSEED',
  'FSGSBASE',
  'CX8',
  'CMPXCHG16B',
  'TBM',
] as const;

// prettier-ignore
const EXTENDED = [
  'FPU', 'FPU287', 'FPU387', 'CMOV', 'MMX', 'D3NOW', 'D3NOWEXT', 'SSE', 'SSE2', 'SSE3', 'SSSE3', 'SSE4_1', 'SSE4_2', 'SSE4A',
  'AES', 'PCLMULQDQ', 'SHA', 'GFNI', 'AVX', 'AVX2', 'F16C', 'FMA', 'FMA4', 'XOP', 'VAES', 'VPCLMULQDQ', 'AVX_VNNI', 'AVX_IFMA',
  'AVX_NE_CONVERT', 'AVX_VNNI_INT8', 'AVX_VNNI_INT16', 'SHA512', 'SM3', 'SM4', 'AVX512F', 'AVX512VL', 'AVX512BW', 'AVX512DQ',
  'AVX512CD', 'AVX512ER', 'AVX512_IFMA', 'AVX512_VBMI', 'AVX512_VBMI2', 'AVX512_VNNI', 'AVX512_BITALG', 'AVX512_VPOPCNTDQ',
  'AVX512_BF16', 'AVX512_FP16', 'AVX512_VP2INTERSECT', 'AVX512_4FMAPS', 'AVX512_4VNNIW',
] as const;

type FeatureName = keyof typeof CpuidFeature;

const REGISTER_SETS: ReadonlyMap<string, RegisterSet> = new Map<FeatureName, RegisterSet>([
  ...GENERAL.map((name) => [name, 'general'] as const),
  ...EXTENDED.map((name) => [name, 'extended'] as const),
]);

/** Instructions that need more than their feature says. XGETBV can read which of the thread's own states are in use. */
const SINGLE: ReadonlyMap<string, RegisterSet> = new Map([
  ['wait', 'extended'],
  ['xgetbv', 'extended'],
]);

/** What an instruction that belongs to all of `features` acts on; `undefined`: possibly something else. */
export function registerSetOf(mnemonic: string, features: readonly string[]): RegisterSet | undefined {
  const single = SINGLE.get(mnemonic);
  if (single !== undefined) return single;
  const sets = features.map((feature) => REGISTER_SETS.get(feature));
  if (sets.length === 0 || sets.includes(undefined)) return undefined;
  return sets.includes('extended') ? 'extended' : 'general';
}

/** Their results differ between the processors of one machine, so they run on the thread's processor. */
export const PROCESSOR_BOUND: ReadonlySet<string> = new Set(['cpuid', 'rdpid', 'rdtscp']);
