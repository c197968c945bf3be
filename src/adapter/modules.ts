/** Modules as DAP shows them. Whether one has symbols is only said when it is asked for: it takes opening the file. */
import { type DebugProtocol } from '@vscode/debugprotocol';
import { hex } from '../base/address';
import { printable, printableName } from '../base/printable';
import { type Module } from '../session/code/module';
import { type Process } from '../session/processes/process';
import { type ModuleChange } from '../session/loading/loadedCode';
import { type Session } from '../session/session';
import { type Client } from './protocol/connection';

const REASONS = { loaded: 'new', unloaded: 'removed' } as const;

/** Tells the client about each module that comes or goes. */
export function announceModules(session: Session, client: Client): void {
  session.onModule(({ kind, process, module }: ModuleChange) => {
    client.emit('module', { reason: REASONS[kind], module: toModule(process, module) });
  });
}

/** All modules of all processes, or the part of them that was asked for. */
export function listModules(
  session: Session,
  { startModule = 0, moduleCount = 0 }: DebugProtocol.ModulesArguments,
): DebugProtocol.ModulesResponse['body'] {
  const all = [...session.processes.values()].flatMap((process) =>
    process.modules.map((module) => ({ process, module })),
  );
  const part = all.slice(startModule, moduleCount > 0 ? startModule + moduleCount : undefined);
  return {
    modules: part.map(({ process, module }) => ({ ...toModule(process, module), ...symbolsOf(module) })),
    totalModules: all.length,
  };
}

function toModule(process: Process, module: Module): DebugProtocol.Module {
  return {
    id: `${process.pid}:${hex(module.start)}`,
    name: printableName(module.name),
    path: module.path,
    addressRange: `${hex(module.start)}-${hex(module.end)}`,
  };
}

function symbolsOf(module: Module): Partial<DebugProtocol.Module> {
  const image = module.readableImage;
  if (!image) return { symbolStatus: printable(module.problem?.message ?? '') };
  return {
    symbolStatus: image.hasDebugInfo ? 'Debug information' : 'ELF symbols only',
    ...(image.debugFile !== undefined && { symbolFilePath: image.debugFile }),
  };
}
