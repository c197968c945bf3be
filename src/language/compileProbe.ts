/**
 * A probe at one site: what the user wrote, compiled against what names mean there. The engine gets the agent program;
 * the text of a hit is rendered from its captures only when it is read.
 */
import { SidestepError } from '../base/errors';
import { printable, printableLines, printableName } from '../base/printable';
import { AGENT_LIMITS, type AgentOperation, type AgentProgram } from '../contract/agent/operations';
import { verifyAgent } from '../contract/agent/verify';
import { type Capture } from '../contract/hits';
import { type FrameKey, type Leaving, type Scope } from '../debuginfo/model/model';
import { CaptureBudget } from './compile/budget';
import { missingVariables } from './compile/missing';
import { Reasons } from './compile/reasons';
import { type Formatters, type HitContext, type ShownFormat, type Showing, type ShownValue } from './compile/shown';
import { showValue } from './compile/shownValue';
import { translated } from './compile/storage';
import { ValueCompiler } from './compile/value';
import { type Visualizers } from './natvis/ast';
import { type Range, relocating, typeError } from './expression/diagnostics';
import { parseExpression, type ParseOptions } from './expression/parser';
import { type ProbeLocation, type ProbeSpec } from './probes/spec';
import { parseTemplate, type TemplatePart } from './template/template';
import { tracepoint } from './tracepoint';
import { check, checkCount, checkTruth } from './checker/check';
import { completed } from './typed/members';
import { isTemplateName, isTypeName } from './checker/typeNames';
import { remembering } from './checker/rememberingScope';
import { type Typed } from './typed/tree';
import { type ValueNode } from './value/node';
import { nodeText } from './value/nodeText';
import { FormattedValues } from './visual/shownVisual';

export { checkCondition, checkMessage } from './template/syntaxCheck';
export type { HitContext } from './compile/shown';

export interface CompiledProbe {
  readonly agent: AgentProgram;
  /** Where the message shows how long the call took: the captures from this one on are the frame's key. */
  readonly frameAt?: number;
  /** The text of a hit. `captures`: those of the hit record; they may be views that do not outlive the call. */
  readonly render: (captures: readonly Capture[], context: HitContext) => string;
  /**
   * The same for a terminal or a console: what comes from the program or its files can't drive it, nor begin a line of
   * its own.
   */
  readonly renderPrintable: (captures: readonly Capture[], context: HitContext) => string;
  /** The same, with the trees that its values are. They keep what `captures` are. */
  readonly unfold: (captures: readonly Capture[], context: HitContext) => UnfoldedMessage;
  /** What the user should know before the first hit. */
  readonly warnings: readonly string[];
}

/** A message that came with a hit. */
export interface UnfoldedMessage {
  /** For a console. */
  readonly text: string;
  readonly values: readonly LabelledNode[];
}

export interface LabelledNode {
  /** As the message or the program calls it. */
  readonly label: string;
  readonly node: ValueNode;
}

export interface CompileOptions {
  /** For a site where a function returns. */
  readonly leaving?: Leaving | undefined;
  /** The formatters for values of certain types. */
  readonly visualizers?: Visualizers | undefined;
}

/**
 * Compiles a probe for the site at `place.pc`.
 * @param place what names mean there.
 * @param bias what the module is mapped above its link-time addresses.
 * Throws `syntax`, `type` or `unknown-name`; the error's section tells which text the range is in: `message` or
 * `condition`.
 */
export function compileProbe(
  spec: Pick<ProbeSpec, 'kind' | 'message' | 'condition'> & { readonly location?: ProbeLocation },
  place: Scope,
  bias: bigint,
  { leaving, visualizers }: CompileOptions = {},
): CompiledProbe {
  const scope: Scope = { ...remembering(place), ...(leaving && { leaving }) };
  const warnings: string[] = [];
  const formatters = visualizers && new FormattedValues(visualizers, scope);
  const condition = spec.condition === undefined ? undefined : compileCondition(spec.condition, scope, bias, warnings);
  const parts = spec.kind === 'count' ? [] : messageParts(spec, { scope, bias, formatters }, warnings);
  const shown = parts.flatMap((part) => (typeof part === 'string' ? [] : part.captures));
  const frame = isTimed(spec) ? keyCaptures(leaving?.frame, bias) : [];
  const captures = [...shown, ...frame];
  // Without a message, the texts between the values are names.
  const printed = { text: spec.message === undefined ? printableName : printableLines, value: printable };
  return {
    agent: { ...(condition && { condition }), captures },
    ...(frame.length > 0 && { frameAt: shown.length }),
    render: (values, context) => renderParts(parts, values, context, RAW),
    renderPrintable: (values, context) => renderParts(parts, values, context, printed),
    unfold: (values, context) => {
      const nodes: LabelledNode[] = [];
      return { text: renderParts(parts, values, context, printed, nodes), values: nodes };
    },
    warnings,
  };
}

