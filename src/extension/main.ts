/**
 * The editor's side of Sidestep. package.json declares what needs no code (such as the debug adapter: the editor runs
 * dist/adapter.js on its own Node); this file registers the rest.
 */
import * as vscode from 'vscode';
import { DEBUG_TYPE, attachTo, debugConfigurations, isElevated } from './debugConfigurations';
import { pickProcess } from './pickProcess';
import { pickProgram } from './pickProgram';
import { watchProbesFiles } from './probesDiagnostics';

export function activate({ subscriptions }: vscode.ExtensionContext): void {
  subscriptions.push(
    vscode.debug.registerDebugConfigurationProvider(DEBUG_TYPE, debugConfigurations),
    // As a variable of launch.json, it gets the configuration.
    vscode.commands.registerCommand('sidestep.pickProcess', async (configuration?: vscode.DebugConfiguration) => {
      return (await pickProcess({ isElevated: isElevated(configuration) }))?.pid.toString();
    }),
    vscode.commands.registerCommand('sidestep.pickProgram', () => pickProgram(vscode.workspace.workspaceFolders?.[0])),
    vscode.commands.registerCommand('sidestep.attach', attach),
    watchProbesFiles(),
  );
}

async function attach(): Promise<void> {
  const process = await pickProcess({ isElevated: false });
  if (process) await vscode.debug.startDebugging(undefined, attachTo(process.pid, process.name));
}
