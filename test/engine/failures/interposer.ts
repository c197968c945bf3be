/**
 * Inside the failing engine: counts the calls, and makes one of them fail, or kills the process that one of them is
 * about.
 */
import { readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { libc } from '../../../src/engine/linux/libc';
import { Signal } from '../../../src/engine/linux/signals';
import { type Plan, PLAN_VARIABLE, tallyFile } from './plan';
import { untilSync } from '../../until';

const PLAN_FILE = process.env[PLAN_VARIABLE]!;

let plan = JSON.parse(readFileSync(PLAN_FILE, 'utf8')) as Plan;
let counts = new Map<string, number>();
let failed = false;

/** A request has come: there may be a new plan. */
export function lookForPlan(): void {
  const next = JSON.parse(readFileSync(PLAN_FILE, 'utf8')) as Plan;
  if (next.serial === plan.serial) return;
  const tally = { serial: plan.serial, counts: Object.fromEntries(counts), failed };
  writeFileSync(tallyFile(PLAN_FILE), JSON.stringify(tally));
  plan = next;
  counts = new Map();
  failed = false;
}

/**
 * Called before each call. Returns 0, or the errno that it fails with. `subject`: the thread or process that it is
 * about.
 */
export function enter(call: string, subject: number | undefined): number {
  const nth = (counts.get(call) ?? 0) + 1;
  counts.set(call, nth);
  const failure = plan.failures.find((one) => one.call === call && nth >= one.nth && nth < one.nth + (one.times ?? 1));
  if (failure === undefined) return 0;
  if (failure.how === 'kill') {
    failed = subject !== undefined && end(subject);
    return 0;
  }
  failed = true;
  return failure.how;
}

/** Whose memory a descriptor is. */
export function ownerOf(fd: number): number | undefined {
  try {
    return pidOf(readlinkSync(`/proc/self/fd/${fd}`));
  } catch {
    return undefined;
  }
}

/** The N of /proc/N/…. */
export function pidOf(path: string): number | undefined {
  const match = /^\/proc\/(\d+)\b/.exec(path);
  return match ? Number(match[1]) : undefined;
}

/** Kills the process and waits until the thread is dead: from then on calls about it give ESRCH. */
function end(tid: number): boolean {
  const pid = Number(/^Tgid:\s*(\d+)/m.exec(statusOf(tid) ?? '')?.[1]);
  if (!(pid > 0) || pid === process.pid || pid === process.ppid) return false;
  libc.kill(pid, Signal.SIGKILL);
  untilSync('its end', () => !/^State:\s+[^ZX\s]/m.test(statusOf(tid) ?? ''));
  return true;
}

function statusOf(tid: number): string | undefined {
  try {
    return readFileSync(`/proc/${tid}/status`, 'latin1');
  } catch {
    return undefined;
  }
}
