/** What to debug: F5 without a launch.json starts the workspace's program; the process list attaches. */
import { basename, dirname } from 'node:path';
import type * as vscode from 'vscode';
import { pickProgram } from './pickProgram';

export const DEBUG_TYPE = 'sidestep';

export const debugConfigurations: vscode.DebugConfigurationProvider = {
  /** A configuration without a request is F5 without a launch.json. Undefined cancels the start. */
  async resolveDebugConfiguration(folder, configuration) {
    if (configuration.request) return configuration;
    const program = await pickProgram(folder);
    return program === undefined ? undefined : launchOf(program, folder?.uri.fsPath ?? dirname(program));
  },
};

function launchOf(program: string, cwd: string): vscode.DebugConfiguration {
  return { type: DEBUG_TYPE, request: 'launch', name: `Probe ${basename(program)}`, program, cwd };
}

export function attachTo(pid: number, name: string): vscode.DebugConfiguration {
  return { type: DEBUG_TYPE, request: 'attach', name: `Probe ${name} (${pid})`, pid };
}

/** Whether a configuration lets the engine run as root. */
export function isElevated(configuration: vscode.DebugConfiguration | undefined): boolean {
  return ['sudo', 'pkexec'].includes(String(configuration?.['elevate']));
}
