/**
 * A scope that looks up each name once: the rules of the language ask for the same name several times, and an answer
 * may take long.
 */
import { type Scope } from '../../debuginfo/model/model';

export function remembering(scope: Scope): Scope {
  return {
    pc: scope.pc,
    language: scope.language,
    function: scope.function,
    lookup: remembered((name) => scope.lookup(name)),
    lookupLocal: remembered((name) => scope.lookupLocal(name)),
    functions: remembered((name) => scope.functions(name)),
    runtimeType: (name) => scope.runtimeType(name),
    similarTypes: (name) => scope.similarTypes(name),
    parameters: () => scope.parameters(),
    locals: () => scope.locals(),
    lookupType: remembered((name) => scope.lookupType(name)),
    compute: (number) => scope.compute(number),
    lookupElsewhere: (name) => scope.lookupElsewhere(name),
    similarNames: (name) => scope.similarNames(name),
  };
}

function remembered<T>(answer: (name: string) => T): (name: string) => T {
  const known = new Map<string, T>();
  return (name) => {
    if (!known.has(name)) known.set(name, answer(name));
    return known.get(name) as T;
  };
}
