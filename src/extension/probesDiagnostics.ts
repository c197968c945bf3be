/** Underlines mistakes in open `.probes` files while they are written. */
import * as vscode from 'vscode';
import { findMistakes } from './probesMistakes';

const LANGUAGE = 'probes';

export function watchProbesFiles(): vscode.Disposable {
  const diagnostics = vscode.languages.createDiagnosticCollection(LANGUAGE);
  const check = (document: vscode.TextDocument): void => {
    if (document.languageId === LANGUAGE)
      diagnostics.set(document.uri, findMistakes(document.getText()).map(toDiagnostic));
  };
  vscode.workspace.textDocuments.forEach(check);
  return vscode.Disposable.from(
    diagnostics,
    vscode.workspace.onDidOpenTextDocument(check),
    vscode.workspace.onDidChangeTextDocument(({ document }) => check(document)),
    vscode.workspace.onDidCloseTextDocument(({ uri }) => diagnostics.delete(uri)),
  );
}

function toDiagnostic({ line, start, end, message }: ReturnType<typeof findMistakes>[number]): vscode.Diagnostic {
  const diagnostic = new vscode.Diagnostic(new vscode.Range(line, start, line, end), message);
  diagnostic.source = 'Sidestep';
  return diagnostic;
}
