/** The list from which the user chooses the process to attach to. */
import * as vscode from 'vscode';
import { plainLabel, plainNotice } from './labels';
import { type RunningProcess, listProcesses, ownViewpoint } from './processes';

interface ProcessItem extends vscode.QuickPickItem {
  readonly process: RunningProcess;
}

/**
 * `isElevated`: the engine will run as root. Returns the chosen process; undefined if the user chose none, or one that
 * can't be attached to, after a message.
 */
export async function pickProcess({
  isElevated,
}: {
  readonly isElevated: boolean;
}): Promise<RunningProcess | undefined> {
  const viewpoint = ownViewpoint();
  const candidates = listProcesses(isElevated ? { ...viewpoint, isElevated } : viewpoint);
  const picked = await vscode.window.showQuickPick(candidates.map(itemOf), {
    title: 'Put probes into a running process',
    placeHolder: 'Name, process id or command line; attaching stops no thread',
    matchOnDescription: true,
    matchOnDetail: true,
  });
  if (!picked) return undefined;
  const { pid, name, obstacle } = picked.process;
  if (obstacle === undefined) return picked.process;
  void vscode.window.showErrorMessage(`Sidestep can't attach to ${plainNotice(name)} (${pid}): ${obstacle}.`);
  return undefined;
}

function itemOf(process: RunningProcess): ProcessItem {
  const { pid, name, commandLine, user, own, obstacle } = process;
  return {
    process,
    label: obstacle === undefined ? plainLabel(name) : `$(circle-slash) ${plainLabel(name)}`,
    description: [String(pid), ...(own ? [] : [plainLabel(user)]), ...(obstacle === undefined ? [] : [obstacle])].join(
      ' · ',
    ),
    detail: plainLabel(commandLine),
  };
}
