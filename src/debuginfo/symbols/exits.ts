/**
 * Where control leaves a function: its `ret`s, and jumps to other functions. Of a jump whose bytes name no target, the
 * frame tells first: a function that leaves has given up its frame, so that the return address lies on top of the
 * stack. Where there never was a frame, the code tells whether it goes to a case of a switch. What can't be told is no
 * exit here, but a doubt.
 */
import { hex } from '../../base/address';
import { type FlowInstruction } from '../../base/controlFlow';
import { type AddressRange, isIn } from '../dwarf/ranges';
import { type CfaRule } from '../dwarf/cfi/row';
import { type FunctionFlow } from './functionFlow';

export interface FoundExit {
  readonly address: number;
  /** Of a jump: where to, if its bytes say it. Undefined for a `ret`. */
  readonly jump: { readonly target: number | undefined } | undefined;
}

export interface FoundExits {
  readonly exits: readonly FoundExit[];
  /** Sentences without a full stop. */
  readonly doubts: readonly string[];
}

/** What the code is read with. */
export interface ExitFacts {
  cfaAt(pc: number): CfaRule | undefined;
  /** The word of 8 bytes that the file has at an address; undefined where it has none. */
  wordAt(address: number): number | undefined;
}

/** So many instructions in front of a jump may prepare its target. */
const MAX_LOOK_BACK = 8;

/** DWARF's number of rsp (System V ABI x86-64, figure 3.36). */
const RSP = 7;
/** A return address. */
const WORD = 8;

/** All exits of the function whose code takes `ranges`. */
export function exitsOf(flow: FunctionFlow, ranges: readonly AddressRange[], facts: ExitFacts): FoundExits {
  const exits: FoundExit[] = [];
  const doubts: string[] = [];
  for (const instruction of flow.instructions) {
    const { kind, address, target } = instruction;
    const leaves = target !== undefined && !isIn(ranges, target);
    if (kind === 'return') exits.push({ address, jump: undefined });
    else if (kind === 'jump' && leaves) exits.push({ address, jump: { target } });
    else if (kind === 'branch' && leaves) {
      doubts.push(`the conditional jump at ${hex(address)} leaves it at times: returns that way are not counted`);
    } else if (kind === 'indirect') {
      const goes = whereTo(flow, ranges, instruction, facts);
      if (goes === 'away') exits.push({ address, jump: { target: undefined } });
      else if (goes === 'unknown') {
        doubts.push(`the jump at ${hex(address)} may leave it or not: returns that way are not counted`);
      }
    }
  }
  return { exits, doubts };
}

function whereTo(
  flow: FunctionFlow,
  ranges: readonly AddressRange[],
  jump: FlowInstruction,
  facts: ExitFacts,
): 'away' | 'within' | 'unknown' {
  if (hasFrameAt(jump.address, facts) && isFrameExact(flow, facts)) return 'within';
  for (const { selects } of preparing(flow, jump)) {
    if (selects?.kind === 'slot' && jump.selects === selects) return 'away';
    if (selects?.kind === 'cases') return 'within';
    if (selects?.kind !== 'addresses') continue;
    const first = facts.wordAt(selects.table);
    // What the file has not is written when the program is loaded.
    return first === undefined || first === 0 ? 'unknown' : isIn(ranges, first) ? 'within' : 'away';
  }
  // Where every instruction is led to by another one, none is left for the jump to go to.
  return flow.hasCases ? 'unknown' : 'away';
}

function hasFrameAt(address: number, facts: ExitFacts): boolean {
  const cfa = facts.cfaAt(address);
  return cfa !== undefined && !(cfa.kind === 'register' && cfa.register === RSP && cfa.offset === WORD);
}

/** Some compilers describe no frame's end: theirs seem to have one when they return. */
function isFrameExact(flow: FunctionFlow, facts: ExitFacts): boolean {
  return flow.instructions.every(({ kind, address }) => kind !== 'return' || !hasFrameAt(address, facts));
}

/** The jump and what runs right before it, from the jump on backwards. */
function* preparing(flow: FunctionFlow, jump: FlowInstruction): IterableIterator<FlowInstruction> {
  let at: FlowInstruction | undefined = jump;
  for (let count = 0; at && count < MAX_LOOK_BACK; count++) {
    yield at;
    at = flow.before(at.address);
  }
}
