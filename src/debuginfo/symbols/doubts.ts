/**
 * Why hits may be more or fewer than what is meant, where a compiler changed how often code runs and its debug
 * information does not say what became of it. Shown by `sites` and as a warning; sentences without a full stop.
 */
export const DOUBTS = {
  merged: 'several copies of it begin at one instruction: passes may be missed',
  joined: 'its first instruction is also reached past it: passes may be counted that are none',
  pieces:
    'the compiler mixed it with other lines: copies of its code and pieces of it look alike, so that passes may be missed or count twice',
  branches: 'control comes into it at several points: a pass may count twice',
  packed: 'vector instructions make several passes at once: passes may be missed',
  turns: 'its code runs again without coming to the place of the probe: passes may be missed',
  empty: 'the compiler left no instruction of it, and other ways may have had it, too: passes may be missed',
  remainder: 'the compiler copied the code around it, but not all copies have it: passes may be missed',
  gone: 'nothing is left of the loop around it: passes may be missed',
  made: 'it calls a function that the source does not call there, which may do all turns of a loop: passes may be missed',
  loopAtEntry: 'it begins with a loop that leads back to its first instruction: each iteration counts as a call',
  recursion: 'its first statement is in a loop: where the compiler made that of recursion, calls are missed',
  inlinedRecursion: 'the compiler inlined it into itself: calls may be missed',
} as const;

export type Doubt = (typeof DOUBTS)[keyof typeof DOUBTS];
