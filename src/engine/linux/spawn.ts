/**
 * posix_spawn(3). Node ignores SIGPIPE and so does the engine with others; what it starts gets every signal at its default and
 * none blocked, as a shell would start it.
 */
import { SidestepError } from '../../base/errors';
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

export interface SpawnOptions {
  readonly cwd?: string;
  /** Descriptors of this process that become 0, 1 and 2. */
  readonly stdio?: readonly [number, number, number];
  /** In a session of its own, out of reach of the terminal's signals. */
  readonly newSession?: boolean;
  /** `NAME=value` each; empty without. */
  readonly environment?: readonly string[];
}

/** Starts `path`; returns its process id. Throws `launch-failed`. */
export function spawn(path: string, argv: readonly string[], options: SpawnOptions = {}): number {
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
    options.stdio?.forEach((fd, to) => check(libc.posix_spawn_file_actions_adddup2(actions, fd, to)));
    if (options.cwd !== undefined) check(libc.posix_spawn_file_actions_addchdir_np(actions, options.cwd));
    const pid = [0];
    check(libc.posix_spawn(pid, path, actions, attributes, [...argv, null], [...(options.environment ?? []), null]));
    return pid[0]!;
  } finally {
    libc.posix_spawn_file_actions_destroy(actions);
    libc.posix_spawnattr_destroy(attributes);
  }
}
