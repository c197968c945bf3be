/**
 * Why hits may be more or fewer than passes: the compiler changed how often code runs, and its debug information does
 * not say how. Shown by `sites` and as a warning; sentences without a full stop.
 */
export const DOUBTS = {
  merged: 'several copies of it begin at one instruction: passes may be missed',
  unmarked: 'its beginning was also copied to where no call of it is marked: calls may be missed',
  joined: 'other code also leads to its first instruction: too many passes may be counted',
  pieces:
    'the compiler mixed it with other lines: copies and pieces of its code look alike, so passes may be missed or count twice',
  branches: 'control enters it at several points: a pass may count twice',
  packed: 'vector instructions make several passes at once: passes may be missed',
  turns: 'its code can run again without passing the probe: passes may be missed',
  empty: 'the compiler left no instruction of it, and other paths may have contained it too: passes may be missed',
  remainder: 'the compiler copied the code around it, but not every copy contains it: passes may be missed',
  gone: 'nothing is left of the loop around it: passes may be missed',
  made: 'it calls a function that the source does not call there; that may do all iterations of a loop: passes may be missed',
  loopAtEntry: 'it begins with a loop that leads back to its first instruction: each iteration counts as a call',
  recursion: 'its first statement is in a loop: if the compiler made the loop from recursion, calls are missed',
  inlinedRecursion: 'the compiler inlined it into itself: calls may be missed',
} as const;

export type Doubt = (typeof DOUBTS)[keyof typeof DOUBTS];
