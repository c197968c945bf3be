/**
 * Compiles programs many at a time. Each WebAssembly module has a mapping of its own, of which the kernel gives a
 * process 65,530 (vm.max_map_count): one module per instruction would end a process that prepares more, and is slower
 * besides.
 */
import { assertExists } from '../../base/assert';
import { compile, type CompiledProgram } from './compile';
import { type Execute, type Machine } from '../machine/machine';

/** So that memory and the time for one module stay bounded. */
const MAX_PROGRAMS = 1024;

interface Entry {
  readonly program: CompiledProgram;
  execute: Execute;
}

export class Batch {
  readonly #machine: Machine;
  #waiting: Entry[] = [];

  constructor(machine: Machine) {
    this.#machine = machine;
  }

  /** The program's function, which is compiled at the next {@link compile}, or when it is first called. */
  add(program: CompiledProgram): Execute {
    const entry: Entry = {
      program,
      execute: () => {
        this.compile();
        return entry.execute();
      },
    };
    this.#waiting.push(entry);
    if (this.#waiting.length === MAX_PROGRAMS) this.compile();
    return () => entry.execute();
  }

  /** Compiles all that wait, into one module. */
  compile(): void {
    const entries = this.#waiting;
    if (entries.length === 0) return;
    this.#waiting = [];
    const functions = compile(
      this.#machine,
      entries.map(({ program }) => program),
    );
    entries.forEach((entry, index) => (entry.execute = assertExists(functions[index], 'compiled function')));
  }
}
