/** Tests that can't be made here: `npm test` lists them with their reasons at its end (scripts/testCounts.ts). */
import { type Context, type Runnable, type Suite } from 'mocha';

const reasons = new WeakMap<Runnable | Suite, string>();

/** Skips a test, or from a `before` hook all tests of its suite. `reason`: what this machine lacks. */
export function skip(context: Context, reason: string): never {
  const runnable = context.runnable();
  const { currentTest } = context;
  if (runnable.title.startsWith('"before all"') && runnable.parent) reasons.set(runnable.parent, reason);
  else reasons.set(currentTest ?? runnable, reason);
  context.skip();
}

/** Skips it unless this is root: other users' processes, mounts and privileges are part of it. */
export function needsRoot(context: Context): void {
  if (process.getuid?.() !== 0) skip(context, 'needs root');
}

/** What was said when it was skipped. */
export function reasonOf(test: Runnable): string | undefined {
  for (let at: Runnable | Suite | undefined = test; at; at = at.parent) {
    const reason = reasons.get(at);
    if (reason !== undefined) return reason;
  }
  return undefined;
}
