/**
 * By what an entry and an exit of a function are known to be of one call: where the return address lies. It is on top
 * of the stack when the first instruction runs, and again when a `ret` does, or a jump to another function. Of calls
 * that run at a time, no two have theirs in one place, on whatever threads and stacks they are.
 *
 * Go moves stacks while functions run on them (runtime.copystack): the distance from the stack's upper end,
 * g.stack.hi, stays the same, and so does the goroutine g, which R14 points to (the Go internal ABI specification,
 * amd64). Its functions start over when their stack was too short, so they are entered after their prologue.
 */
import { type LinkAddress, linkAddress } from '../../base/address';
import { type Entry } from '../dwarf/entry';
import { type FrameKey, type LocationOperation } from '../model/model';
import { callAddress } from './calls';
import { type FunctionFlow } from './functionFlow';
import { languageOf } from './names';
import { type Program } from './program';

/** DWARF's numbers (System V ABI x86-64, figure 3.36). */
const RSP = 7;
const R14 = 14;
const WORD = 8n;
/** Of `stack.hi` in runtime.g. */
const STACK_HI = 8n;

const RETURN_SLOT: readonly LocationOperation[] = [{ op: 'register', register: RSP }];
const GOROUTINE: readonly LocationOperation[] = [{ op: 'register', register: R14 }];

/** Where calls of a copy pass exactly once, and the frame there; undefined where no address is known to be such. */
export function frameAtEntry(
  program: Program,
  copy: { readonly entry: number; readonly flow: FunctionFlow; readonly subprogram: Entry | undefined },
): { readonly address: LinkAddress; readonly frame: FrameKey } | undefined {
  const { entry, flow, subprogram } = copy;
  const isGo = subprogram !== undefined && languageOf(subprogram.unit) === 'go';
  const isEnteredAgain = flow.predecessors(entry).some((from) => flow.at(from)?.kind !== 'pad');
  if (!isEnteredAgain) return { address: linkAddress(entry), frame: keyOf(RETURN_SLOT, isGo) };
  if (!subprogram) return undefined;
  const call = callAddress(program, subprogram, program.lines.tableOf(subprogram.unit));
  if (!call || call.doubt !== undefined) return undefined;
  const rule = program.facts.unwindRowAt(call.address)?.cfa;
  if (rule?.kind !== 'register') return undefined;
  const { register, offset } = rule;
  const slot: readonly LocationOperation[] = [
    { op: 'register', register },
    { op: 'const', value: BigInt.asUintN(64, BigInt(offset) - WORD) },
    { op: 'add' },
  ];
  return { address: linkAddress(call.address), frame: keyOf(slot, isGo) };
}

export function frameAtExit(subprogram: Entry | undefined): FrameKey {
  return keyOf(RETURN_SLOT, subprogram !== undefined && languageOf(subprogram.unit) === 'go');
}

function keyOf(slot: readonly LocationOperation[], isGo: boolean): FrameKey {
  if (!isGo) return [slot];
  const upperEnd: readonly LocationOperation[] = [
    ...GOROUTINE,
    { op: 'const', value: STACK_HI },
    { op: 'add' },
    { op: 'load', size: 8 },
  ];
  return [GOROUTINE, [...upperEnd, ...slot, { op: 'sub' }]];
}
