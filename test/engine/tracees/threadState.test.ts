/** What a thread may do next: the table is that of docs/engine.md. */
import assert from 'node:assert/strict';
import { ThreadState } from '../../../src/engine/tracees/threadState';

type Sample = ThreadState<string, string>;

/** How a thread comes into each state from its first one. */
const WAYS = {
  running: () => undefined,
  held: (state) => state.hold('here'),
  'held at its start': (state) => state.hold(),
  awaitingChild: (state) => state.awaitChild(7),
  'awaitingChild, trap due': (state) => {
    state.expectTrap();
    state.awaitChild(7);
  },
  aside: (state) => state.stepAside('here'),
  onTwin: (state) => state.stepOnTwin('step'),
  trapDue: (state) => state.expectTrap(),
  groupStopped: (state) => state.stopWithGroup(),
  'groupStopped, trap due': (state) => {
    state.expectTrap();
    state.stopWithGroup();
  },
  leaving: (state) => state.leave(),
  gone: (state) => state.end(),
} as const satisfies Readonly<Record<string, (state: Sample) => void>>;

type Way = keyof typeof WAYS;

/** Every transition, and what becomes of each state that it can start from. What is not named is impossible. */
const TRANSITIONS: Readonly<
  Record<string, { readonly go: (state: Sample) => void; readonly from: Readonly<Partial<Record<Way, Way>>> }>
> = {
  'hold at a breakpoint': {
    go: (state) => state.hold('here'),
    from: { running: 'held', held: 'held', leaving: 'held' },
  },
  'hold at its start': {
    go: (state) => state.hold(),
    from: { running: 'held at its start', 'held at its start': 'held at its start', leaving: 'held at its start' },
  },
  release: { go: (state) => state.release(), from: { held: 'running', 'held at its start': 'running' } },
  awaitChild: {
    go: (state) => state.awaitChild(7),
    from: { running: 'awaitingChild', trapDue: 'awaitingChild, trap due', leaving: 'awaitingChild' },
  },
  stepAside: { go: (state) => state.stepAside('here'), from: { running: 'aside', leaving: 'aside' } },
  stepOnTwin: { go: (state) => state.stepOnTwin('step'), from: { running: 'onTwin', leaving: 'onTwin' } },
  endStep: { go: (state) => state.endStep(), from: { aside: 'running', onTwin: 'running' } },
  expectTrap: { go: (state) => state.expectTrap(), from: { running: 'trapDue', leaving: 'trapDue' } },
  takeTrap: {
    go: (state) => state.takeTrap(),
    from: { trapDue: 'running', 'awaitingChild, trap due': 'running', 'groupStopped, trap due': 'running' },
  },
  stopWithGroup: {
    go: (state) => state.stopWithGroup(),
    from: {
      running: 'groupStopped',
      trapDue: 'groupStopped, trap due',
      groupStopped: 'groupStopped',
      'groupStopped, trap due': 'groupStopped, trap due',
      leaving: 'groupStopped',
    },
  },
  endGroupStop: {
    go: (state) => state.endGroupStop(),
    from: { groupStopped: 'running', 'groupStopped, trap due': 'trapDue' },
  },
};

const ALL = Object.keys(WAYS) as Way[];
const LIVING = ALL.filter((way) => way !== 'leaving' && way !== 'gone');

function stateAfter(way: Way): Sample {
  const state: Sample = new ThreadState(4711);
  WAYS[way](state);
  return state;
}

