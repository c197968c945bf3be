/** What exists to fault: the thread always steps aside and raises the fault itself, with the siginfo that its handlers read. */
import { type Family } from '../lift';
import { FALSE } from '../values';

export const faults: Family = {
  ud2: (lifting) => lifting.guard(FALSE),
};
