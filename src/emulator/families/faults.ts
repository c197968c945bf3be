/**
 * Instructions whose purpose is to fault: the thread always steps aside and raises the fault itself, with the siginfo
 * that its handlers expect.
 */
import { type Family } from '../ir/lift';
import { FALSE } from '../ir/values';

export const faults: Family = {
  ud2: (lifting) => lifting.guard(FALSE),
};
