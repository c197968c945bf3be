/**
 * What the arguments of each request must look like, as the protocol's schema has them. The compiler holds each shape
 * to the type that is generated from that schema (@vscode/debugprotocol): a property that it knows can't be left out
 * here. https://microsoft.github.io/debug-adapter-protocol/debugAdapterProtocol.json
 */
import { type DebugProtocol } from '@vscode/debugprotocol';
import { SidestepError } from '../../base/errors';
import {
  anything,
  boolean,
  integer,
  list,
  object,
  oneOf,
  optional,
  record,
  type Shape,
  string,
} from '../../base/shape';
import { type Requests } from './requests';

/** The schema has no bounds; a line, column or reference fits 32 bits. */
const number = integer(-0x8000_0000, 0x7fff_ffff);
const natural = integer(0, 0x7fff_ffff);

const source: Shape<DebugProtocol.Source> = object<DebugProtocol.Source>({
  name: optional(string),
  path: optional(string),
  sourceReference: optional(number),
  presentationHint: optional(oneOf('normal', 'emphasize', 'deemphasize')),
  origin: optional(string),
  sources: optional(list({ problem: (value, name): string | undefined => source.problem(value, name) })),
  adapterData: optional(anything),
  checksums: optional(
    list(
      object<DebugProtocol.Checksum>({
        algorithm: oneOf('MD5', 'SHA1', 'SHA256', 'timestamp'),
        checksum: string,
      }),
    ),
  ),
});

const sourceBreakpoint = object<DebugProtocol.SourceBreakpoint>({
  line: number,
  column: optional(number),
  condition: optional(string),
  hitCondition: optional(string),
  logMessage: optional(string),
  mode: optional(string),
});

const functionBreakpoint = object<DebugProtocol.FunctionBreakpoint>({
  name: string,
  condition: optional(string),
  hitCondition: optional(string),
});

/** What is sent along is of no meaning here. */
const whatever = record(anything);

const SHAPES: { readonly [C in keyof Requests]: Shape<Requests[C][0]> } = {
  initialize: object<Requests['initialize'][0]>({
    adapterID: string,
    clientID: optional(string),
    clientName: optional(string),
    locale: optional(string),
    linesStartAt1: optional(boolean),
    columnsStartAt1: optional(boolean),
    pathFormat: optional(string),
    supportsVariableType: optional(boolean),
    supportsVariablePaging: optional(boolean),
    supportsRunInTerminalRequest: optional(boolean),
    supportsMemoryReferences: optional(boolean),
    supportsProgressReporting: optional(boolean),
    supportsInvalidatedEvent: optional(boolean),
    supportsMemoryEvent: optional(boolean),
    supportsArgsCanBeInterpretedByShell: optional(boolean),
    supportsStartDebuggingRequest: optional(boolean),
    supportsANSIStyling: optional(boolean),
    serverToken: optional(string),
  }),
  launch: whatever,
  attach: whatever,
  configurationDone: whatever,
  setBreakpoints: object<Requests['setBreakpoints'][0]>({
    source,
    breakpoints: optional(list(sourceBreakpoint)),
    lines: optional(list(number)),
    sourceModified: optional(boolean),
  }),
  setFunctionBreakpoints: object<Requests['setFunctionBreakpoints'][0]>({ breakpoints: list(functionBreakpoint) }),
  setExceptionBreakpoints: whatever,
  breakpointLocations: object<Requests['breakpointLocations'][0]>({
    source,
    line: number,
    column: optional(number),
    endLine: optional(number),
    endColumn: optional(number),
  }),
  threads: whatever,
  modules: object<Requests['modules'][0]>({ startModule: optional(natural), moduleCount: optional(natural) }),
  loadedSources: whatever,
  variables: object<Requests['variables'][0]>({
    variablesReference: natural,
    filter: optional(oneOf('indexed', 'named')),
    start: optional(natural),
    count: optional(natural),
    format: optional(object<DebugProtocol.ValueFormat>({ hex: optional(boolean) })),
  }),
  terminate: object<Requests['terminate'][0]>({ restart: optional(boolean) }),
  disconnect: object<Requests['disconnect'][0]>({
    restart: optional(boolean),
    terminateDebuggee: optional(boolean),
    suspendDebuggee: optional(boolean),
  }),
};

export type Command = keyof Requests;

export function isKnown(command: string): command is Command {
  return Object.hasOwn(SHAPES, command);
}

/** Throws `bad-request`, which names what is wrong with the arguments. */
export function checkArguments(command: Command, args: unknown): void {
  const problem = SHAPES[command].problem(args, 'arguments');
  if (problem !== undefined) throw new SidestepError('bad-request', `the request ${command} is refused: ${problem}`);
}
