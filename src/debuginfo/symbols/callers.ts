/**
 * What a function's parameter was when it was called (DW_OP_entry_value, DWARF 5 §2.5.1.7): the caller's description of
 * the call says what it passed (§3.4), in terms of its own frame, which call frame information gives back. Who called
 * is known at run time alone: the return address is compared with those of all calls that are described.
 */
import { type LinkAddress, linkAddress } from '../../base/address';
import { ruleOf, type UnwindRow } from '../dwarf/cfi/row';
import { AT } from '../dwarf/constants';
import { type Entry } from '../dwarf/entry';
import { programUnitsMentioning } from '../dwarf/nameSearch';
import { type Unit } from '../dwarf/unit';
import { type LocationOperation } from '../model/model';
import { type CallSite, hasAllTailCalls } from './callSites';
import { linkageNameOf, nameOf, origins } from './names';
import { type Program } from './program';
import { plus, registerItem, type StackItem, Unavailable } from './stackMachine';

/** Calls that one value is compared with; each costs some ten operations at every hit. */
const MAX_CALLS = 16;
/** Units that are looked through for calls of a function that other units see. */
const MAX_UNITS = 16;

/** Bytes of .debug_info that are searched for such units: some hundredths of a second. */
const MAX_SEARCHED = 1 << 26;

const RSP = 7;
const RETURN_ADDRESS = 16;
/** Registers that a function gives back as they were (System V ABI for x86-64 §3.2.1): rbx, rbp, r12 to r15. */
const PRESERVED: ReadonlySet<number> = new Set([3, 6, 12, 13, 14, 15]);

const OPTIMIZED_OUT = '<optimized out>';

/** Where the frame of the called function is. */
export interface CalledFrame {
  readonly row: UnwindRow;
  readonly cfa: StackItem;
}

/** Calls of a function that return, and so tell by their return address that they were made. */
export function callsOf(program: Program, subprogram: Entry): readonly CallSite[] {
  return program.callsOf(subprogram, () => findCalls(program, subprogram));
}

function findCalls(program: Program, subprogram: Entry): readonly CallSite[] {
  const keys = new Set([...origins(subprogram)].map(({ key }) => key));
  const isCallee = ({ callee }: CallSite): boolean =>
    callee !== undefined && [...origins(callee)].some(({ key }) => keys.has(key));
  const own = program.callSitesOf(subprogram.unit).filter(isCallee);
  const elsewhere = otherUnits(program, subprogram).flatMap((unit) =>
    program.callSitesOf(unit).filter(({ callee }) => callee !== undefined && isSameFunction(callee, subprogram)),
  );
  return [...own, ...elsewhere].filter(({ isTailCall }) => !isTailCall);
}

/** Whether a call by a jump may have entered the function anew, with other parameters: it makes such calls. */
export function mayReenter(program: Program, subprogram: Entry): boolean {
  if (!hasAllTailCalls(subprogram)) return true;
  const sites = program.callSitesOf(subprogram.unit);
  return sites.some(({ caller, isTailCall }) => isTailCall && caller.key === subprogram.key);
}

/** Operations of the caller's frame in terms of the frame that it called. Throws {@link Unavailable}. */
export function inCalledFrame(
  operations: readonly LocationOperation[],
  frame: CalledFrame,
): readonly LocationOperation[] {
  return operations.flatMap((operation) => {
    if (operation.op === 'register') return callersRegister(operation.register, frame);
    if (operation.op !== 'choose') return [operation];
    const { then, otherwise } = operation;
    return [{ ...operation, then: inCalledFrame(then, frame), otherwise: inCalledFrame(otherwise, frame) }];
  });
}

/** The value that one of the calls passed, by the return address. */
export function byReturnAddress(
  values: readonly { readonly returnAddress: number; readonly operations: readonly LocationOperation[] }[],
  frame: CalledFrame,
): readonly LocationOperation[] {
  if (values.length === 0 || values.length > MAX_CALLS) throw new Unavailable(OPTIMIZED_OUT);
  const returned = callersRegister(RETURN_ADDRESS, frame);
  let result: readonly LocationOperation[] = [{ op: 'missing', reason: OPTIMIZED_OUT }];
  for (const { returnAddress, operations } of values) {
    const address: LinkAddress = linkAddress(returnAddress);
    result = [
      ...returned,
      { op: 'address', address },
      { op: 'eq' },
      { op: 'choose', then: operations, otherwise: result },
    ];
  }
  return result;
}

function callersRegister(register: number, { row, cfa }: CalledFrame): readonly LocationOperation[] {
  const rule = ruleOf(row, register);
  switch (rule.kind) {
    case 'offset':
      return [...plus(cfa, BigInt(rule.offset)).operations, { op: 'load', size: 8 }];
    case 'valueOffset':
      return plus(cfa, BigInt(rule.offset)).operations;
    case 'sameValue':
      return registerItem(register).operations;
    case 'register':
      return registerItem(rule.register).operations;
    case 'architectural':
      if (register === RSP) return cfa.operations;
      if (PRESERVED.has(register)) return registerItem(register).operations;
      throw new Unavailable(OPTIMIZED_OUT);
    default:
      throw new Unavailable(OPTIMIZED_OUT);
  }
}

/** Units other than its own that may call a function. */
function otherUnits(program: Program, subprogram: Entry): readonly Unit[] {
  const isExternal = [...origins(subprogram)].some((entry) => entry.flag(AT.external));
  const name = isExternal ? nameOf(subprogram) : undefined;
  if (name === undefined || program.info.sections.reader('.debug_info').end > MAX_SEARCHED) return [];
  const units = programUnitsMentioning(program.info, program.split, name).filter((unit) => unit !== subprogram.unit);
  return units.length <= MAX_UNITS ? units : [];
}

/** Whether a declaration in another unit is of this function: one symbol. */
function isSameFunction(declared: Entry, subprogram: Entry): boolean {
  if (![...origins(declared)].some((entry) => entry.flag(AT.external))) return false;
  const symbol = (entry: Entry): string | undefined => linkageNameOf(entry) ?? nameOf(entry);
  return symbol(declared) === symbol(subprogram);
}
