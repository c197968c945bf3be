/** The instructions of the families that this CPU lacks. */
import { readFileSync } from 'node:fs';

/**
 * Instructions beyond those of the first 64-bit processors, by the CPUID features that they need, as /proc/cpuinfo
 * spells these.
 */
const NEEDED: Readonly<Record<string, readonly string[]>> = {
  abm: ['lzcnt'],
  adx: ['adcx', 'adox'],
  bmi1: ['andn', 'bextr', 'blsi', 'blsmsk', 'blsr', 'tzcnt'],
  bmi2: ['bzhi', 'mulx', 'pdep', 'pext', 'rorx', 'sarx', 'shlx', 'shrx'],
  lahf_lm: ['lahf', 'sahf'],
  movbe: ['movbe'],
  popcnt: ['popcnt'],
  sse4_2: ['crc32'],
};

const FEATURES = new Map(
  Object.entries(NEEDED).flatMap(([feature, mnemonics]) => mnemonics.map((mnemonic) => [mnemonic, feature] as const)),
);

export class Processor {
  /** `features`: the CPU's features; undefined: all. */
  constructor(private readonly features: ReadonlySet<string> | undefined) {}

  /** This machine's processor, as the kernel describes it. Reads /proc/cpuinfo. */
  static here(): Processor {
    return new Processor(featuresIn(readFileSync('/proc/cpuinfo', 'latin1')));
  }

  /** Whether it has a feature; false if the kernel does not say. */
  has(feature: string): boolean {
    return this.features?.has(feature) ?? false;
  }

  /**
   * The missing feature, if the processor would execute a lifted instruction as another one or not at all: TZCNT as
   * BSF, ANDN as an invalid opcode. Undefined if it has the feature or none is needed.
   */
  missingFor(mnemonic: string): string | undefined {
    const feature = FEATURES.get(mnemonic);
    return feature === undefined || this.features === undefined || this.features.has(feature) ? undefined : feature;
  }
}

function featuresIn(cpuinfo: string): ReadonlySet<string> | undefined {
  const flags = /^flags\s*:(.*)$/m.exec(cpuinfo)?.[1];
  return flags === undefined ? undefined : new Set(flags.trim().split(' '));
}
