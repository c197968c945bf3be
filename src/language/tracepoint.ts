/** A log probe without a message: which function was reached, with what arguments, by which thread. */
import { hex } from '../base/address';
import { type Leaving, type Scope, type Variable } from '../debuginfo/model/model';
import { type HitContext, type Showing, type ShownValue } from './compile/shown';
import { showValue } from './compile/shownValue';
import { formatLocation } from './probes/location';
import { type ProbeLocation } from './probes/spec';
import { referent } from './typed/conversions';
import { returnValue } from './typed/returnValue';
import { completed } from './typed/members';
import { sizeOf } from './typed/types';
import { leaf } from './value/node';

/** More arguments than these don't fit a line of a log. */
const MAX_ARGUMENTS = 24;

/** `hot(x=1, name="a")`; the name alone where nothing is known of the arguments. */
export function tracepoint(
  scope: Scope,
  location: ProbeLocation | undefined,
  tools: Omit<Showing, 'style'>,
): (string | ShownValue)[] {
  if (scope.leaving) return [...returning(scope, scope.leaving, location, tools), threadPart];
  if (scope.function === undefined) return [functionOf(location) ?? hex(scope.pc), threadPart];
  const parameters = scope.parameters();
  const parts: (string | ShownValue)[] = [`${scope.function}(`];
  parameters.slice(0, MAX_ARGUMENTS).forEach((parameter, index) => {
    parts.push(`${index > 0 ? ', ' : ''}${parameter.name}=`, argument(parameter, scope, tools));
  });
  parts.push(parameters.length > MAX_ARGUMENTS ? ', ...)' : ')', threadPart);
  return parts;
}

/** `hot returned 5`; without the value where there is none, or nothing tells it. */
function returning(
  scope: Scope,
  { returned }: Leaving,
  location: ProbeLocation | undefined,
  tools: Omit<Showing, 'style'>,
): (string | ShownValue)[] {
  const of = location?.kind === 'return' ? location.of : location;
  const name = scope.function ?? functionOf(of) ?? hex(scope.pc);
  if (!returned?.results.some(({ type }) => sizeOf(type) !== 0)) return [`${name} returned`];
  const value = completed(returnValue(scope, { start: 0, end: 0 }), scope);
  return [`${name} returned `, { ...showValue(value, {}, tools), label: '$return' }];
}

function argument(parameter: Variable, scope: Scope, tools: Omit<Showing, 'style'>): ShownValue {
  const base = { kind: 'variable', name: parameter.name, location: parameter.location } as const;
  const place = referent({ kind: 'place', type: parameter.type, base, offset: 0 });
  return { ...showValue(completed(place, scope), {}, tools), label: parameter.name };
}

/** What the user called the place, when debug information has no name for it. */
function functionOf(location: ProbeLocation | undefined): string | undefined {
  return location && formatLocation(location);
}

const threadPart: ShownValue = {
  captures: [],
  node: (_captures, { tid, threadName }: HitContext) =>
    leaf(` [thread ${tid}${threadName === '' ? '' : ` ${JSON.stringify(threadName)}`}]`),
};
