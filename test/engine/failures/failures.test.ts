/**
 * Every system call of the engine fails, one at a time: by an errno that it can really give, and by the death of the
 * process that it is about in the very moment before it. Which of the calls with that name it is: the first, the last,
 * one in the middle, one at random.
 */
import assert from 'node:assert/strict';
import { Errno } from '../../../src/engine/linux/errno';
import { Random } from '../../../src/emulator/oracle/random';
import { buildFailingEngine, FailingEngine } from './failingEngine';
import { type Failure, type Tally } from './plan';
import { attached, launched, type Outcome } from './scenario';
import { within } from '../../until';

const { EPERM, ENOENT, EINTR, EIO, EAGAIN, ENOMEM, EACCES, EFAULT, EINVAL, EMFILE, ENOSYS } = Errno;

interface Row {
  /** What the call can give while the process that it is about lives. */
  readonly errnos: readonly number[];
  /** Why it gives nothing else: other errnos are not tried, because they can't come about. */
  readonly because?: string;
  /** The failure may cost hits; the program computes right all the same. */
  readonly inexact?: true;
  /** It fails every time, too: a kernel or a container does not have it. */
  readonly lasts?: true;
}

const DEAD = 'a thread in a ptrace-stop that this process has caused stays there unless it is killed';
const VALID = 'the arguments are valid';

/** By {@link Tally.counts}. Whatever is about a process is tried with its death as well. */
const ROWS: Readonly<Record<string, Row>> = {
  // tracing
  'ptrace SEIZE': { errnos: [EPERM] },
  'ptrace SETOPTIONS': { errnos: [], because: DEAD },
  'ptrace INTERRUPT': { errnos: [], because: 'only a dead thread refuses it' },
  'ptrace LISTEN': { errnos: [], because: DEAD },
  'ptrace CONT': { errnos: [], because: DEAD },
  'ptrace SYSCALL': { errnos: [], because: DEAD },
  'ptrace SINGLESTEP': { errnos: [], because: DEAD },
  'ptrace DETACH': { errnos: [], because: DEAD },
  'ptrace GETREGS': { errnos: [], because: DEAD },
  'ptrace SETREGS': { errnos: [], because: DEAD },
  'ptrace POKEUSER': { errnos: [], because: DEAD },
  'ptrace GETFPREGS': { errnos: [], because: DEAD },
  'ptrace GETREGSET': { errnos: [EINVAL] },
  'ptrace SETREGSET': { errnos: [EINVAL] },
  'ptrace GETSIGINFO': { errnos: [], because: DEAD },
  'ptrace GETEVENTMSG': { errnos: [], because: DEAD },
  'ptrace GETSIGMASK': { errnos: [], because: DEAD },
  'ptrace SETSIGMASK': { errnos: [], because: DEAD },
  'ptrace POKETEXT': { errnos: [EIO, EFAULT] },
  wait4: { errnos: [EINTR] },
  'wait4 PID': { errnos: [EINTR] },
  'wait4 WNOHANG': { errnos: [], because: 'it does not wait' },
  'wait4 PID WNOHANG': { errnos: [], because: 'it does not wait' },
  tgkill: { errnos: [], because: 'it asks about a thread that has just been stopped' },
  kcmp: { errnos: [ENOSYS, EPERM], lasts: true },
  kill: { errnos: [EPERM] },
  sched_setaffinity: { errnos: [EPERM, EINVAL] },
  // memory
  process_vm_readv: { errnos: [EFAULT, EPERM, ENOMEM] },
  process_vm_writev: { errnos: [EFAULT, EPERM, ENOMEM] },
  'open /proc/PID/mem': {
    errnos: [EMFILE, ENOMEM],
    because: 'one that closes itself to tracers is in unwritable.test.ts',
    inexact: true,
  },
  preadBytes: { errnos: [], because: 'memory that is mapped can be read' },
  pwrite: { errnos: [EIO, EPERM, ENOMEM], inexact: true },
  // descriptors
  read: { errnos: [EINTR], because: 'a pipe gives EAGAIN only when it is empty, and nothing else' },
  write: {
    errnos: [EINTR],
    because: 'a pipe gives EAGAIN only when it is full; its reader is gone: see unwritable.test.ts',
  },
  writeBytes: { errnos: [EINTR] },
  fcntl: { errnos: [], because: VALID },
  close: { errnos: [], because: VALID },
  // starting processes
  posix_spawn: { errnos: [EAGAIN, ENOMEM] },
  posix_spawnattr_init: { errnos: [ENOMEM] },
  posix_spawnattr_destroy: { errnos: [], because: VALID },
  posix_spawnattr_setflags: { errnos: [], because: VALID },
  posix_spawnattr_setsigmask: { errnos: [], because: VALID },
  posix_spawnattr_setsigdefault: { errnos: [], because: VALID },
  posix_spawn_file_actions_init: { errnos: [ENOMEM] },
  posix_spawn_file_actions_destroy: { errnos: [], because: VALID },
  posix_spawn_file_actions_adddup2: { errnos: [ENOMEM] },
  posix_spawn_file_actions_addchdir_np: { errnos: [ENOMEM] },
  // the guardian
  sigaction: { errnos: [], because: VALID },
  pthread_sigmask: { errnos: [], because: VALID },
  prctl: { errnos: [EINVAL] },
  // /proc and files
  'readFile /proc/PID/status': { errnos: [EMFILE] },
  'readFile /proc/PID/stat': { errnos: [EMFILE] },
  'readFile /proc/PID/maps': { errnos: [EMFILE, EACCES], inexact: true },
  'readFile /proc/PID/auxv': { errnos: [EMFILE, EACCES] },
  'readFile /proc/PID/comm': { errnos: [EMFILE, ENOENT] },
  'readlink /proc/PID/exe': { errnos: [EACCES] },
  'readdir /proc/PID/task': { errnos: [EMFILE], inexact: true },
  'readdir /proc/self/fd': { errnos: [EMFILE] },
  'open /proc/PID/exe': { errnos: [EMFILE, EACCES] },
  'open FILE': { errnos: [EMFILE, EACCES] },
  'stat /proc/PID/exe': { errnos: [EACCES] },
  'stat FILE': { errnos: [EACCES] },
  'access FILE': { errnos: [EACCES] },
};

