/**
 * What an engine says first: which contract it keeps, and what it can do. A client asks for nothing else, and has
 * nothing to do with an engine of another contract.
 */
import { SidestepError } from '../base/errors';
import { boolean, integer, isObject, list, object, oneOf } from '../base/shape';
import { pid } from './argumentShapes';
import { type Execution, EXECUTIONS, ON_HIT, type OnHit } from './probeMessages';
import { type Follow, FOLLOW } from './processMessages';

/** Goes up by one with every change of a message, of the hit records or of the agent's language. */
export const CONTRACT_VERSION = 3;

const ENGINE_KINDS = ['ptrace'] as const;
/** How it comes by hits. */
type EngineKind = (typeof ENGINE_KINDS)[number];

/** Which of a thread's registers an agent program can read. */
export const CAPTURES = ['general', 'vector'] as const;
type Captures = (typeof CAPTURES)[number];

export interface Capabilities {
  readonly kind: EngineKind;
  /** What `launch` and `attach` can ask for. */
  readonly follow: readonly Follow[];
  /** What its sites can do. */
  readonly onHit: readonly OnHit[];
  readonly captures: readonly Captures[];
  readonly executions: readonly Execution[];
  /** It is root's: it may trace whatever runs here. */
  readonly isRoot: boolean;
}

export interface ReadyEvent {
  readonly event: 'ready';
  readonly contract: number;
  readonly enginePid: number;
  readonly capabilities: Capabilities;
}

const ready = object<ReadyEvent>({
  event: oneOf('ready'),
  contract: integer(CONTRACT_VERSION, CONTRACT_VERSION),
  enginePid: pid,
  capabilities: object<Capabilities>({
    kind: oneOf(...ENGINE_KINDS),
    follow: list(oneOf(...FOLLOW)),
    onHit: list(oneOf(...ON_HIT)),
    captures: list(oneOf(...CAPTURES)),
    executions: list(oneOf(...EXECUTIONS)),
    isRoot: boolean,
  }),
});

/**
 * Why a client can't work with the engine that has said this; undefined: it can. The version comes first: of another
 * contract's message nothing else is understood.
 */
export function refusalOfEngine(said: unknown): SidestepError | undefined {
  const contract = isObject(said) ? said['contract'] : undefined;
  if (contract !== CONTRACT_VERSION) {
    const theirs = typeof contract === 'number' ? `version ${contract}` : 'no version';
    return new SidestepError(
      'engine-protocol',
      `the engine is of another build of Sidestep: it names ${theirs} of the contract, this build has ${CONTRACT_VERSION}`,
      { advice: 'Reload the editor or start the command again; if that does not help, install Sidestep anew.' },
    );
  }
  const problem = ready.problem(said, 'the first message');
  return problem === undefined ? undefined : new SidestepError('engine-protocol', `the engine is refused: ${problem}`);
}
