/** Locations that depend on a condition: what DW_OP_bra leads to, and what differs from caller to caller. */
import { type Location, type LocationOperation } from '../model/model';
import { Unavailable } from './stackMachine';

/** `then` where the condition is not 0, else `otherwise`. Both must be places in memory, or values. */
export function chosen(condition: readonly LocationOperation[], then: Location, otherwise: Location): Location {
  if (then.kind === 'unavailable' && otherwise.kind === 'unavailable') return then;
  const isMemory = [then, otherwise].every(({ kind }) => kind === 'memory' || kind === 'unavailable');
  const read = isMemory ? addressOf : valueOf;
  const operations: LocationOperation[] = [
    ...condition,
    { op: 'choose', then: read(then), otherwise: read(otherwise) },
  ];
  return isMemory ? { kind: 'memory', address: operations } : { kind: 'value', value: operations };
}

function addressOf(location: Location): readonly LocationOperation[] {
  if (location.kind === 'memory') return location.address;
  return [{ op: 'missing', reason: location.kind === 'unavailable' ? location.reason : '<not in memory>' }];
}

function valueOf(location: Location): readonly LocationOperation[] {
  switch (location.kind) {
    case 'value':
      return location.value;
    case 'register':
      return [{ op: 'register', register: location.register }];
    case 'unavailable':
      return [{ op: 'missing', reason: location.reason }];
    default:
      throw new Unavailable('<not available: its location is too complex>');
  }
}
