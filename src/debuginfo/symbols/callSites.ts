/** The calls that one unit describes (DWARF 5 §3.4; GNU's before): where they return to, and what they pass. */
import { AT, OP, TAG } from '../dwarf/constants';
import { ifWellFormed } from '../dwarf/debugInfo';
import { Entry } from '../dwarf/entry';
import { type Unit } from '../dwarf/unit';
import { origins } from './names';

export interface CallSite {
  /** The out-of-line function that calls. */
  readonly caller: Entry;
  /** The function that is called; undefined for an indirect call. */
  readonly callee: Entry | undefined;
  /** The address after the call, where the callee returns to. */
  readonly returnAddress: number | undefined;
  /** A jump: the callee returns to the caller's caller. */
  readonly isTailCall: boolean;
  readonly entry: Entry;
}

/** Calls of a unit. */
export function callSitesIn(unit: Unit): CallSite[] {
  const { entries } = unit;
  const sites: CallSite[] = [];
  for (let index = 1; index < entries.length; index++) {
    const tag = entries.tags[index];
    if (tag !== TAG.call_site && tag !== TAG.GNU_call_site) continue;
    const site = ifWellFormed(() => readCallSite(Entry.of(entries, index)));
    if (site) sites.push(site);
  }
  return sites;
}

function readCallSite(entry: Entry): CallSite | undefined {
  let caller = entry.parent;
  while (caller && caller.tag !== TAG.subprogram) caller = caller.parent;
  if (!caller) return undefined;
  const isOld = entry.tag === TAG.GNU_call_site;
  return {
    caller,
    callee: entry.reference(isOld ? AT.abstract_origin : AT.call_origin),
    returnAddress: entry.address(isOld ? AT.low_pc : AT.call_return_pc),
    isTailCall: entry.flag(AT.call_tail_call) || entry.flag(AT.GNU_tail_call),
    entry,
  };
}

/** The expression, in the caller's frame, of what the call passes in a DWARF register; undefined where none says. */
export function passedIn({ entry }: CallSite, register: number): Uint8Array | undefined {
  for (const child of entry.children()) {
    if (child.tag !== TAG.call_site_parameter && child.tag !== TAG.GNU_call_site_parameter) continue;
    const location = child.attribute(AT.location)?.block();
    if (location?.length === 1 && location[0] === OP.reg0 + register) {
      return (child.attribute(AT.call_value) ?? child.attribute(AT.GNU_call_site_value))?.block();
    }
  }
  return undefined;
}

/** Whether all calls that a function makes by a jump are described. */
export function hasAllTailCalls(subprogram: Entry): boolean {
  const flags = [AT.call_all_calls, AT.call_all_tail_calls, AT.GNU_all_call_sites, AT.GNU_all_tail_call_sites];
  return [...origins(subprogram)].some((entry) => flags.some((flag) => entry.flag(flag)));
}
