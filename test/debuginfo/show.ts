/** Short texts for places, types and locations, so that tests can say what they expect in one line. */
import { hex } from '../../src/base/address';
import { type Location, type LocationOperation, type ProbePlace, type Type } from '../../src/debuginfo/model/model';

/** `walk:41`: function and line of a place. */
export function placeText({ function: name, line }: ProbePlace): string {
  return `${name ?? '?'}:${line?.line ?? '?'}`;
}

/** As C would write the type, read from right to left: `const char pointer`. */
export function typeText(type: Type): string {
  switch (type.kind) {
    case 'base':
    case 'typedef':
    case 'unspecified':
      return type.name;
    case 'pointer':
    case 'reference':
    case 'rvalueReference':
      return `${typeText(type.target)} ${type.kind}`;
    case 'const':
    case 'volatile':
    case 'restrict':
    case 'atomic':
      return `${type.kind} ${typeText(type.target)}`;
    case 'array':
      return `${typeText(type.element)}${type.counts.map((count) => `[${typeof count === 'object' ? '*' : (count ?? '')}]`).join('')}`;
    case 'memberPointer':
      return `${typeText(type.target)} member pointer of ${typeText(type.containing)}`;
    case 'structure':
    case 'class':
    case 'union':
    case 'enumeration':
      return `${type.kind} ${type.name ?? '(anonymous)'}`;
    case 'function':
      return `${typeText(type.returns)}(${type.parameters.map(typeText).join(', ')})`;
    case 'void':
      return 'void';
  }
}

/** `[r6 -20 add]` in memory, `=r5` a value, `r5` a register, `<…>` not available. */
export function locationText(location: Location): string {
  switch (location.kind) {
    case 'memory':
      return `[${operationsText(location.address)}]`;
    case 'value':
      return `=${operationsText(location.value)}`;
    case 'register':
      return `r${location.register}`;
    case 'bytes':
      return `bytes ${Buffer.from(location.bytes).toString('hex')}`;
    case 'pieces':
      return location.pieces.map(({ location: part, byteSize }) => `${locationText(part)}:${byteSize}`).join(' ');
    case 'implicitPointer':
      return `pointer to ${location.offset} in ${location.object.byteSize ?? '?'} bytes`;
    case 'unavailable':
      return location.reason;
  }
}

function operationsText(operations: readonly LocationOperation[]): string {
  return operations.map(operationText).join(' ');
}

function operationText(operation: LocationOperation): string {
  switch (operation.op) {
    case 'const':
      return String(BigInt.asIntN(64, operation.value));
    case 'address':
      return hex(operation.address);
    case 'register':
      return `r${operation.register}`;
    case 'load':
      return `load${operation.size}`;
    case 'choose':
      return `? (${operationsText(operation.then)}) : (${operationsText(operation.otherwise)})`;
    case 'missing':
      return operation.reason;
    case 'tls':
      return `tls${operation.offset}`;
    case 'extend':
      return `${operation.signed ? 's' : 'u'}${operation.bits}`;
    default:
      return operation.op;
  }
}
