/**
 * What each request must look like: the engine refuses any other. Requests come over a pipe, and a root engine must not
 * trust the other end.
 */
import { type Address } from '../base/address';
import { SidestepError } from '../base/errors';
import {
  anything,
  bigInteger,
  boolean,
  type Fields,
  integer,
  isObject,
  list,
  object,
  oneOf,
  optional,
  type Shape,
  shape,
  tuple,
} from '../base/shape';
import { type AgentOperation, type AgentProgram } from './agent/operations';
import {
  FIRST_INHERITED_SITE,
  type HitCondition,
  type Place,
  type Request,
  type RequestKind,
  type Requests,
} from './messages';

const U32 = 0xffff_ffff;
const I32 = 0x7fff_ffff;
/** _NSIG, signal(7). 0 asks whether the process is there. */
const SIGNALS = 64;

/** The id of a process or a thread. To kill(2), 0 and negative numbers mean groups, or all processes. */
const pid = integer(1, I32);
const probe = integer(0, U32);
const anySite = integer(0, U32);
const ownSite = integer(0, FIRST_INHERITED_SITE - 1);
const address = bigInteger<Address>(0n, 2n ** 64n - 1n);
const descriptor = integer(0, I32);
const count = integer(0, Number.MAX_SAFE_INTEGER);
const follow = optional(oneOf('none', 'children'));

/** The kernel ends a string at a NUL. */
const text: Shape<string> = shape(
  'a string without NUL',
  (value) => typeof value === 'string' && !value.includes('\0'),
);
const hexBytes: Shape<string> = shape('bytes in hex', (value) => {
  return typeof value === 'string' && /^(?:[0-9a-f]{2})*$/.test(value);
});

const hitCondition = object<HitCondition>({ operator: oneOf('==', '>', '>=', '<', '<=', '%'), count });

const place: Fields<Place> = {
  address,
  expected: optional(hexBytes),
  sequence: optional(object<NonNullable<Place['sequence']>>({ start: address, end: address })),
};

/** The verifier checks names and immediates (agent/verify); here they only need to be plain values. */
const operation: Shape<AgentOperation> = shape('an operation', (value) => {
  return isObject(value) && typeof value['op'] === 'string' && Object.values(value).every(isScalar);
});

const agent = object<AgentProgram>({
  condition: optional(list(operation)),
  captures: list(list(operation)),
});

const nothing = object<Record<string, never>>({});

const SHAPES: { readonly [K in RequestKind]: Shape<Requests[K]['arguments']> } = {
  launch: object<Requests['launch']['arguments']>({
    program: text,
    argv0: optional(text),
    args: list(text),
    cwd: optional(text),
    env: list(text),
    stdio: tuple<[number, number, number]>(descriptor, descriptor, descriptor),
    descriptors: optional(list(tuple<[number, number]>(descriptor, descriptor))),
    ignoredSignals: optional(list(integer(1, SIGNALS))),
    blockedSignals: optional(list(integer(1, SIGNALS))),
    openFiles: optional(count),
    follow,
    starter: optional(pid),
  }),
  attach: object<Requests['attach']['arguments']>({ pid, follow, asLaunched: optional(boolean) }),
  mappings: object<Requests['mappings']['arguments']>({ pid }),
  inspect: object<Requests['inspect']['arguments']>({
    pid,
    places: list(object<Requests['inspect']['arguments']['places'][number]>({ ...place, from: optional(address) })),
  }),
  declare: object<Requests['declare']['arguments']>({ probe, hitCondition: optional(hitCondition) }),
  forget: object<Requests['forget']['arguments']>({ probe }),
  arm: object<Requests['arm']['arguments']>({
    ...place,
    site: ownSite,
    probe,
    pid,
    agent,
    onHit: oneOf('report', 'count', 'hold', 'trace'),
  }),
  disarm: object<Requests['disarm']['arguments']>({ site: anySite }),
  counts: nothing,
  audit: nothing,
  limit: object<Requests['limit']['arguments']>({ reports: count }),
  release: object<Requests['release']['arguments']>({ tid: pid }),
  detach: object<Requests['detach']['arguments']>({ pid }),
  signal: object<Requests['signal']['arguments']>({ pid, signal: integer(0, SIGNALS) }),
};

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

function isScalar(value: unknown): boolean {
  return ['bigint', 'number', 'string', 'boolean'].includes(typeof value);
}
