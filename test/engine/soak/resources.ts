/** What a process has of the system, and its memory. */
import { readdirSync, readFileSync } from 'node:fs';

export interface Resources {
  readonly descriptors: number;
  readonly threads: number;
  /** Processes that it has created, those included that it has not waited for. */
  readonly children: number;
}

export function resources(pid: number): Resources {
  const threads = readdirSync(`/proc/${pid}/task`);
  const children = threads.flatMap((tid) =>
    readFileSync(`/proc/${pid}/task/${tid}/children`, 'latin1').split(' ').filter(Boolean),
  );
  return {
    descriptors: readdirSync(`/proc/${pid}/fd`).length,
    threads: threads.length,
    children: children.length,
  };
}

/** 0 if it is gone. */
export function residentKb(pid: number): number {
  try {
    return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1] ?? 0);
  } catch {
    return 0;
  }
}
