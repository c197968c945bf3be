/**
 * What each request must look like: the engine refuses any other. Requests come over a pipe, and a root engine must not
 * trust the other end.
 */
import { SidestepError } from '../base/errors';
import { anything, isObject, object, shape } from '../base/shape';
import { type ArgumentShapes, count } from './argumentShapes';
import { type Request, type RequestKind, type Requests } from './messages';
import { PROBE_REQUESTS } from './probeMessages';
import { PROCESS_REQUESTS } from './processMessages';
import { STOP_REQUESTS } from './stopMessages';

const SHAPES: ArgumentShapes<Requests> = { ...PROCESS_REQUESTS, ...PROBE_REQUESTS, ...STOP_REQUESTS };

const envelope = object<{ readonly id: number; readonly kind: RequestKind; readonly arguments: unknown }>({
  id: count,
  kind: shape('a request that the engine knows', (value) => typeof value === 'string' && Object.hasOwn(SHAPES, value)),
  arguments: anything,
});

/** The id of the answer to a message that is not a request and so has no id. */
export const NO_REQUEST = 0;

/** The id for the answer; {@link NO_REQUEST} if the message has none. */
export function requestIdOf(message: unknown): number {
  const id = isObject(message) && Object.hasOwn(message, 'id') ? message['id'] : undefined;
  return count.problem(id, 'id') === undefined ? (id as number) : NO_REQUEST;
}

/** The message as a request. Throws `engine-protocol`, with what is wrong. */
export function toRequest(message: unknown): Request {
  const problem = envelope.problem(message, 'the request');
  if (problem !== undefined) throw new SidestepError('engine-protocol', problem);
  const request = message as Request;
  const wrong = SHAPES[request.kind].problem(request.arguments, 'arguments');
  if (wrong !== undefined)
    throw new SidestepError('engine-protocol', `the request ${request.kind} is refused: ${wrong}`);
  return request;
}
