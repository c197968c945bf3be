/** The requests of the Debug Adapter Protocol that this adapter understands. */
import { type DebugProtocol } from '@vscode/debugprotocol';

/** Not of the protocol: what a server that listens on a port asks for. */
export interface ServerToken {
  readonly serverToken?: string;
}

/** Each request that is understood: what it takes and what its response's body is. */
export interface Requests {
  initialize: [DebugProtocol.InitializeRequestArguments & ServerToken, DebugProtocol.Capabilities];
  launch: [Readonly<Record<string, unknown>>, undefined];
  attach: [Readonly<Record<string, unknown>>, undefined];
  configurationDone: [unknown, undefined];
  setBreakpoints: [DebugProtocol.SetBreakpointsArguments, DebugProtocol.SetBreakpointsResponse['body']];
  setFunctionBreakpoints: [
    DebugProtocol.SetFunctionBreakpointsArguments,
    DebugProtocol.SetFunctionBreakpointsResponse['body'],
  ];
  setExceptionBreakpoints: [unknown, DebugProtocol.SetExceptionBreakpointsResponse['body']];
  breakpointLocations: [DebugProtocol.BreakpointLocationsArguments, DebugProtocol.BreakpointLocationsResponse['body']];
  threads: [unknown, DebugProtocol.ThreadsResponse['body']];
  modules: [DebugProtocol.ModulesArguments, DebugProtocol.ModulesResponse['body']];
  loadedSources: [unknown, DebugProtocol.LoadedSourcesResponse['body']];
  variables: [DebugProtocol.VariablesArguments, DebugProtocol.VariablesResponse['body']];
  terminate: [DebugProtocol.TerminateArguments, undefined];
  disconnect: [DebugProtocol.DisconnectArguments, undefined];
}
