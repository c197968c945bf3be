/** What the engine's tests have in common: an engine for each test, and nothing left of it afterwards. */
import assert from 'node:assert/strict';
import { EngineClient } from './engineClient';
import { Target } from './target';

/** Gives each test of the suite a fresh engine; {@link endAfterEach} included. */
export function engineForEach(use: (client: EngineClient) => void): void {
  endAfterEach();
  beforeEach(() => use(new EngineClient()));
}

/**
 * After each test of the suite: all engines that it has started end, which lets go of what they trace, then its
 * targets. No engine may have printed anything.
 */
export function endAfterEach(): void {
  // What other suites have made is theirs.
  beforeEach(() => EngineClient.closeAll());
  afterEach(async () => {
    const printed = await EngineClient.closeAll();
    Target.killAll();
    assert.equal(printed, '');
  });
}
