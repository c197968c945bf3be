/** The engine as the session sees it. {@link EngineProcess} is the real one; tests give a fake. */
import { type Disposable, type Event } from '../../base/lifetime';
import { type EngineEvent, type RequestKind, type Requests } from '../../contract/messages';

export interface Engine extends Disposable {
  /** Rejects with a SidestepError: the engine's own, or `engine-gone`. */
  request<K extends RequestKind>(kind: K, args: Requests[K]['arguments']): Promise<Requests[K]['result']>;
  readonly onEvent: Event<EngineEvent>;
  /** The payload of a `hits` frame (contract/hits), valid only during the call. */
  readonly onHits: Event<Uint8Array>;
  /** The engine has ended; by itself unless the client disposed it. Nothing comes after this. */
  readonly onGone: Event<{ readonly reason: string }>;
}
