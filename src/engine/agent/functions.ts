/**
 * The WebAssembly functions of one agent program: one for its condition, one for each capture.
 *
 * - `condition: () → i32`, a {@link ConditionResult};
 * - `capture: (start: i32) → i32` writes the capture's header and bytes at `start`, returns where the next one starts.
 *
 * A load that fails or a division by zero ends the function at once, from whatever depth.
 */
import { loops } from '../../contract/agent/fuel';
import { AGENT_LIMITS, type AgentOperation, CaptureStatus } from '../../contract/agent/operations';
import { CAPTURE_HEADER_BYTES } from '../../contract/hits';
import { Code } from '../../wasm/module';
import { Layout } from '../tracing/arena';
import { PartCompiler, type Runtime } from './part';

/** ConditionResult.failed, of compile.ts. */
const CONDITION_FAILED = 2;

export function conditionFunction(operations: readonly AgentOperation[], runtime: Runtime): Code {
  const code = new Code({ parameters: [], results: ['i32'] });
  const fail = (): void => void code.i32(CONDITION_FAILED).op('return');
  if (loops(operations)) code.i32(0).i32(AGENT_LIMITS.fuel).memory('i32_store', Layout.agentFuel);
  new PartCompiler(code, runtime, { unreadable: fail, divisionByZero: fail, missing: fail, cut: fail }).compile(
    operations,
  );
  return code.i64(0n).op('i64_ne');
}

export function captureFunction(operations: readonly AgentOperation[], runtime: Runtime): Code {
  const code = new Code({ parameters: ['i32'], results: ['i32'] });
  const start = 0;
  const part = new PartCompiler(code, runtime, {
    unreadable: () => void code.get(start).call(runtime.unreadable).op('return'),
    divisionByZero: () => void code.get(start).call(runtime.divisionByZero).op('return'),
    missing: (reason) => void code.get(start).i32(reason).call(runtime.missing).op('return'),
    cut: undefined,
  });
  code.get(start).i32(CAPTURE_HEADER_BYTES).op('i32_add').set(part.cursor);
  part.compile(operations);
  // CaptureStatus.truncated is 1, complete is 0: the flag is the status.
  code.get(start).get(part.truncated).memory('i32_store', 0);
  code
    .get(start)
    .get(part.cursor)
    .get(start)
    .op('i32_sub')
    .i32(CAPTURE_HEADER_BYTES)
    .op('i32_sub')
    .memory('i32_store', 4);
  return code.get(part.cursor).i32(7).op('i32_add').i32(-8).op('i32_and');
}

export function readFailure(): Code {
  const code = new Code({ parameters: ['i32'], results: ['i32'] });
  code.get(0).i32(CaptureStatus.unreadable).memory('i32_store', 0);
  code.get(0).i32(8).memory('i32_store', 4);
  code.get(0).i32(0).memory('i64_load', Layout.agentAddress).memory('i64_store', CAPTURE_HEADER_BYTES);
  return code
    .get(0)
    .i32(CAPTURE_HEADER_BYTES + 8)
    .op('i32_add');
}

export function divisionFailure(): Code {
  const code = new Code({ parameters: ['i32'], results: ['i32'] });
  code.get(0).i32(CaptureStatus.divisionByZero).memory('i32_store', 0);
  code.get(0).i32(0).memory('i32_store', 4);
  return code.get(0).i32(CAPTURE_HEADER_BYTES).op('i32_add');
}

export function missingValue(): Code {
  const code = new Code({ parameters: ['i32', 'i32'], results: ['i32'] });
  code.get(0).i32(CaptureStatus.missing).memory('i32_store', 0);
  code.get(0).i32(8).memory('i32_store', 4);
  code.get(0).get(1).op('i64_extend_i32_u').memory('i64_store', CAPTURE_HEADER_BYTES);
  return code
    .get(0)
    .i32(CAPTURE_HEADER_BYTES + 8)
    .op('i32_add');
}
