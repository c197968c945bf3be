/**
 * A program stopped by gdb at an address: what gdb says of some expressions there, and the registers and memory that it
 * says it of, so that agent programs can be run on the very same state.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { AGENT_REGISTERS, type AgentRegister } from '../../../src/contract/agent/operations';
import { type Machine, memoryOf } from '../agentInterpreter';

export interface StoppedProgram {
  readonly machine: Machine;
  /** What the executable is mapped above its link-time addresses. */
  readonly bias: bigint;
  /** gdb's text of each expression, without types before pointers and without symbols behind them. */
  readonly texts: readonly string[];
}

/** gdb's own Python writes the state as JSON: registers, vectors and readable mappings in hex. */
const SCRIPT = (output: string, address: bigint, expressions: readonly string[]) => `
import gdb, json
def text_of(expression):
    try:
        return gdb.parse_and_eval(expression).format_string(symbols=False, address=True)
    except gdb.error as error:
        return "<%s>" % error
gdb.execute("set pagination off")
gdb.execute("set print null-stop on")
gdb.execute("starti", to_string=True)
mappings = [line.split() for line in open("/proc/%d/maps" % gdb.selected_inferior().pid)]
bias = min(int(m[0].split("-")[0], 16) for m in mappings if m[-1] == gdb.current_progspace().filename)
gdb.execute("break *%d" % (bias + ${address}))
gdb.execute("continue", to_string=True)
inferior = gdb.selected_inferior()
frame = gdb.selected_frame()
registers = {name: str(int(frame.read_register(name)) & (2**64 - 1)) for name in ${JSON.stringify(AGENT_REGISTERS)}}
vectors = [bytes(int(frame.read_register("xmm%d" % n)["v16_int8"][i]) & 255 for i in range(16)).hex() for n in range(16)]
memory = {}
for line in open("/proc/%d/maps" % inferior.pid):
    fields = line.split()
    if "r" in fields[1] and fields[-1] in (gdb.current_progspace().filename, "[stack]"):
        start, end = (int(part, 16) for part in fields[0].split("-"))
        memory[str(start)] = bytes(inferior.read_memory(start, end - start)).hex()
texts = [text_of(e) for e in ${JSON.stringify(expressions)}]
json.dump({"bias": str(bias), "registers": registers, "vectors": vectors, "memory": memory, "texts": texts}, open(${JSON.stringify(output)}, "w"))
gdb.execute("kill")
`;

interface State {
  readonly bias: string;
  readonly registers: Readonly<Record<AgentRegister, string>>;
  readonly vectors: readonly string[];
  readonly memory: Readonly<Record<string, string>>;
  readonly texts: readonly string[];
}

/** Runs `program` (position-independent) to the link-time `address`. */
export function stoppedAt(program: string, address: bigint, expressions: readonly string[]): StoppedProgram {
  const [script, output] = [`${program}.py`, `${program}.json`];
  writeFileSync(script, SCRIPT(output, address, expressions));
  try {
    execFileSync('gdb', ['-nx', '-batch', '-x', script, program], { stdio: ['ignore', 'ignore', 'pipe'] });
    const state = JSON.parse(readFileSync(output, 'utf8')) as State;
    const registers = Object.entries(state.registers).map(([name, value]) => [name, BigInt(value)]);
    const blocks = Object.entries(state.memory).map(([start, hex]) => [start, Buffer.from(hex, 'hex')]);
    return {
      bias: BigInt(state.bias),
      machine: {
        registers: Object.fromEntries(registers) as Machine['registers'],
        vectors: state.vectors.map((hex) => Buffer.from(hex, 'hex')),
        byteAt: memoryOf(Object.fromEntries(blocks) as Record<string, Uint8Array>),
      },
      texts: state.texts,
    };
  } finally {
    rmSync(script, { force: true });
    rmSync(output, { force: true });
  }
}
