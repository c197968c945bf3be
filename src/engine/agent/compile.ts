/**
 * Agent program → WebAssembly. The agent's operand stack is WebAssembly's own, so most operations are one instruction;
 * captures are written where the hit record is being built. See contract/agent for what programs mean.
 */
import { assertExists } from '../../base/assert';
import { loops } from '../../contract/agent/fuel';
import { AGENT_LIMITS, type AgentOperation, type AgentProgram } from '../../contract/agent/operations';
import { verifyAgent, verifyCapture } from '../../contract/agent/verify';
import { CAPTURE_HEADER_BYTES, HIT_HEADER_BYTES } from '../../contract/hits';
import { ModuleBuilder } from '../../wasm/module';
import { ARENA_PAGES, type Arena, Layout } from '../tracing/arena';
import { type TargetMemory } from '../tracing/targetMemory';
import { type Agent } from './agent';
import { captureFunction, conditionFunction, divisionFailure, missingValue, readFailure } from './functions';
import { type Runtime } from './part';

/** How many compiled programs are kept for further sites with an equal program: memory against compiling again. */
const KEPT_PROGRAMS = 256;

/** So that memory and the time for one module stay bounded. */
const PROGRAMS_PER_MODULE = 256;

/** A program whose functions are compiled with the others that wait, or when it first runs. */
interface Waiting {
  readonly program: AgentProgram;
  readonly agent: { -readonly [K in keyof Agent]: Agent[K] };
}

/**
 * Compiles agents for one arena, many at a time: each WebAssembly module has a mapping of its own, of which the
 * kernel gives a process 65,530 (vm.max_map_count), and a probe on a function that is inlined everywhere has a program
 * for each site. Equal programs share one compiled agent.
 */
export class AgentCompiler {
  readonly #arena: Arena;
  readonly #memory: TargetMemory;
  readonly #imports: WebAssembly.Imports;
  readonly #agents = new Map<string, Agent>();
  #waiting: Waiting[] = [];

  constructor(arena: Arena, memory: TargetMemory) {
    this.#arena = arena;
    this.#memory = memory;
    this.#imports = {
      engine: {
        memory: arena.memory,
        read: (length: number, destination: number) => memory.read(length, destination),
        readNear: (length: number, destination: number) => memory.readNear(length, destination),
        readString: (limit: number, destination: number, unit: number) => memory.readString(limit, destination, unit),
      },
    };
  }

  /** Its functions are compiled by the next {@link compile}. Throws `engine-protocol` for an unsound program. */
  prepare(program: AgentProgram): Agent {
    const key = JSON.stringify(program, (_key, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value));
    const known = this.#agents.get(key);
    if (known) return known;
    verifyAgent(program);
    const agent = this.#await(program);
    const [oldest] = this.#agents.keys();
    if (oldest !== undefined && this.#agents.size >= KEPT_PROGRAMS) this.#agents.delete(oldest);
    this.#agents.set(key, agent);
    return agent;
  }

  /** Compiles all that wait, into one module. */
  compile(): void {
    const waiting = this.#waiting;
    if (waiting.length === 0) return;
    this.#waiting = [];
    const module = new ModuleBuilder();
    const runtime = addRuntime(module);
    waiting.forEach(({ program }, index) => {
      if (program.condition) module.addFunction(conditionFunction(program.condition, runtime), conditionName(index));
      program.captures.forEach((operations, capture) => {
        module.addFunction(captureFunction(operations, runtime), captureName(index, capture));
      });
    });
    const functions = module.instantiate(this.#imports);
    waiting.forEach(({ program, agent }, index) => {
      agent.condition = functions[conditionName(index)];
      const captures = program.captures.map(
        (_, capture) => functions[captureName(index, capture)] as (start: number) => number,
      );
      const capture = (start: number) => {
        let at = start;
        for (const part of captures) at = part(at);
        return at;
      };
      agent.capture = program.captures.some(loops) ? this.#refuelled(capture) : capture;
    });
  }

  /** Loops of all captures of a hit burn from one supply, and see memory as it is now. */
  #refuelled(capture: Agent['capture']): Agent['capture'] {
    const { i32 } = this.#arena;
    const memory = this.#memory;
    return (start) => {
      memory.forgetLine();
      i32[Layout.agentFuel >>> 2] = AGENT_LIMITS.fuel;
      return capture(start);
    };
  }

  #await(program: AgentProgram): Agent {
    const agent: Waiting['agent'] = {
      condition:
        program.condition &&
        (() => {
          this.compile();
          return assertExists(agent.condition, 'condition')();
        }),
      capture: (start) => {
        this.compile();
        return agent.capture(start);
      },
      captures: program.captures.length,
      recordBytes: HIT_HEADER_BYTES + program.captures.reduce((sum, part, index) => sum + roomFor(part, index), 0),
      usesVectors: [program.condition ?? [], ...program.captures].flat().some(({ op }) => op === 'vector'),
    };
    this.#waiting.push({ program, agent });
    if (this.#waiting.length === PROGRAMS_PER_MODULE) this.compile();
    return agent;
  }
}

function addRuntime(module: ModuleBuilder): Runtime {
  module.importMemory('engine', 'memory', ARENA_PAGES);
  const transfer = { parameters: ['i32', 'i32'], results: ['i32'] } as const;
  const read = module.importFunction('engine', 'read', transfer);
  const readNear = module.importFunction('engine', 'readNear', transfer);
  const readString = module.importFunction('engine', 'readString', {
    parameters: ['i32', 'i32', 'i32'],
    results: ['i32'],
  });
  return {
    read,
    readNear,
    readString,
    unreadable: module.addFunction(readFailure()),
    divisionByZero: module.addFunction(divisionFailure()),
    missing: module.addFunction(missingValue()),
  };
}

function conditionName(index: number): string {
  return `condition${index}`;
}

function captureName(index: number, capture: number): string {
  return `capture${index}.${capture}`;
}

/** One capture's header and bytes: its own, or the address that could not be read. */
function roomFor(operations: readonly AgentOperation[], index: number): number {
  const bytes = Math.max(8, verifyCapture(operations, index).captureBytes);
  return CAPTURE_HEADER_BYTES + ((bytes + 7) & ~7);
}
