/**
 * Where calls of a function begin and end, in every copy of its code. A copy that was inlined has no end of its own:
 * its last instructions are mixed with its caller's. Neither has a call that an exception or longjmp(3) ends.
 */
import { linkAddress } from '../base/address';
import { type FlowInstruction } from '../base/controlFlow';
import { readableName } from './elf/readableName';
import { type Symbols } from './elf/symbols';
import { TAG } from './dwarf/constants';
import { type Entry } from './dwarf/entry';
import { type AddressRange, entryRanges, isIn } from './dwarf/ranges';
import { type FunctionFinder } from './functionFinder';
import { type Exit, type ExitPlace, type EntryPlace, type FunctionReturns, type SourceLine } from './model/model';
import { entryAddress, innermostFunction } from './symbols/blocks';
import { DOUBTS } from './symbols/doubts';
import { type ExitFacts, exitsOf } from './symbols/exits';
import { frameAtEntry, frameAtExit } from './symbols/frameKey';
import { FunctionFlow } from './symbols/functionFlow';
import { functionInstances } from './symbols/functionInstances';
import { qualifiedNameOf } from './symbols/names';
import { bestOf } from './symbols/places';
import { type Program } from './symbols/program';
import { returnedOf } from './symbols/returned';
import { type Types } from './symbols/types';

/** One copy of the function that has code of its own. */
interface Copy {
  readonly entry: number;
  readonly name: string | undefined;
  readonly ranges: readonly AddressRange[];
  /** Undefined where its code can't be read. */
  readonly flow: FunctionFlow | undefined;
  readonly subprogram: Entry | undefined;
  readonly doubt: string | undefined;
}

/** GCC and LLVM put what hardly runs into a part of its own, with this after the function's name. */
const COLD = /\.cold(?:\.\d+)?$/;

/** What of the doubts about calls is one about their returns. */
const OF_RETURNS: ReadonlySet<string> = new Set([DOUBTS.recursion, DOUBTS.inlinedRecursion]);

export class ReturnFinder {
  readonly #functions: FunctionFinder;
  readonly #symbols: Symbols;
  readonly #program: Program;
  readonly #types: Types;
  readonly #facts: ExitFacts;

  constructor(functions: FunctionFinder, symbols: Symbols, program: Program, types: Types, facts: ExitFacts) {
    this.#functions = functions;
    this.#symbols = symbols;
    this.#program = program;
    this.#types = types;
    this.#facts = facts;
  }

  /** Throws as {@link FunctionFinder.find} does. No exits and no doubts: there is no such function. */
  find(name: string): FunctionReturns {
    const instances = functionInstances(this.#program, name);
    const inlined = instances.filter(({ tag }) => tag !== TAG.subprogram);
    return this.#returnsOf(this.#copies(name, instances), inlined.length);
  }

  /** The same of the functions that have code at these addresses. */
  findAround(addresses: readonly number[]): FunctionReturns {
    const copies = new Map<number, Copy>();
    const inlined = new Set<number>();
    for (const address of addresses) {
      const chain = this.#program.blocksAt(address);
      const innermost = chain.length > 0 ? innermostFunction(chain) : undefined;
      const copy = innermost ? this.#described(innermost) : this.#bySymbol(address);
      if (innermost && innermost.tag !== TAG.subprogram) inlined.add(innermost.key);
      else if (copy) copies.set(copy.entry, copy);
    }
    return this.#returnsOf([...copies.values()], inlined.size);
  }

  #returnsOf(copies: readonly Copy[], inlined: number): FunctionReturns {
    const doubts = new Set<string>();
    if (inlined > 0) doubts.add(inlinedText(inlined));
    const exits: ExitPlace[] = [];
    const entries: EntryPlace[] = [];
    for (const [index, copy] of copies.entries()) {
      if (copy.doubt !== undefined) doubts.add(copy.doubt);
      for (const doubt of this.#add(copy, index, exits, entries)) doubts.add(doubt);
    }
    return { exits, entries, doubts: [...doubts] };
  }

  #copies(name: string, instances: readonly Entry[]): readonly Copy[] {
    const copies = new Map<number, Copy>();
    const add = (copy: Copy | undefined): void => {
      if (copy && !copies.has(copy.entry)) copies.set(copy.entry, copy);
    };
    for (const instance of instances) if (instance.tag === TAG.subprogram) add(this.#described(instance));
    const isKnown = (address: number): boolean => instances.some((entry) => isIn(entryRanges(entry), address));
    for (const place of this.#functions.find(name)) {
      const address = Number(bestOf(place));
      if (isKnown(address)) {
        const copy = copies.get(this.#entryOf(address) ?? -1);
        if (copy && place.doubt !== undefined && OF_RETURNS.has(place.doubt))
          copies.set(copy.entry, { ...copy, doubt: place.doubt });
        continue;
      }
      const subprogram = this.#program.functionAt(address);
      const copy = subprogram ? this.#described(subprogram) : this.#bySymbol(address);
      add(copy && { ...copy, name: place.function ?? copy.name, doubt: place.doubt });
    }
    return [...copies.values()];
  }

  #entryOf(address: number): number | undefined {
    const subprogram = this.#program.functionAt(address);
    return subprogram && entryAddress(subprogram);
  }

  #described(subprogram: Entry): Copy | undefined {
    const entry = entryAddress(subprogram);
    if (entry === undefined) return undefined;
    const flow = this.#program.flowOf(subprogram);
    const ranges = entryRanges(subprogram);
    return { entry, name: qualifiedNameOf(subprogram), ranges, flow, subprogram, doubt: undefined };
  }

