/** Finds the program that F5 starts when no launch.json names one, and asks if that is not clear. */
import { basename, dirname, relative } from 'node:path';
import * as vscode from 'vscode';
import { chooseProgram } from './chooseProgram';
import { type ElfProgram, findPrograms } from './elfPrograms';
import { plainLabel } from './labels';

interface ProgramItem extends vscode.QuickPickItem {
  readonly path: string;
}

/** Path of the program; undefined if the user chose none, or there is none, after a message. */
export async function pickProgram(folder: vscode.WorkspaceFolder | undefined): Promise<string | undefined> {
  const open = vscode.window.activeTextEditor?.document.uri;
  const openFile = open?.scheme === 'file' ? open.fsPath : undefined;
  const root = folder?.uri.fsPath ?? (openFile && dirname(openFile));
  const programs = root === undefined ? [] : findPrograms(root);
  if (root === undefined || programs.length === 0) return browse(root);
  return chooseProgram(programs, openFile)?.path ?? ask(root, programs);
}

async function ask(root: string, programs: readonly ElfProgram[]): Promise<string | undefined> {
  const items = programs.map(({ path, debugInfo, modified }): ProgramItem => ({
    path,
    label: plainLabel(basename(path)),
    description: plainLabel(relative(root, dirname(path))),
    detail: `${debugInfo ? '' : 'without debug information · '}${new Date(modified).toLocaleString()}`,
  }));
  const title = 'Which program should be started with probes?';
  return (await vscode.window.showQuickPick(items, { title, matchOnDescription: true }))?.path;
}

async function browse(root: string | undefined): Promise<string | undefined> {
  const choose = 'Choose a Program…';
  const answer = await vscode.window.showErrorMessage(
    `Found no 64-bit x86 Linux program${root === undefined ? '' : ` in ${root}`}. Compile yours with -g first, or choose one elsewhere.`,
    choose,
  );
  if (answer !== choose) return undefined;
  return (await vscode.window.showOpenDialog({ title: 'Program to start with probes' }))?.[0]?.fsPath;
}
