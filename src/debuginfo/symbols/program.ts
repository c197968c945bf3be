/**
 * What all questions about one program start from: its debug information with the indexes over it, made when first needed. Also
 * what the questions need of the ELF file itself, so that nothing else here knows of it.
 */
import { type DebugInfo } from '../dwarf/debugInfo';
import { type Entry } from '../dwarf/entry';
import { type CfaRule } from '../dwarf/frame';
import { type Unit } from '../dwarf/unit';
import { type ThreadBlock } from '../model';
import { blocksAt } from './blocks';
import { LineIndex } from './lineIndex';
import { UnitFinder } from './unitFinder';
import { UnitFunctions } from './unitFunctions';

export interface ProgramFacts {
  /** Whether an address is in an executable segment. */
  isCode(address: number): boolean;
  /** The CFA rule at an address, from any frame section. */
  cfaAt(pc: number): CfaRule | undefined;
  /** Address of a data symbol of the ELF file: definitions that debug information only declares. */
  dataSymbol(name: string): number | undefined;
  /** The function symbol that holds an address. */
  functionSymbol(address: number): { readonly address: number; readonly name: string } | undefined;
  /** Where a thread has the module's thread-local variables; undefined where nothing tells. */
  readonly threadBlock: ThreadBlock | undefined;
}

export class Program {
  readonly lines: LineIndex;
  readonly #finder: UnitFinder;
  readonly #functions = new Map<Unit, UnitFunctions>();

  constructor(
    readonly info: DebugInfo,
    readonly facts: ProgramFacts,
  ) {
    const isCode = facts.isCode.bind(facts);
    this.lines = new LineIndex(info, isCode);
    this.#finder = new UnitFinder(info, isCode);
  }

  /** The unit that describes the code at `address`. */
  unitAt(address: number): Unit | undefined {
    return this.#finder.unitAt(address);
  }

  functionsOf(unit: Unit): UnitFunctions {
    let functions = this.#functions.get(unit);
    if (!functions) {
      functions = new UnitFunctions(unit, this.facts.isCode.bind(this.facts));
      this.#functions.set(unit, functions);
    }
    return functions;
  }

  /** The out-of-line function at `address`. */
  functionAt(address: number): Entry | undefined {
    const unit = this.unitAt(address);
    return unit && this.functionsOf(unit).functionAt(address);
  }

  /** The function at `address` and the blocks in it around the address, outermost first; empty where nothing is known. */
  blocksAt(address: number, view?: number): Entry[] {
    const subprogram = this.functionAt(address);
    return subprogram ? blocksAt(subprogram, address, view) : [];
  }
}
