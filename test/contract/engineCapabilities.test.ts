import assert from 'node:assert/strict';
import { CONTRACT_VERSION, refusalOfEngine, type ReadyEvent } from '../../src/contract/engineCapabilities';

const READY: ReadyEvent = {
  event: 'ready',
  contract: CONTRACT_VERSION,
  enginePid: 7,
  capabilities: {
    kind: 'ptrace',
    follow: ['none', 'children'],
    onHit: ['report', 'count', 'hold', 'trace'],
    captures: ['general', 'vector'],
    executions: ['emulated', 'surrogate', 'twin'],
    isRoot: false,
  },
};

describe('an engine', () => {
  it('of this contract is accepted, whatever it can do', () => {
    assert.equal(refusalOfEngine(READY), undefined);
    const capabilities = { ...READY.capabilities, follow: [], onHit: [], captures: [], executions: [] };
    assert.equal(refusalOfEngine({ ...READY, capabilities }), undefined);
  });

  for (const contract of [CONTRACT_VERSION - 1, CONTRACT_VERSION + 1, undefined, `${CONTRACT_VERSION}`]) {
    it(`that names ${typeof contract} ${contract} as its contract is refused, with what to do`, () => {
      const refusal = refusalOfEngine({ event: 'ready', contract });
      assert.equal(refusal?.code, 'engine-protocol');
      assert.match(refusal.message, new RegExp(`another build .* this build has ${CONTRACT_VERSION}`));
      assert.match(refusal.advice ?? '', /install Sidestep anew/);
    });
  }

  it('of this contract that says anything else than what it is, is refused', () => {
    const { capabilities } = READY;
    const cases: readonly (readonly [object, RegExp])[] = [
      [{ ...READY, enginePid: 0 }, /enginePid/],
      [{ ...READY, capabilities: [] }, /capabilities must be an object/],
      [{ ...READY, capabilities: { ...capabilities, kind: 'magic' } }, /capabilities\.kind must be "ptrace"/],
      [{ ...READY, capabilities: { ...capabilities, isRoot: 1 } }, /capabilities\.isRoot must be true or false/],
      [{ ...READY, capabilities: { ...capabilities, follow: 'none' } }, /capabilities\.follow must be a list/],
      [{ ...READY, capabilities: { ...capabilities, executions: ['guessed'] } }, /executions\[0\]/],
    ];
    for (const [said, reason] of cases) {
      const refusal = refusalOfEngine({ event: 'ready', contract: CONTRACT_VERSION, ...said });
      assert.match(refusal?.message ?? 'accepted', reason);
    }
  });
});
