/**
 * Where control leaves a function: its `ret`s, and jumps to other functions. Of a jump whose bytes name no target, the
 * frame tells first: a function that leaves has given up its frame, so that the return address lies on top of the
 * stack. Where there never was a frame, the code tells whether it goes to a case of a switch. What can't be told is no
 * exit here, but a doubt.
 */
import { hex } from '../../base/address';
import { type FlowInstruction, type JumpSource } from '../../base/controlFlow';
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
  /** The word of 8 bytes that the program has at an address as it is loaded; undefined where nothing tells. */
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
  if (hasFrameAt(jump.address, facts) && isFrameExact(flow, ranges, facts)) return 'within';
  if (jump.selects?.kind === 'slot') return 'away';
  const source = sourceOf(flow, jump);
  if (source?.kind === 'cases') return 'within';
  if (source?.kind === 'addresses')
    return source.table === undefined ? 'unknown' : whatLiesAt(source.table, ranges, facts);
  // Where every instruction is led to by another one, none is left for the jump to go to.
  return flow.hasCases ? 'unknown' : 'away';
}

/**
 * The table that the jump's target is from, if what runs right before it shows one. The target is a register, or a sum
 * of registers: what sets them is followed backwards.
 */
function sourceOf(flow: FunctionFlow, jump: FlowInstruction): JumpSource | undefined {
  const sought = new Set<number>();
  let needsTable = false;
  if (jump.selects?.kind === 'register') sought.add(jump.selects.register);
  else if (jump.selects?.kind !== 'addresses' || jump.selects.table !== undefined) return jump.selects;
  else needsTable = true;
  let at = flow.before(jump.address);
  for (let count = 0; at && count < MAX_LOOK_BACK; count++, at = flow.before(at.address)) {
    const { selects, sets, adds, constant } = at;
    if (needsTable && constant !== undefined) return { kind: 'addresses', table: constant };
    if (sets === undefined || !sought.has(sets)) continue;
    if (selects?.kind === 'cases') return selects;
    if (selects?.kind === 'addresses') {
      if (selects.table !== undefined) return selects;
      needsTable = true;
    }
    if (adds === undefined) sought.delete(sets);
    else sought.add(adds);
    if (sought.size === 0 && !needsTable) return undefined;
  }
  return needsTable ? { kind: 'addresses', table: undefined } : undefined;
}

/** Of what a table has the addresses. */
function whatLiesAt(table: number, ranges: readonly AddressRange[], facts: ExitFacts): 'away' | 'within' | 'unknown' {
  const first = facts.wordAt(table);
  // What the file has not is written when the program is loaded.
  if (first === undefined || first === 0) return 'unknown';
  return isIn(ranges, first) ? 'within' : 'away';
}

function hasFrameAt(address: number, facts: ExitFacts): boolean {
  const cfa = facts.cfaAt(address);
  return cfa !== undefined && !(cfa.kind === 'register' && cfa.register === RSP && cfa.offset === WORD);
}

/** Some compilers describe no frame's end: theirs seem to have one when they return. */
function isFrameExact(flow: FunctionFlow, ranges: readonly AddressRange[], facts: ExitFacts): boolean {
  const ends = flow.instructions.filter(
    ({ kind, target }) => kind === 'return' || (kind === 'jump' && target !== undefined && !isIn(ranges, target)),
  );
  return ends.length > 0 && ends.every(({ address }) => !hasFrameAt(address, facts));
}