const SCENARIOS = { launched, attached } as const;
type Scenario = keyof typeof SCENARIOS;

const SEED = 1;

function isOutcome(outcome: Awaited<ReturnType<(typeof SCENARIOS)[Scenario]>>): outcome is Outcome {
  return 'end' in outcome;
}

describe('every system call that fails', () => {
  const random = new Random(SEED);
  const tallies: Partial<Record<Scenario, Tally>> = {};
  let engine: FailingEngine;

  before(async () => {
    await buildFailingEngine();
    engine = new FailingEngine();
    for (const scenario of Object.keys(SCENARIOS) as Scenario[]) {
      await engine.plan();
      checkOutcome(await SCENARIOS[scenario](engine.client), scenario, undefined);
      tallies[scenario] = await engine.plan();
    }
  });

  after(() => engine.close());

  function checkOutcome(
    outcome: Awaited<ReturnType<(typeof SCENARIOS)[Scenario]>>,
    scenario: Scenario,
    failure: Failure | undefined,
  ): void {
    if (!isOutcome(outcome)) {
      assert.ok(outcome.refusals.length > 0);
      return;
    }
    if (failure?.how === 'kill' && 'signal' in outcome.end) {
      assert.deepEqual(outcome.end, { signal: 9 });
      return;
    }
    assert.deepEqual(outcome.end, { code: 0 });
    const [right, calls] = outcome.output.split(' ');
    assert.equal(right, 'right');
    if (scenario === 'attached') return;
    const exact = !ROWS[failure?.call ?? '']?.inexact && outcome.armed && failure?.how !== 'kill';
    if (exact) assert.equal(outcome.work, Number(calls));
    // Whoever is killed at a hit does not live to count the call.
    else assert.ok(outcome.work <= Number(calls) + 1, `${outcome.work} hits of ${calls} calls`);
  }

  async function run(scenario: Scenario, failure: Failure): Promise<void> {
    await engine.plan(failure);
    const what = `${scenario}: call ${failure.nth} of ${failure.call}, ${failure.how}${failure.times ? ', lasting' : ''}`;
    try {
      checkOutcome(await SCENARIOS[scenario](engine.client), scenario, failure);
      assert.equal(engine.client.errors, '');
      await within('an answer', engine.plan());
    } catch (error) {
      const { errors } = engine.client;
      await engine.kill();
      engine = new FailingEngine();
      throw new Error(`${what}: ${error instanceof Error ? error.message : String(error)}\n${errors}`, {
        cause: error,
      });
    }
  }

  /** Of so many calls: the first, the last, one in the middle, one at random. */
  function places(count: number): readonly number[] {
    return [...new Set([1, Math.ceil(count / 2), random.below(count) + 1, count])];
  }

  it('is in the table', () => {
    const made = new Set(Object.values(tallies).flatMap(({ counts }) => Object.keys(counts)));
    assert.deepEqual([...made].filter((call) => ROWS[call] === undefined).sort(), [], 'calls without a row');
  });

  for (const [call, { errnos, lasts }] of Object.entries(ROWS)) {
    it(call, async () => {
      const failures: string[] = [];
      for (const scenario of Object.keys(SCENARIOS) as Scenario[]) {
        const count = tallies[scenario]!.counts[call] ?? 0;
        for (const how of [...errnos, 'kill' as const]) {
          const tries: Failure[] = count === 0 ? [] : places(count).map((nth) => ({ call, nth, how }));
          if (lasts && how !== 'kill') tries.push({ call, nth: 1, how, times: count });
          for (const failure of tries) {
            try {
              await run(scenario, failure);
            } catch (error) {
              failures.push((error as Error).message);
            }
          }
        }
      }
      assert.deepEqual(failures, []);
    });
  }
});
