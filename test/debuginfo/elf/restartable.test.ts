import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { linkAddress } from '../../../src/base/address';
import { Image } from '../../../src/debuginfo/image';
import { buildFixture, type Fixture } from '../../fixtures/build';
import { changed } from '../compile';

const FLAGS = ['-O1', '-pthread'];

describe('restartable sequences', () => {
  const addresses = new Map<string, bigint>();

  function symbols(fixture: Fixture): void {
    for (const line of execFileSync('nm', [fixture.path], { encoding: 'latin1' }).split('\n')) {
      const [address, , name] = line.split(' ');
      if (address && name !== undefined) addresses.set(name, BigInt(`0x${address}`));
    }
  }

  function assertFound({ path }: Fixture): void {
    const image = Image.open(path);
    try {
      const at = (symbol: string): bigint => addresses.get(symbol)!;
      const sequence = { start: at('sequence'), end: at('sequence_end') };
      for (let address = at('enter'); address < sequence.end; address++) {
        assert.deepEqual(image.restartableSequenceAt(linkAddress(address)), sequence);
      }
      assert.equal(image.restartableSequenceAt(linkAddress(sequence.end)), undefined);
      assert.equal(image.restartableSequenceAt(linkAddress(at('aborted'))), undefined);
      assert.equal(image.restartableSequenceAt(linkAddress(sequence.start - 16n)), undefined);
    } finally {
      image.dispose();
    }
  }

  for (const [what, flags] of [
    ['relocations', ['-fPIE', '-pie']],
    ['packed relocations', ['-fPIE', '-pie', '-Wl,-z,pack-relative-relocs']],
    ['no relocations', ['-no-pie', '-static']],
  ] as const) {
    it(`are known from programs with ${what}`, () => {
      const fixture = buildFixture('rseq.c', { flags: [...FLAGS, ...flags] });
      symbols(fixture);
      assertFound(fixture);
    });
  }

  it('are known from stripped programs, and by their list alone', () => {
    const fixture = buildFixture('rseq.c', { flags: FLAGS });
    symbols(fixture);
    assertFound(changed(fixture, 'stripped', (path) => execFileSync('strip', [path])));
    const rename = (section: string) => (path: string) =>
      execFileSync('objcopy', ['--rename-section', `${section}=.data.other`, path]);
    assertFound(changed(fixture, 'listed', rename('__rseq_cs')));
    assertFound(changed(fixture, 'unlisted', rename('__rseq_cs_ptr_array')));
  });

  it('are in few programs', () => {
    const image = Image.open(buildFixture('workers.c', { flags: FLAGS }).path);
    assert.equal(image.restartableSequenceAt(image.symbolAddress('main')!), undefined);
    image.dispose();
  });
});
