/** A value that formatters show, as a message has it: one capture, and the tree that it becomes. */
import { type AgentOperation, AGENT_LIMITS, CaptureStatus, FRAME_HEADER_BYTES } from '../../contract/agent/operations';
import { type Scope } from '../../debuginfo/model/model';
import { mainOf, type Showing, type ShownValue } from '../compile/shown';
import { ValueCompiler } from '../compile/value';
import { type Visualizers } from '../natvis/ast';
import { type Typed } from '../typed/tree';
import { leaf } from '../value/node';
import { FormatterVariables } from './environment';
import { Ended, type FailureText, FrameReader } from './frames';
import { Planner } from './planner';
import { type ValueFormat } from './specifier';

/** Bytes that a frame has beside its own: its header, and what it would have if it failed. */
const FRAME_BYTES = FRAME_HEADER_BYTES + 8;

/** Plans values with formatters; those without are for others to show. */
export class FormattedValues {
  /** A message is planned twice, with the same values: see `CaptureBudget`. */
  readonly #planned = new Map<Typed, ReturnType<FormattedValues['plan']>>();

  constructor(
    readonly visualizers: Visualizers,
    readonly scope: Scope,
  ) {}

  /** Undefined for a value that no formatter is about. */
  shown(node: Typed, format: ValueFormat, { compiler, budget }: Showing): ShownValue | undefined {
    const planned = this.#planned.get(node) ?? this.plan(node, format, compiler);
    this.#planned.set(node, planned);
    if (planned === undefined) return undefined;
    const bytes = Math.max(FRAME_BYTES, budget.forValue(planned.bytes));
    const failureText: FailureText = (status, value) => {
      if (status === CaptureStatus.divisionByZero) return '<division by zero>';
      return status === CaptureStatus.missing
        ? compiler.reasons.textOf(Number(value))
        : `<not readable: 0x${value.toString(16)}>`;
    };
    return {
      captures: [[{ op: 'room', bytes }, ...planned.operations]],
      node: (captures) => {
        const input = FrameReader.of(mainOf(captures), failureText);
        try {
          return planned.read(input);
        } catch (thrown) {
          if (thrown instanceof Ended) return leaf(thrown.reason, { type: node.type });
          throw thrown;
        }
      },
    };
  }

  plan(node: Typed, format: ValueFormat, { bias, reasons, locate }: ValueCompiler) {
    const variables = new FormatterVariables();
    const compiler = new ValueCompiler(bias, reasons, locate, variables);
    const planner = new Planner(compiler, variables, this.visualizers, this.scope);
    if (!planner.isFormatted(node, format)) return undefined;
    const read = planner.value(node, format, 0);
    const { operations } = planner.out;
    return { operations, read, bytes: mostBytes(operations) };
  }
}

/** What a plan can capture; of one that loops, as much as there is. */
function mostBytes(operations: readonly AgentOperation[]): number {
  let bytes = 0;
  for (const operation of operations) {
    if (operation.op === 'loop') return AGENT_LIMITS.captureBytes;
    if (operation.op === 'frame') bytes += FRAME_BYTES;
    else if (operation.op === 'capture' || operation.op === 'captureMemory') bytes += operation.size;
    else if (operation.op === 'captureString' || operation.op === 'captureSlice') bytes += operation.limit;
  }
  return Math.min(bytes, AGENT_LIMITS.captureBytes);
}
