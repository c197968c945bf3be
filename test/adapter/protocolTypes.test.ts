/**
 * The table of what requests' arguments look like, against the types that are generated from the protocol's schema
 * (@vscode/debugprotocol, read by the compiler): each property's name, whether it may be left out, and its type.
 */
import assert from 'node:assert/strict';
import ts from 'typescript';
import { checkArguments, type Command } from '../../src/adapter/protocol/requestShapes';

const DECLARATIONS = require.resolve('@vscode/debugprotocol/lib/debugProtocol.d.ts');

/** Requests whose arguments are looked at, by the name of their type. The others may carry what they like. */
const ARGUMENTS: Partial<Readonly<Record<Command, string>>> = {
  initialize: 'InitializeRequestArguments',
  setBreakpoints: 'SetBreakpointsArguments',
  setFunctionBreakpoints: 'SetFunctionBreakpointsArguments',
  breakpointLocations: 'BreakpointLocationsArguments',
  modules: 'ModulesArguments',
  variables: 'VariablesArguments',
  terminate: 'TerminateArguments',
  disconnect: 'DisconnectArguments',
};

/** Sources hold sources. */
const MAX_DEPTH = 4;

const program = ts.createProgram([DECLARATIONS], { strict: true });
const checker = program.getTypeChecker();

interface Property {
  readonly name: string;
  readonly type: ts.Type;
  readonly isOptional: boolean;
}

function typeNamed(name: string): ts.Type {
  const file = program.getSourceFile(DECLARATIONS)!;
  const module = checker
    .getExportsOfModule(checker.getSymbolAtLocation(file)!)
    .find((each) => each.name === 'DebugProtocol')!;
  return checker.getDeclaredTypeOfSymbol(checker.getExportsOfModule(module).find((each) => each.name === name)!);
}

function propertiesOf(type: ts.Type): Property[] {
  return checker.getPropertiesOfType(type).map((symbol) => ({
    name: symbol.name,
    type: checker.getNonNullableType(checker.getTypeOfSymbol(symbol)),
    isOptional: (symbol.flags & ts.SymbolFlags.Optional) !== 0,
  }));
}

const isText = (type: ts.Type): boolean =>
  (type.flags & ts.TypeFlags.StringLike) !== 0 || (type.isUnion() && type.types.every(isText)) || type.isIntersection();

type Kind = 'any' | 'text' | 'number' | 'boolean' | 'list' | 'object';

function kindOf(type: ts.Type): Kind {
  if (type.flags & ts.TypeFlags.Any) return 'any';
  if (isText(type)) return 'text';
  if (type.flags & ts.TypeFlags.NumberLike) return 'number';
  if (type.flags & ts.TypeFlags.BooleanLike) return 'boolean';
  return checker.isArrayType(type) ? 'list' : 'object';
}

/** A value of the type; without what may be left out where `isWhole` is false. */
function sample(type: ts.Type, isWhole: boolean, depth = 0): unknown {
  switch (kindOf(type)) {
    case 'any':
    case 'number':
      return 1;
    case 'boolean':
      return true;
    case 'text':
      return type.isUnion() ? (type.types.find((each) => each.isStringLiteral())?.value ?? 'x') : 'x';
    case 'list':
      return [sample(elementOf(type), isWhole, depth + 1)];
    case 'object': {
      const wanted = propertiesOf(type).filter(({ isOptional }) => !isOptional || (isWhole && depth < MAX_DEPTH));
      return Object.fromEntries(wanted.map((each) => [each.name, sample(each.type, isWhole, depth + 1)]));
    }
  }
}

function elementOf(type: ts.Type): ts.Type {
  return checker.getTypeArguments(type as ts.TypeReference)[0]!;
}

const WRONG: Readonly<Record<Exclude<Kind, 'any'>, readonly unknown[]>> = {
  text: [1, true, [], {}, null],
  number: ['1', true, [], {}, null, 1.5],
  boolean: [0, 'true', [], {}, null],
  list: [{}, 'x', 1, null],
  object: [[], 'x', 1, null],
};

/** Each property of the type, and of what it holds: a text for each that the table sees otherwise. */
function differences(command: Command, type: ts.Type, wrap: (value: unknown) => unknown, depth = 0): string[] {
  const takes = (value: unknown): boolean => {
    try {
      checkArguments(command, wrap(value));
      return true;
    } catch {
      return false;
    }
  };
  const least = sample(type, false) as Readonly<Record<string, unknown>>;
  return propertiesOf(type).flatMap(({ name, type: its, isOptional }) => {
    const kind = kindOf(its);
    const without = Object.fromEntries(Object.entries(least).filter(([key]) => key !== name));
    const found: string[] = [];
    if (takes(without) !== isOptional) found.push(`${name} ${isOptional ? 'must' : 'need not'} be there`);
    if (!takes({ ...least, [name]: sample(its, true) })) found.push(`${name} is refused`);
    for (const wrong of kind === 'any' ? [] : WRONG[kind]) {
      if (takes({ ...least, [name]: wrong })) found.push(`${name} may be ${JSON.stringify(wrong)}`);
    }
    const inner = kind === 'list' ? elementOf(its) : its;
    if (kindOf(inner) === 'object' && depth < MAX_DEPTH) {
      const put = (value: unknown): unknown => wrap({ ...least, [name]: kind === 'list' ? [value] : value });
      found.push(...differences(command, inner, put, depth + 1).map((text) => `${name}.${text}`));
    }
    return found;
  });
}

describe("requests' arguments", () => {
  for (const [command, name] of Object.entries(ARGUMENTS)) {
    it(`of ${command} are those of the protocol`, () => {
      const type = typeNamed(name);
      checkArguments(command as Command, sample(type, true));
      assert.ok(propertiesOf(type).length > 0);
      assert.deepEqual(
        differences(command as Command, type, (value) => value),
        [],
      );
    });
  }
});
