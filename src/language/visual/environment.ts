/**
 * What the expressions of a formatter mean: `this` and its members, the formatter's own variables, the arguments of the
 * type's template, the formatter's intrinsics, and then the program's types and globals.
 */
import { type Location, type Scope, type Type, type Variable } from '../../debuginfo/model/model';
import { type Bindings } from '../compile/value';
import { type Storage } from '../compile/storage';
import { parseExpression } from '../expression/parser';
import { type Intrinsic, type MatchedArgument, type NatvisExpression } from '../natvis/ast';
import { spellings } from '../natvis/spellings';
import { check, checkTruth } from '../checker/check';
import { isTemplateName, isTypeName } from '../checker/typeNames';
import { LONG } from '../typed/builtinTypes';
import { convert, decay } from '../typed/conversions';
import { completed, definition } from '../typed/members';
import { type Typed } from '../typed/tree';
import { isStructure, pointerTo, scalarOf, unqualified } from '../typed/types';
import { typeError } from '../expression/diagnostics';
import { withArguments, withIntrinsics } from './substitution';

/** Where formatters' variables are, each by a location that nothing else has. */
export class FormatterVariables implements Bindings {
  readonly #storages = new Map<Location, Storage>();
  readonly #objects = new Map<Location, Storage>();

  variable(name: string, type: Type, storage: Storage): Variable {
    const location: Location = { kind: 'value', value: [] };
    this.#storages.set(location, storage);
    return { name, type, location, role: 'local' };
  }

  /** A pointer to an object that has no address. */
  pointerTo(type: Type, object: Storage): Variable {
    const nowhere: Storage = { kind: 'missing', reason: '<in a register>' };
    const variable = this.variable('this', pointerTo(type), nowhere);
    this.#objects.set(variable.location, object);
    return variable;
  }

  storageOf(location: Location): Storage | undefined {
    return this.#storages.get(location);
  }

  objectOf(location: Location): Storage | undefined {
    return this.#objects.get(location);
  }
}

/** The agent's variable as a storage. */
export function localStorage(local: number): Storage {
  return { kind: 'value', value: [{ op: 'get', local }], inRegister: false };
}

/** A type's argument as an identifier that no program has. */
const ARGUMENT_NAME = /^__T(\d+)$/;

export class Environment {
  readonly #scope: Scope;

  /** `self`: the variable `this`, a pointer. */
  constructor(
    readonly outer: Scope,
    readonly self: Variable,
    readonly templateArguments: readonly MatchedArgument[],
    readonly intrinsics: readonly Intrinsic[],
    readonly variables: ReadonlyMap<string, Variable> = new Map(),
  ) {
    const type = unqualified(self.type);
    const structure = type.kind === 'pointer' ? definition(type.target, outer) : undefined;
    this.#scope = {
      pc: outer.pc,
      // Natvis files are written in C++'s expressions, whatever language the program is in.
      language: 'c++',
      function: outer.function,
      lookup: (name) => {
        const local = this.#local(name);
        if (local !== undefined) return local;
        const global = outer.lookup(name);
        return global?.role === 'global' ? global : undefined;
      },
      lookupLocal: (name) => this.#local(name),
      functions: (name) => outer.functions(name),
      parameters: () => [],
      locals: () => [],
      lookupType: (name) => this.#typeNamed(name),
      runtimeType: (name) => outer.runtimeType(name),
      compute: (number) => outer.compute(number),
      lookupElsewhere: () => undefined,
      similarNames: () => structure?.members.flatMap((member) => member.name ?? []).slice(0, 3) ?? [],
      similarTypes: (name) => outer.similarTypes(name),
    };
  }

  /** The same for another object. */
  of(self: Variable): Environment {
    return new Environment(this.outer, self, this.templateArguments, this.intrinsics, this.variables);
  }

  with(...variables: readonly Variable[]): Environment {
    const all = new Map([...this.variables, ...variables.map((each) => [each.name, each] as const)]);
    return new Environment(this.outer, this.self, this.templateArguments, this.intrinsics, all);
  }

  /** Throws `syntax`, `type` or `unknown-name` for what has no meaning here. */
  value({ text }: NatvisExpression): Typed {
    return completed(check(this.#parsed(text), this.#scope), this.#scope);
  }

  /** A condition, as an `int` of 0 or 1. Throws as {@link value}. */
  truth({ text }: NatvisExpression): Typed {
    return checkTruth(this.#parsed(text), this.#scope);
  }

  /** A whole number, as a `long`. Throws as {@link value}. */
  integer(expression: NatvisExpression): Typed {
    const node = this.value(expression);
    const kind = scalarOf(node.type)?.kind;
    if (kind !== 'integer' && kind !== 'boolean') throw typeError(`\`${expression.text}\` is no integer`, WHOLE);
    return convert(node, LONG);
  }

  /** A pointer. Throws as {@link value}. */
  pointer(expression: NatvisExpression): Typed {
    const node = decay(this.value(expression));
    if (unqualified(node.type).kind !== 'pointer') throw typeError(`\`${expression.text}\` is no pointer`, WHOLE);
    return node;
  }

  /** A type with its definition. */
  defined(type: Type): Type {
    return definition(type, this.#scope) ?? type;
  }

  #parsed(text: string): ReturnType<typeof parseExpression> {
    const expanded = withIntrinsics(text, this.intrinsics);
    const replaced = withArguments(expanded, this.templateArguments);
    return parseExpression(replaced, {
      language: this.#scope.language,
      isType: (name) => isTypeName(name, this.#scope),
      isTemplate: (name) => isTemplateName(name, this.#scope),
    });
  }

  #local(name: string): Variable | undefined {
    return name === 'this' ? this.self : this.variables.get(name);
  }

  #typeNamed(name: string): Type | undefined {
    const argument = ARGUMENT_NAME.exec(name);
    if (argument !== null) return this.templateArguments[Number(argument[1]) - 1]?.type;
    for (const spelling of spellings(name)) {
      const type = this.#nestedType(spelling) ?? this.outer.lookupType(spelling);
      if (type !== undefined) return type;
    }
    return undefined;
  }

  /** A type that is declared in the object's own. */
  #nestedType(name: string): Type | undefined {
    const type = unqualified(this.self.type);
    const target = type.kind === 'pointer' ? unqualified(type.target) : undefined;
    if (target === undefined || !isStructure(target) || target.name === undefined || /\s/.test(name)) return undefined;
    return this.outer.lookupType(`${target.name}::${name}`);
  }
}

/** Errors in formatters are about the whole expression. */
const WHOLE = { start: 0, end: 0 };
