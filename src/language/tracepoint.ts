/** A log probe without a message: which function was reached, with what arguments, by which thread. */
import { hex } from '../base/address';
import { type Scope, type Variable } from '../debuginfo/model/model';
import { type CaptureBudget } from './compile/budget';
import { type HitContext, type ShownValue } from './compile/shown';
import { showValue } from './compile/shownValue';
import { type ValueCompiler } from './compile/value';
import { formatLocation } from './probes/location';
import { type ProbeLocation } from './probes/spec';
import { referent } from './typed/conversions';
import { completed } from './typed/members';
import { leaf } from './value/node';

/** More arguments than these don't fit a line of a log. */
const MAX_ARGUMENTS = 24;

/** `hot(x=1, name="a")`; the name alone where nothing is known of the arguments. */
export function tracepoint(
  scope: Scope,
  location: ProbeLocation | undefined,
  compiler: ValueCompiler,
  budget: CaptureBudget,
): (string | ShownValue)[] {
  if (scope.function === undefined) return [functionOf(location) ?? hex(scope.pc), threadPart];
  const parameters = scope.parameters();
  const parts: (string | ShownValue)[] = [`${scope.function}(`];
  parameters.slice(0, MAX_ARGUMENTS).forEach((parameter, index) => {
    parts.push(`${index > 0 ? ', ' : ''}${parameter.name}=`, argument(parameter, scope, compiler, budget));
  });
  parts.push(parameters.length > MAX_ARGUMENTS ? ', ...)' : ')', threadPart);
  return parts;
}

function argument(parameter: Variable, scope: Scope, compiler: ValueCompiler, budget: CaptureBudget): ShownValue {
  const base = { kind: 'variable', name: parameter.name, location: parameter.location } as const;
  const place = referent({ kind: 'place', type: parameter.type, base, offset: 0 });
  return showValue(completed(place, scope), {}, { compiler, budget });
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
