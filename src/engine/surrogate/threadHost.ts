/**
 * The thread that stopped, as the surrogate works on it: its memory as for emulated instructions, its extended state by
 * ptrace(2).
 */
import { processorOf } from '../linux/proc';
import { getExtendedState, setExtendedState } from '../linux/registerSets';
import { type TargetMemory } from '../tracing/targetMemory';
import { type SurrogateHost } from './surrogate';

export class ThreadHost implements SurrogateHost {
  constructor(private readonly memory: TargetMemory) {}

  load(): boolean {
    return this.memory.load();
  }

  store(): boolean {
    return this.memory.store();
  }

  loadExtendedState(vector: number): boolean {
    return getExtendedState(this.memory.tid, vector) === 0;
  }

  storeExtendedState(vector: number, before: number, length: number): boolean {
    this.memory.noteExtendedStore(before, length);
    return setExtendedState(this.memory.tid, vector) === 0;
  }

  processor(): number | undefined {
    return processorOf(this.memory.tid);
  }
}
