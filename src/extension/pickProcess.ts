/** The list from which the user chooses the process to attach to. */
import * as vscode from 'vscode';
import { type RunningProcess, listProcesses } from './processes';

interface ProcessItem extends vscode.QuickPickItem {
  readonly process: RunningProcess;
}

/** The chosen process; undefined when none was chosen, or one that can't be attached to (which the user has then been told). */
export async function pickProcess(): Promise<RunningProcess | undefined> {
  const picked = await vscode.window.showQuickPick(listProcesses().map(itemOf), {
    title: 'Put probes into a running process',
    placeHolder: 'Name, number or command line; no thread of it is stopped',
    matchOnDescription: true,
    matchOnDetail: true,
  });
  if (!picked) return undefined;
  const { pid, name, obstacle } = picked.process;
  if (obstacle === undefined) return picked.process;
  void vscode.window.showErrorMessage(`Sidestep can't attach to ${name} (${pid}): ${obstacle}.`);
  return undefined;
}

function itemOf(process: RunningProcess): ProcessItem {
  const { pid, name, commandLine, user, own, obstacle } = process;
  return {
    process,
    label: obstacle === undefined ? name : `$(circle-slash) ${name}`,
    description: [String(pid), ...(own ? [] : [user]), ...(obstacle === undefined ? [] : [obstacle])].join(' · '),
    detail: commandLine,
  };
}
