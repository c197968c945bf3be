/** What a program's file says besides its debug information: nothing, but that all addresses above 0 are code. */
import { type ProgramFacts } from '../../src/debuginfo/symbols/program';

export const NO_FACTS: ProgramFacts = {
  isCode: (address) => address > 0,
  unwindRowAt: () => undefined,
  dataSymbol: () => undefined,
  functionSymbol: () => undefined,
  linked: {
    importedData: () => undefined,
    ownData: () => undefined,
    importedThreadLocal: () => undefined,
    ownThreadLocal: () => undefined,
  },
  threadLocalSymbol: () => undefined,
  threadBlock: undefined,
  threadOffset: (value) => value,
  instructions: () => undefined,
};
