/** The XSAVE areas of processors of all kinds, filled with noise wherever no component defines the bytes. */
import assert from 'node:assert/strict';
import { Area, AreaLayout } from '../../../src/engine/surrogate/area';
import { ExtendedState } from '../../../src/engine/surrogate/extendedState';
import { definedExtents, StateComponent, Xsave, type XsaveLayout } from '../../../src/engine/surrogate/xsave';
import { Random } from '../../../src/emulator/oracle/random';
import { LAYOUTS } from './layouts';
import { normalised } from './xsaveState';

const { x87, sse, avx, opmask, zmmHi256, hi16Zmm, pkru } = StateComponent;
const TRANSFERRED: ReadonlySet<number> = new Set([x87, sse, avx, opmask, zmmHi256, hi16Zmm]);
const ROUNDS = 50;
const INITIAL_MXCSR = 0x1f80;

const random = new Random(Number(process.env['SIDESTEP_SEED'] ?? 17));

function noise(bytes: number): Buffer {
  return Buffer.from(Array.from({ length: bytes }, () => random.below(256)));
}

function numbersOf({ components }: XsaveLayout): number[] {
  return [x87, sse, ...components.map(({ number }) => number)];
}

/** A state with these components in use, and noise in all of the area's other bytes but for the header. */
function stateOf(layout: XsaveLayout, inUse: bigint): Buffer {
  const area = noise(layout.bytes);
  area.fill(0, Xsave.header, Xsave.extended);
  area.writeUInt32LE(INITIAL_MXCSR, Xsave.mxcsr);
  area.writeBigUInt64LE(inUse, Xsave.inUse);
  return area;
}

function someOf(layout: XsaveLayout): bigint {
  return numbersOf(layout).reduce((bits, number) => (random.oneIn(3) ? bits : bits | (1n << BigInt(number))), 0n);
}

for (const [name, layout] of Object.entries(LAYOUTS)) {
  describe(`the extended state on a processor with ${name}`, () => {
    const area = new Area();
    const state = new ExtendedState(area.u8, area.view, layout);
    const before = area.bytes(AreaLayout.before, layout.bytes);
    const after = area.bytes(AreaLayout.after, layout.bytes);
    const inUse = (bytes: Buffer) => bytes.readBigUInt64LE(Xsave.inUse);

    it('has its components apart from each other, within the area', () => {
      const extents = numbersOf(layout).flatMap((number) => definedExtents(layout, number));
      extents.sort((a, b) => a.offset - b.offset);
      extents.forEach(({ offset, bytes }, index) => {
        assert.ok(offset + bytes <= (extents[index + 1]?.offset ?? layout.bytes));
      });
    });

    it('goes to the scratch process without what no instruction there acts on', () => {
      const all = numbersOf(layout).reduce((bits, number) => bits | (1n << BigInt(number)), 0n);
      before.set(stateOf(layout, all));
      state.withhold();
      for (const number of numbersOf(layout)) {
        assert.equal((inUse(before) & (1n << BigInt(number))) !== 0n, TRANSFERRED.has(number), `component ${number}`);
      }
    });

    it('has not changed where only bytes differ that no component defines', () => {
      for (let round = 0; round < ROUNDS; round++) {
        const thread = stateOf(layout, someOf(layout));
        before.set(thread);
        state.withhold();
        // What the kernel gives back: the same registers, and bytes of its own everywhere else.
        const back = stateOf(layout, inUse(before));
        for (const number of numbersOf(layout)) {
          if (!TRANSFERRED.has(number) || (inUse(before) & (1n << BigInt(number))) === 0n) continue;
          for (const { offset, bytes } of definedExtents(layout, number)) {
            back.set(thread.subarray(offset, offset + bytes), offset);
          }
        }
        after.set(back);
        state.merge();
        assert.equal(state.changed, false);
        assert.deepEqual(before, thread, 'the thread’s own state is whole again');
      }
    });

    it('gets what the instruction defines, and nothing else', () => {
      for (let round = 0; round < ROUNDS; round++) {
        const thread = stateOf(layout, someOf(layout));
        before.set(thread);
        state.withhold();
        const transferred = [...TRANSFERRED].reduce((bits, number) => bits | (1n << BigInt(number)), 0n);
        const result = stateOf(layout, someOf(layout) & transferred);
        after.set(result);
        state.merge();
        const kept = inUse(thread) & ~transferred;
        assert.equal(inUse(after), inUse(result) | kept);
        const expected = Buffer.from(thread);
        for (const number of TRANSFERRED) {
          for (const { offset, bytes } of definedExtents(layout, number))
            result.copy(expected, offset, offset, offset + bytes);
        }
        expected.writeBigUInt64LE(inUse(after), Xsave.inUse);
        assert.deepEqual(normalised(after, layout), normalised(expected, layout));
        // What no component defines is as it was, and so is what belongs to the thread alone.
        for (const { number, offset, bytes } of layout.components) {
          if (TRANSFERRED.has(number)) continue;
          assert.deepEqual(after.subarray(offset, offset + bytes), thread.subarray(offset, offset + bytes));
        }
        assert.deepEqual(after.subarray(Xsave.reserved, Xsave.header), thread.subarray(Xsave.reserved, Xsave.header));
      }
    });

    it('is the same in a comparison, whatever no component defines', () => {
      for (let round = 0; round < ROUNDS; round++) {
        const one = stateOf(layout, someOf(layout));
        const other = stateOf(layout, inUse(one));
        for (const number of numbersOf(layout)) {
          for (const { offset, bytes } of definedExtents(layout, number))
            one.copy(other, offset, offset, offset + bytes);
        }
        assert.deepEqual(normalised(one, layout), normalised(other, layout));
      }
    });
  });
}

describe('the layout of an XSAVE area', () => {
  it('has 4 bytes of PKRU, wherever a processor has it', () => {
    assert.deepEqual(definedExtents(LAYOUTS['AMD Zen 3: PKU without AVX-512']!, pkru), [{ offset: 2432, bytes: 4 }]);
    assert.deepEqual(definedExtents(LAYOUTS['Intel, PKU without AVX-512']!, pkru), [{ offset: 2688, bytes: 4 }]);
    assert.deepEqual(definedExtents(LAYOUTS['AVX alone']!, pkru), []);
  });
});
