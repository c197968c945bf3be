/**
 * Agent program → WebAssembly. The agent's operand stack is WebAssembly's own, so most operations are one instruction;
 * captures are written where the hit record is being built. See contract/agent for what programs mean.
 */
import { type AgentOperation, type AgentProgram } from '../../contract/agent/operations';
import { verifyAgent, verifyCapture } from '../../contract/agent/verify';
import { CAPTURE_HEADER_BYTES, HIT_HEADER_BYTES } from '../../contract/hits';
import { ModuleBuilder } from '../../wasm/module';
import { ARENA_PAGES, type Arena } from '../tracing/arena';
import { type TargetMemory } from '../tracing/targetMemory';
import { type Agent } from './agent';
import {
  captureFunction,
  conditionFunction,
  divisionFailure,
  missingValue,
  readFailure,
  type Runtime,
} from './functions';

/** How many compiled programs are kept for further sites with an equal program: memory against compiling again. */
const KEPT_PROGRAMS = 256;

/** Compiles agents for one arena; equal programs share one compiled agent. */
export class AgentCompiler {
  readonly #imports: WebAssembly.Imports;
  readonly #agents = new Map<string, Agent>();

  constructor(arena: Arena, memory: TargetMemory) {
    this.#imports = {
      engine: {
        memory: arena.memory,
        read: (length: number, destination: number) => memory.read(length, destination),
        readString: (limit: number, destination: number, unit: number) => memory.readString(limit, destination, unit),
      },
    };
  }

  /** Throws `engine-protocol` for a program that is not sound. */
  compile(program: AgentProgram): Agent {
    const key = JSON.stringify(program, (_key, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value));
    const known = this.#agents.get(key);
    if (known) return known;
    verifyAgent(program);
    const agent = this.#build(program);
    if (this.#agents.size >= KEPT_PROGRAMS) this.#agents.delete(this.#agents.keys().next().value!);
    this.#agents.set(key, agent);
    return agent;
  }

  #build(program: AgentProgram): Agent {
    const module = new ModuleBuilder();
    module.importMemory('engine', 'memory', ARENA_PAGES);
    const transfer = { parameters: ['i32', 'i32'], results: ['i32'] } as const;
    const read = module.importFunction('engine', 'read', transfer);
    const readString = module.importFunction('engine', 'readString', {
      parameters: ['i32', 'i32', 'i32'],
      results: ['i32'],
    });
    const runtime: Runtime = {
      read,
      readString,
      unreadable: module.addFunction(readFailure()),
      divisionByZero: module.addFunction(divisionFailure()),
      missing: module.addFunction(missingValue()),
    };
    if (program.condition) module.addFunction(conditionFunction(program.condition, runtime), 'condition');
    program.captures.forEach((operations, index) => {
      module.addFunction(captureFunction(operations, runtime), captureName(index));
    });
    const functions = module.instantiate(this.#imports);
    const captures = program.captures.map((_, index) => functions[captureName(index)] as (start: number) => number);
    return {
      condition: functions['condition'],
      capture: (start) => {
        let at = start;
        for (const capture of captures) at = capture(at);
        return at;
      },
      captures: captures.length,
      recordBytes: HIT_HEADER_BYTES + program.captures.reduce((sum, part, index) => sum + roomFor(part, index), 0),
      usesVectors: [program.condition ?? [], ...program.captures].flat().some(({ op }) => op === 'vector'),
    };
  }
}

function captureName(index: number): string {
  return `capture${index}`;
}

/** One capture's header and bytes: its own, or the address that could not be read. */
function roomFor(operations: readonly AgentOperation[], index: number): number {
  const bytes = Math.max(8, verifyCapture(operations, index).captureBytes);
  return CAPTURE_HEADER_BYTES + ((bytes + 7) & ~7);
}
