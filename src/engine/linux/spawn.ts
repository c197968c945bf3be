/**
 * posix_spawn(3). Node ignores SIGPIPE and so does the engine with others; what it starts gets every signal at its
 * default and none blocked, as a shell would start it.
 */
import { assertExists } from '../../base/assert';
import { SidestepError } from '../../base/errors';
import { duplicate } from './descriptors';
import { errnoText } from './errno';
import { libc } from './libc';
import { LIMIT_ADVICE } from './limits';

// Large enough for any libc's: glibc has 336, 80 and 128 bytes.
const ATTRIBUTES_BYTES = 512;
const ACTIONS_BYTES = 256;
const SIGSET_BYTES = 128;

const POSIX_SPAWN_SETSIGDEF = 0x04;
const POSIX_SPAWN_SETSIGMASK = 0x08;
const POSIX_SPAWN_SETSID = 0x80;

/** A descriptor of this process, and the number that it gets in the other. */
export type Move = readonly [own: number, other: number];

export interface SpawnOptions {
  readonly cwd?: string;
  /** Descriptors of this process that become 0, 1 and 2. */
  readonly stdio?: readonly [number, number, number];
  /** Further descriptors, and the number that each gets. */
  readonly descriptors?: readonly Move[];
  /** In a session of its own, out of reach of the terminal's signals. */
  readonly newSession?: boolean;
  /** `NAME=value` each; empty without. */
  readonly environment?: readonly string[];
}

/** Starts `path`; returns its process id. Throws `launch-failed`. */
export function spawn(path: string, argv: readonly string[], options: SpawnOptions = {}): number {
  const [moves, copies] = inAnyOrder([
    ...(options.stdio ?? []).map((own, other): Move => [own, other]),
    ...(options.descriptors ?? []),
  ]);
  const attributes = Buffer.alloc(ATTRIBUTES_BYTES);
  const actions = Buffer.alloc(ACTIONS_BYTES);
  const check = (failure: number): void => {
    if (failure === 0) return;
    const advice = LIMIT_ADVICE[failure];
    throw new SidestepError('launch-failed', `can't start ${path}: ${errnoText(failure)}`, {
      ...(advice && { advice }),
    });
  };
  check(libc.posix_spawnattr_init(attributes));
  check(libc.posix_spawn_file_actions_init(actions));
  try {
    libc.posix_spawnattr_setflags(
      attributes,
      POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | (options.newSession ? POSIX_SPAWN_SETSID : 0),
    );
    libc.posix_spawnattr_setsigdefault(attributes, Buffer.alloc(SIGSET_BYTES, 0xff));
    libc.posix_spawnattr_setsigmask(attributes, Buffer.alloc(SIGSET_BYTES));
    for (const [own, other] of moves) check(libc.posix_spawn_file_actions_adddup2(actions, own, other));
    if (options.cwd !== undefined) check(libc.posix_spawn_file_actions_addchdir_np(actions, options.cwd));
    const pid = [0];
    check(libc.posix_spawn(pid, path, actions, attributes, [...argv, null], [...(options.environment ?? []), null]));
    return assertExists(pid[0], 'process id');
  } finally {
    for (const copy of copies) libc.close(copy);
    libc.posix_spawn_file_actions_destroy(actions);
    libc.posix_spawnattr_destroy(attributes);
  }
}

/** They are made one after the other: a descriptor that another one is moved onto is copied out of the way first. */
function inAnyOrder(moves: readonly Move[]): readonly [moves: readonly Move[], copies: readonly number[]] {
  const taken = new Set(moves.map(([, other]) => other));
  const above = Math.max(-1, ...taken) + 1;
  const copies: number[] = [];
  const moved = moves.map(([own, other]): Move => {
    if (!taken.has(own)) return [own, other];
    const copy = duplicate(own, above);
    copies.push(copy);
    return [copy, other];
  });
  return [moved, copies];
}
