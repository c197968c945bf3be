/**
 * Compiles programs many at a time. Each WebAssembly module takes a memory mapping, and the kernel allows a process
 * 65,530 of them (vm.max_map_count). One module per instruction would exhaust them, and is slower.
 */
import { assertExists } from '../../base/assert';
import { compile, type CompiledProgram } from './compile';
import { type Execute, type Machine } from '../machine/machine';

/** Bounds the memory and time for one module. */
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

  /** Compiles all waiting programs into one module. */
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
