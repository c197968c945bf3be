/**
 * The engine as everybody sees it who uses one: the session, and the front ends that give it one. {@link startEngine}
 * starts a real one; tests give a fake.
 */
import { type Readable, type Writable } from 'node:stream';
import { type Disposable, type Event } from '../../base/lifetime';
import { type EngineEvent, type ReadyEvent, type RequestKind, type Requests } from '../../contract/messages';

/** This process's ends of the debuggee's streams that are pipes. */
export interface DebuggeeStreams {
  readonly stdin: Writable | undefined;
  readonly stdout: Readable | undefined;
  readonly stderr: Readable | undefined;
}

/** The engine's descriptors that become the debuggee's 0, 1 and 2. */
export const DEBUGGEE_DESCRIPTORS: readonly [number, number, number] = [3, 4, 5];

export interface Engine extends Disposable {
  /** What it is and can do; rejects with a SidestepError where it never begins. It need not be waited for. */
  readonly ready: Promise<ReadyEvent>;
  /** It has begun to answer, and has not ended. */
  readonly isThere: boolean;
  /** From the answer to `launch` on, at the latest. */
  readonly debuggee: DebuggeeStreams;
  /** Rejects with a SidestepError: the engine's own, or `engine-gone`. */
  request<K extends RequestKind>(kind: K, args: Requests[K]['arguments']): Promise<Requests[K]['result']>;
  readonly onEvent: Event<EngineEvent>;
  /** The payload of a `hits` frame (contract/hits), valid only during the call. */
  readonly onHits: Event<Uint8Array>;
  /** The engine has ended; by itself unless the client disposed it. Nothing comes after this. */
  readonly onGone: Event<{ readonly reason: string }>;
}
