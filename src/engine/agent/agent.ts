/** A compiled agent program: what decides and collects at a hit. */

/** How a condition ended. */
export const ConditionResult = { false: 0, true: 1, failed: 2 } as const;

export interface Agent {
  /** One of {@link ConditionResult}. The thread's registers are in the arena, its memory is selected. */
  readonly condition: (() => number) | undefined;
  /** Writes all captures from an 8-aligned arena offset on; returns the offset after them. */
  readonly capture: (start: number) => number;
  readonly captures: number;
  /** The most bytes that a hit record with these captures has. */
  readonly recordBytes: number;
  /** It reads xmm registers: {@link Layout.vectors} must be filled first. */
  readonly usesVectors: boolean;
}
