/**
 * {@link ReadFlow} for programs that seldom ask for it. The decoder is loaded with the first question: that takes some
 * 35 ms and 10 MB (Node 20), more than all else that a client loads.
 */
import { type ReadFlow } from '../base/controlFlow';
import type * as flow from './flow';

export const readFlow: ReadFlow = (code, start) => {
  // Synchronous, unlike import(): symbol readers ask in the middle of an answer.
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- see above
  const loaded = require('./flow') as typeof flow;
  return loaded.readFlow(code, start);
};
