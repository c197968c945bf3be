/** The arena's map: every field has its own bytes, whatever is added. */
import assert from 'node:assert/strict';
import { Arena, ARENA_FIELDS, Layout } from '../../../src/engine/tracing/arena';
import { type Field, layOut } from '../../../src/engine/tracing/layOut';
import { State, USER_REGISTERS_BYTES } from '../../../src/emulator/machine/state';

/** Throws if two fields share a byte, one is not aligned, or one ends after `end`. */
function check(fields: Readonly<Record<string, Field>>, offsets: Readonly<Record<string, number>>, end: number): void {
  let free = 0;
  const inOrder = Object.entries(fields).sort(([left], [right]) => offsets[left]! - offsets[right]!);
  for (const [name, { bytes, align = 8 }] of inOrder) {
    const offset = offsets[name]!;
    assert.equal(offset % align, 0, `${name} is aligned to ${align}`);
    assert.ok(offset >= free, `${name} begins after the field before it`);
    free = offset + bytes;
  }
  assert.ok(free <= end, 'all of it is there');
}

describe('the arena', () => {
  it('gives every field bytes of its own', () => {
    check(ARENA_FIELDS, Layout, new Arena().u8.length);
  });

  it('has nothing but its fields, and the registers in the state', () => {
    assert.deepEqual(new Set(Object.keys(Layout)), new Set([...Object.keys(ARENA_FIELDS), 'registers']));
    assert.ok(Layout.registers >= Layout.state);
    assert.ok(Layout.registers + USER_REGISTERS_BYTES <= Layout.state + State.bytes);
  });
});

describe('places for fields', () => {
  it('are one after the other, aligned', () => {
    const { offsets, bytes, pages } = layOut({
      word: { bytes: 4 },
      byte: { bytes: 1, align: 1 },
      half: { bytes: 2, align: 2 },
      page: { bytes: 5, align: 4096 },
      usual: { bytes: 8 },
    });
    assert.deepEqual(offsets, { word: 0, byte: 4, half: 6, page: 4096, usual: 4104 });
    assert.equal(bytes, 4112);
    assert.equal(pages, 1);
  });

  it('do not overlap for sizes and alignments of all kinds', () => {
    const fields: Record<string, Field> = {};
    for (const bytes of [0, 1, 7, 8, 15, 128, 4096]) {
      for (const align of [1, 2, 8, 16, 4096]) fields[`${bytes} at ${align}`] = { bytes, align };
    }
    const { offsets, bytes } = layOut(fields);
    check(fields, offsets, bytes);
  });
});
