/** Completes what the user started with: F5 without a launch.json, or a configuration whose process is still to be chosen. */
import { basename, dirname } from 'node:path';
import type * as vscode from 'vscode';
import { pickProgram } from './pickProgram';

export const DEBUG_TYPE = 'sidestep';

export class DebugConfigurations implements vscode.DebugConfigurationProvider {
  /** An empty configuration is F5 without a launch.json. Undefined cancels the start. */
  async resolveDebugConfiguration(
    folder: vscode.WorkspaceFolder | undefined,
    configuration: vscode.DebugConfiguration,
  ): Promise<vscode.DebugConfiguration | undefined> {
    if (configuration.request) return configuration;
    const program = await pickProgram(folder);
    return program === undefined ? undefined : launchOf(program, folder?.uri.fsPath ?? dirname(program));
  }

  /** `${command:pickProcess}` gives a text; the adapter takes a number. */
  resolveDebugConfigurationWithSubstitutedVariables(
    _folder: vscode.WorkspaceFolder | undefined,
    configuration: vscode.DebugConfiguration,
  ): vscode.DebugConfiguration {
    const pid: unknown = configuration['pid'];
    return typeof pid === 'string' && /^\d+$/.test(pid) ? { ...configuration, pid: Number(pid) } : configuration;
  }
}

function launchOf(program: string, cwd: string): vscode.DebugConfiguration {
  return { type: DEBUG_TYPE, request: 'launch', name: `Probe ${basename(program)}`, program, cwd };
}

export function attachTo(pid: number, name: string): vscode.DebugConfiguration {
  return { type: DEBUG_TYPE, request: 'attach', name: `Probe ${name} (${pid})`, pid };
}
