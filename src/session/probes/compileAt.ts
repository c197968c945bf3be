/**
 * A probe's program for one address, where names mean what they mean there. A template's instance or another copy of a
 * function may lack what the message or the condition needs: such a place still counts its hits, so that missing
 * reports are not mistaken for missing hits.
 */
import { type Address, linkAddress } from '../../base/address';
import { SidestepError } from '../../base/errors';
import { type AgentOperation } from '../../contract/agent/operations';
import { emptyScope } from '../../debuginfo/model/model';
import { compileProbe, type CompiledProbe, type UnfoldedMessage } from '../../language/compileProbe';
import { type Visualizers } from '../../language/natvis/ast';
import { type ProbeSpec } from '../../language/probes/spec';
import { type FoundPlace } from './foundPlace';

/** What a place counts that can't report. */
export interface CountingProgram {
  readonly compiled: CompiledProbe;
  /** Why nothing is reported there. */
  readonly problem: string;
}

/** Ends in a division by zero, so that each hit is counted as one whose condition could not be evaluated. */
const NEVER_EVALUATED: readonly AgentOperation[] = [
  { op: 'const', value: 1n },
  { op: 'const', value: 0n },
  { op: 'divU' },
];

const NO_MESSAGE: UnfoldedMessage = { text: '', values: [] };
/** What counts where nothing need be known: the same for every place. */
const COUNTING: CompiledProbe = compileProbe({ kind: 'count' }, emptyScope(linkAddress(0n)), 0n);

/** Throws `syntax`, `type` or `unknown-name`, and what is wrong with debug information. */
export function compileAt(
  spec: Pick<ProbeSpec, 'kind' | 'message' | 'condition' | 'location'>,
  { module, function: name, leaving }: FoundPlace,
  address: Address,
  visualizers?: Visualizers,
): CompiledProbe {
  if (spec.kind === 'count' && spec.condition === undefined) return COUNTING;
  if (module === undefined) return compileProbe(spec, emptyScope(linkAddress(address)), 0n);
  const scope = module.image.scopeAt(module.toLink(address), name);
  return compileProbe(spec, scope, module.bias, { leaving, visualizers });
}

/**
 * What counts at a place where `mistake` keeps the probe from reporting: matches too, if the condition has a meaning
 * there.
 */
export function compileForCounting(
  { location, condition }: ProbeSpec,
  place: FoundPlace,
  address: Address,
  mistake: SidestepError,
): CountingProgram {
  try {
    const compiled = compileAt(
      { kind: 'count', location, ...(condition !== undefined && { condition }) },
      place,
      address,
    );
    return { compiled, problem: `the message can't be shown here: ${mistake.message}` };
  } catch (error) {
    if (!(error instanceof SidestepError)) throw error;
    const agent = { captures: [], ...(condition !== undefined && { condition: NEVER_EVALUATED }) };
    return {
      compiled: { agent, render: () => '', renderPrintable: () => '', unfold: () => NO_MESSAGE, warnings: [] },
      problem: `the condition can't be evaluated here: ${error.message}`,
    };
  }
}
