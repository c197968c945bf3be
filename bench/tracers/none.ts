/** The target alone: what it gets done without a tracer. */
import { runToFile } from '../processes';
import { readWork, targetArguments } from '../target';
import { type Tracer } from './tracer';

export const none: Tracer = {
  name: 'nobody',
  missing: () => undefined,
  async trace(target, threads, seconds) {
    await runToFile(target.program, targetArguments(target, threads, seconds), 'none');
    return { ...readWork(), logged: 0 };
  },
};