  /** A function without debug information: its symbol says how long it is, and which part was put aside. */
  #bySymbol(address: number): Copy | undefined {
    const entry = this.#program.facts.functionSymbol(address)?.address ?? address;
    const size = this.#sizeAt(entry);
    const [symbol] = this.#symbols.at(entry);
    const name = symbol && (readableName(symbol.name) ?? symbol.name);
    const ranges: AddressRange[] = size > 0 ? [{ low: entry, high: entry + size }] : [];
    const parts: (readonly FlowInstruction[])[] = [];
    for (let at = 0; at < ranges.length; at++) {
      const range = ranges[at] as AddressRange;
      const part = this.#program.facts.instructions(range.low, range.high);
      if (part === undefined) return { entry, name, ranges, flow: undefined, subprogram: undefined, doubt: undefined };
      parts.push(part);
      for (const { target } of part) {
        if (target === undefined || isIn(ranges, target)) continue;
        const cold = this.#coldPart(target, symbol?.name);
        if (cold) ranges.push(cold);
      }
    }
    const instructions = parts.flat().sort((a, b) => a.address - b.address);
    const flow = instructions.length > 0 ? new FunctionFlow(instructions, entry) : undefined;
    return { entry, name, ranges, flow, subprogram: undefined, doubt: undefined };
  }

  #sizeAt(address: number): number {
    return Math.max(0, ...this.#symbols.at(address).map(({ size }) => size));
  }

  /** The part of the function `of` that was put aside, if the code at `address` is of that. */
  #coldPart(address: number, of: string | undefined): AddressRange | undefined {
    const symbol = this.#symbols.functionAt(address);
    if (symbol === undefined || symbol.size === 0 || !COLD.test(symbol.name)) return undefined;
    if (symbol.name.replace(COLD, '') !== of?.replace(COLD, '')) return undefined;
    return { low: symbol.address, high: symbol.address + symbol.size };
  }

  /** Adds the exits and the entry of a copy; gives what may be missed. */
  #add(copy: Copy, index: number, exits: ExitPlace[], entries: EntryPlace[]): readonly string[] {
    const { flow, entry, ranges, subprogram } = copy;
    const name = copy.name ?? 'it';
    if (flow === undefined) return [`the code of ${name} can't be read whole: where it returns is not known`];
    if (flow.instructions.some(({ kind }) => kind === 'invalid')) {
      return [`${name} has data among its code: where it returns is not known`];
    }
    const found = exitsOf(flow, ranges, this.#facts);
    const frame = frameAtEntry(this.#program, { entry, flow, subprogram });
    if (frame) entries.push({ ...frame, copy: index });
    const returned = subprogram && returnedOf(this.#program, this.#types, subprogram, this.#symbols.at(entry));
    for (const { address, jump } of found.exits) {
      const exit: Exit = jump ? { kind: 'tailJump', to: this.#nameAt(jump.target) } : { kind: 'return' };
      exits.push({
        address: linkAddress(address),
        exit,
        function: copy.name,
        line: this.#lineAt(subprogram, address),
        copy: index,
        frame: frame && frameAtExit(subprogram),
        returned,
      });
    }
    if (found.exits.length > 0 || found.doubts.length > 0) return found.doubts;
    return [`${name} never returns by itself`];
  }

  #lineAt(subprogram: Entry | undefined, address: number): SourceLine | undefined {
    const table = subprogram && this.#program.lines.tableOf(subprogram.unit);
    const row = table?.rowAt(address);
    return table && row !== undefined ? this.#program.lines.lineOfRow(table, row) : undefined;
  }

  #nameAt(target: number | undefined): string | undefined {
    if (target === undefined) return undefined;
    const known = this.#program.functionAt(target);
    if (known && entryAddress(known) === target) return qualifiedNameOf(known);
    const [symbol] = this.#symbols.at(target);
    return symbol && (readableName(symbol.name) ?? symbol.name);
  }
}

function inlinedText(count: number): string {
  const copies = count === 1 ? 'one copy of it was inlined and has' : `${count} copies of it were inlined and have`;
  return `${copies} no return: calls that run there are not counted`;
}