describe('the state of a thread', () => {
  it('is running at first', () => {
    assert.deepEqual(new ThreadState(1).now, { kind: 'running' });
  });

  for (const [name, { go, from }] of Object.entries(TRANSITIONS)) {
    for (const way of ALL) {
      const to = from[way];
      it(`${name} from ${way}: ${to ?? 'impossible'}`, () => {
        const state = stateAfter(way);
        if (to === undefined) {
          const before = structuredClone(state.now);
          assert.throws(() => go(state), /^Error: internal error: thread 4711 is .+, and can't be .+ next$/);
          assert.deepEqual(state.now, before, 'and stays what it is');
        } else if (name === 'hold at a breakpoint' && way === 'held') {
          go(state);
          assert.deepEqual(state.now, { kind: 'held', holds: 2, at: 'here' });
        } else if (name === 'hold at its start' && way === 'held at its start') {
          go(state);
          assert.deepEqual(state.now, { kind: 'held', holds: 2, at: undefined });
        } else {
          go(state);
          assert.deepEqual(state.doing, stateAfter(to).now);
          assert.equal(state.now.kind === 'leaving', way === 'leaving');
        }
      });
    }
  }

  for (const way of LIVING) {
    it(`leaves from ${way}, and says what it does until then`, () => {
      const state = stateAfter(way);
      state.leave();
      assert.equal(state.now.kind, 'leaving');
      assert.deepEqual(state.doing, stateAfter(way).now);
      assert.throws(() => state.leave(), /leaving/);
      assert.throws(() => state.exec(), /leaving/);
    });

    it(`is held at the start of another program after ${way}`, () => {
      const state = stateAfter(way);
      state.exec();
      assert.deepEqual(state.now, { kind: 'held', holds: 1, at: undefined });
      assert.equal(state.isTrapDue, false);
    });
  }

  for (const way of [...LIVING, 'leaving'] as const) {
    it(`ends from ${way}, once`, () => {
      const state = stateAfter(way);
      state.end();
      assert.deepEqual(state.now, { kind: 'gone' });
      assert.throws(() => state.end(), /gone/);
      assert.throws(() => state.leave(), /gone/);
      assert.throws(() => state.exec(), /gone/);
    });
  }

  it('names both states where one can not follow the other', () => {
    const state = stateAfter('held');
    assert.throws(
      () => state.stepOnTwin('step'),
      new Error("internal error: thread 4711 is held, and can't be on a twin next"),
    );
    state.leave();
    assert.throws(
      () => state.stepAside('here'),
      new Error("internal error: thread 4711 is leaving (held), and can't be aside next"),
    );
  });

  it('goes on after as many releases as there were holds', () => {
    const state = stateAfter('held');
    state.hold('here');
    state.hold('here');
    assert.deepEqual([state.release(), state.release(), state.release()], [false, false, true]);
    assert.equal(state.now.kind, 'running');
  });

  it('is held at one place at a time', () => {
    assert.throws(() => stateAfter('held').hold('there'), /is held, and can't be held next/);
    assert.throws(() => stateAfter('held').hold(), /is held, and can't be held next/);
  });

  it('waits for one child, and for no other', () => {
    const state = stateAfter('awaitingChild');
    assert.equal(state.endWaitFor(8), false);
    assert.equal(state.now.kind, 'awaitingChild');
    assert.equal(state.endWaitFor(7), true);
    assert.equal(state.now.kind, 'running');
    assert.equal(state.endWaitFor(7), false);
    const owing = stateAfter('awaitingChild, trap due');
    owing.endWaitFor(7);
    assert.equal(owing.now.kind, 'trapDue');
  });

  it('waits no more when it runs another program, or has gone', () => {
    for (const over of [(state: Sample) => state.exec(), (state: Sample) => state.end()]) {
      const state = stateAfter('awaitingChild');
      over(state);
      assert.equal(state.endWaitFor(7), false);
    }
  });

  it('answers the questions that are asked of it most', () => {
    const dues = ALL.filter((way) => stateAfter(way).isTrapDue);
    assert.deepEqual(dues, ['awaitingChild, trap due', 'trapDue', 'groupStopped, trap due']);
    const stopped = ALL.filter((way) => stateAfter(way).isKeptStopped);
    assert.deepEqual(stopped, ['held', 'held at its start', 'awaitingChild', 'awaitingChild, trap due']);
    assert.equal(stateAfter('aside').asideAt, 'here');
    assert.equal(stateAfter('onTwin').asideAt, undefined);
    assert.equal(stateAfter('onTwin').twinStep, 'step');
    assert.equal(stateAfter('aside').twinStep, undefined);
    const leaving = stateAfter('aside');
    leaving.leave();
    assert.equal(leaving.asideAt, 'here');
    leaving.endStep();
    leaving.expectTrap();
    assert.equal(leaving.isTrapDue, true);
    assert.equal(leaving.now.kind, 'leaving');
  });

  it('uses its objects again', () => {
    const state = stateAfter('aside');
    const { now } = state;
    state.endStep();
    state.stepAside('there');
    assert.equal(state.now, now);
    assert.deepEqual(now, { kind: 'aside', breakpoint: 'there' });
  });
});
