/** Where control leaves functions that were written for it, without debug information but for their frames. */
import assert from 'node:assert/strict';
import { Image } from '../../src/debuginfo/image';
import { readFlow } from '../../src/emulator/flow';
import { buildFixture } from '../fixtures/build';

const program = buildFixture('returns/exits.S', { flags: ['-no-pie', '-g0'] });

describe('exits of functions', () => {
  let image: Image;
  before(() => {
    image = Image.open(program.path, { readFlow });
  });
  after(() => image.dispose());

  /** The instructions, as offsets and what they do. */
  const exitsOf = (name: string) => {
    const { exits, doubts } = image.functionReturns(name);
    const kinds = exits.map(({ exit }) => (exit.kind === 'return' ? 'ret' : `→ ${exit.to ?? '?'}`));
    return { kinds, doubts: doubts.map((text) => text.replace(/0x[0-9a-f]+/, 'ADDRESS')) };
  };
  const exact = (name: string, ...kinds: readonly string[]) =>
    assert.deepEqual(exitsOf(name), { kinds, doubts: [] }, name);

  it('are all its returns', () => exact('twice', 'ret', 'ret'));
  it('are jumps to other functions, not those within', () => exact('hands_over', '→ other'));
  it('are in the part that was put aside, too', () => exact('aside', 'ret', 'ret'));
  it('are jumps through pointers, if no code is left for them to go to', () => exact('through_pointer', '→ ?'));
  it('are jumps through slots', () => exact('through_slot', '→ ?', 'ret'));
  it('are not jumps to cases by their distances', () => exact('cases', 'ret', 'ret', 'ret'));
  it('are jumps after other tables than theirs', () => exact('not_cases', '→ ?'));
  it('are not jumps that are marked as such', () => exact('marked', 'ret', 'ret'));
  it('are not jumps out of a frame', () => exact('framed', 'ret'));
  it('are not jumps by a table of their own addresses, but by one of functions', () => {
    exact('addressed', 'ret', 'ret');
    exact('addressed_functions', '→ ?', 'ret');
    exact('pointed', '→ ?', 'ret');
  });

  it('are in doubt where nothing tells', () => {
    assert.deepEqual(exitsOf('unknown'), {
      kinds: ['ret'],
      doubts: ['the jump at ADDRESS may leave it or not: returns that way are not counted'],
    });
    assert.deepEqual(exitsOf('sometimes'), {
      kinds: ['ret'],
      doubts: ['the conditional jump at ADDRESS leaves it at times: returns that way are not counted'],
    });
  });

  it('may be none', () => {
    assert.deepEqual(exitsOf('never'), { kinds: [], doubts: ['never never returns by itself'] });
    assert.deepEqual(exitsOf('missing'), { kinds: [], doubts: [] });
  });

  it('have an entry with their frame, if it is passed once in each call', () => {
    const { entries, exits } = image.functionReturns('twice');
    assert.deepEqual(
      entries.map(({ address, frame }) => ({ address, frame })),
      [{ address: image.symbolAddress('twice'), frame: exits[0]?.frame }],
    );
    const again = image.functionReturns('never');
    assert.deepEqual(again.entries, []);
  });
});
