/** Where the units of a file are, known without a look at them. */
import { type UnitSection } from './unitHeader';

/** What a unit may be or have; those that a directory does not mark are not. */
export const UNIT_MARK = { code: 8, skeleton: 16 } as const;

/** The units of a section, in its order. */
export interface UnitPlaces {
  /** Of their headers, and where they end. */
  readonly offsets: Float64Array;
  readonly ends: Float64Array;
  /** {@link UNIT_MARK}, among other bits. */
  readonly marks: Uint8Array;
}

export type UnitDirectory = Readonly<Record<UnitSection, UnitPlaces>>;
