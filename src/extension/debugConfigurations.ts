/** What to debug: F5 without a launch.json starts the workspace's program; the process list attaches. */
import { basename, dirname } from 'node:path';
import * as vscode from 'vscode';
import { pickProgram } from './pickProgram';
import { visualizerFiles } from './visualizerFiles';

/** In a workspace: more than anybody has written on purpose. */
const MAX_NATVIS_FILES = 100;

export const DEBUG_TYPE = 'sidestep';

export const debugConfigurations: vscode.DebugConfigurationProvider = {
  /** A configuration without a request is F5 without a launch.json. Undefined cancels the start. */
  async resolveDebugConfiguration(folder, configuration) {
    if (configuration.request) return withFormatters(configuration);
    const program = await pickProgram(folder);
    if (program === undefined) return undefined;
    return withFormatters(launchOf(program, folder?.uri.fsPath ?? dirname(program)));
  },
};

/** The workspace's Natvis files, after those that launch.json names. */
async function withFormatters(configuration: vscode.DebugConfiguration): Promise<vscode.DebugConfiguration> {
  const found = await vscode.workspace.findFiles('**/*.natvis', undefined, MAX_NATVIS_FILES);
  return {
    ...configuration,
    ...visualizerFiles(
      configuration['visualizerFile'],
      found.map(({ fsPath }) => fsPath),
    ),
  };
}

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