/** Whether a probe shows how long calls took. */
export function isTimed({ kind, message }: Pick<ProbeSpec, 'kind' | 'message'>): boolean {
  return kind === 'log' && message !== undefined && /\{\s*\$duration\b/.test(message);
}

/** One capture for each number of a frame's key. */
export function keyCaptures(frame: FrameKey = [], bias: bigint): readonly (readonly AgentOperation[])[] {
  const reasons = new Reasons();
  return frame.map((number) => [...translated(number, bias, reasons), { op: 'capture', size: 8 }]);
}

function compileCondition(text: string, scope: Scope, bias: bigint, warnings: string[]): readonly AgentOperation[] {
  return inText('condition', () => {
    const expression = parseExpression(text, parseOptions(scope));
    const truth = checkTruth(expression, scope);
    for (const { name, reason } of missingVariables(truth)) {
      warnings.push(`the condition can't be evaluated at ${placeText(scope)} where it needs \`${name}\`: ${reason}`);
    }
    const condition = valueCompiler(scope, bias).value(truth);
    verified({ condition, captures: [] }, expression.range);
    return condition;
  });
}

interface Place {
  readonly scope: Scope;
  readonly bias: bigint;
  readonly formatters: Formatters | undefined;
}

function messageParts(
  { message, location }: { readonly message?: string; readonly location?: ProbeLocation },
  { scope, bias, formatters }: Place,
  warnings: string[],
): (string | ShownValue)[] {
  const compiler = valueCompiler(scope, bias);
  if (message === undefined) {
    return CaptureBudget.shareOut((budget) => tracepoint(scope, location, { compiler, budget, formatters }));
  }
  return inText('message', () => {
    const parts = parseTemplate(message, parseOptions(scope));
    const values = parts.filter(({ kind }) => kind === 'value').length;
    const room = AGENT_LIMITS.captures - (scope.leaving?.frame?.length ?? 0);
    if (values > room) {
      throw typeError(`a message can show ${room} values; this one has ${values}`, wholeOf(message));
    }
    const checked = parts.map((part) => (part.kind === 'text' ? part.text : checkedPart(part, scope, warnings)));
    const key = isTimed({ kind: 'log', message }) ? (scope.leaving?.frame ?? []) : [];
    return CaptureBudget.shareOut((budget) => {
      key.forEach(() => budget.forValue(8));
      return checked.map((part) => {
        if (typeof part === 'string') return part;
        const label = message.slice(part.range.start, part.range.end);
        return { ...shownPart(part, { compiler, budget, formatters }), label };
      });
    });
  });
}

interface CheckedPart {
  readonly node: Typed;
  readonly format: ShownFormat;
  readonly range: Range;
}

function checkedPart(
  { expression, format, range }: TemplatePart & { kind: 'value' },
  scope: Scope,
  warnings: string[],
): CheckedPart {
  const node = completed(check(expression, scope), scope);
  const count = format.count && checkCount(node, format.count, range, scope);
  for (const { name, reason } of missingVariables(node)) {
    const warning = `\`${name}\` reads ${reason}${scope.function === undefined ? '' : ` in ${scope.function}`}`;
    if (!warnings.includes(warning)) warnings.push(warning);
  }
  return { node, format: { style: format.style, count, isRaw: format.isRaw === true }, range };
}

function shownPart({ node, format, range }: CheckedPart, tools: Omit<Showing, 'style'>): ShownValue {
  const shown = showValue(node, format, tools);
  verified({ captures: shown.captures }, range);
  return shown;
}

function valueCompiler(scope: Scope, bias: bigint): ValueCompiler {
  return new ValueCompiler(bias, new Reasons(), (number) => scope.compute(number));
}

function wholeOf(text: string): Range {
  return { start: 0, end: text.length };
}

/** Whether a name in parentheses is a cast depends on what the program knows. */
function parseOptions(scope: Scope): ParseOptions {
  return {
    language: scope.language,
    isType: (name) => isTypeName(name, scope),
    isTemplate: (name) => isTemplateName(name, scope),
  };
}

/** The agent's limits are the engine's; an expression that goes beyond them is the user's to make smaller. */
function verified(program: AgentProgram, range: Range): void {
  try {
    verifyAgent(program);
  } catch (thrown) {
    if (!(thrown instanceof SidestepError)) throw thrown;
    throw typeError(`the expression is too large for a probe: ${thrown.message}`, range);
  }
}

function inText<T>(section: 'message' | 'condition', work: () => T): T {
  return relocating((range) => ({ range, section }), work);
}

/** What becomes of the texts and the values of a message. */
interface Presentation {
  readonly text: (text: string) => string;
  readonly value: (text: string) => string;
}

const RAW: Presentation = { text: (text) => text, value: (text) => text };

function renderParts(
  parts: readonly (string | ShownValue)[],
  captures: readonly Capture[],
  context: HitContext,
  present: Presentation,
  nodes?: LabelledNode[],
): string {
  let text = '';
  let next = 0;
  for (const part of parts) {
    if (typeof part === 'string') {
      text += present.text(part);
    } else {
      const end = next + part.captures.length;
      const own = captures.slice(next, end);
      // Unfolding takes the tree; a text alone may come without one.
      const plain = nodes === undefined || part.label === undefined ? part.text?.(own) : undefined;
      if (plain === undefined) {
        const node = part.node(own, context);
        text += present.value(nodeText(node));
        if (part.label !== undefined) nodes?.push({ label: part.label, node });
      } else {
        text += present.value(plain);
      }
      next = end;
    }
  }
  return text;
}

function placeText(scope: Scope): string {
  return `0x${scope.pc.toString(16)}${scope.function === undefined ? '' : ` in ${scope.function}`}`;
}
