/** Shapes of what requests of more than one part have in common. */
import { type Address } from '../base/address';
import { bigInteger, integer, object, type Shape, shape } from '../base/shape';

const I32 = 0x7fff_ffff;

/** The id of a process or a thread. To kill(2), 0 and negative numbers mean groups, or all processes. */
export const pid = integer(1, I32);
export const descriptor = integer(0, I32);
export const address = bigInteger<Address>(0n, 2n ** 64n - 1n);
export const count = integer(0, Number.MAX_SAFE_INTEGER);
export const nothing = object<Record<string, never>>({});

/** The kernel ends a string at a NUL. */
export const text: Shape<string> = shape(
  'a string without NUL',
  (value) => typeof value === 'string' && !value.includes('\0'),
);

/** A shape for the arguments of each request of a part: the compiler holds them and the requests' types together. */
export type ArgumentShapes<Requests> = {
  readonly [K in keyof Requests]: Requests[K] extends { readonly arguments: infer A } ? Shape<A> : never;
};
