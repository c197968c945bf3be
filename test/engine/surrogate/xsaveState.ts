/** What an XSAVE area says of the registers, in a form that can be compared. */
import { definedExtents, MXCSR, StateComponent, Xsave, type XsaveLayout } from '../../../src/engine/surrogate/xsave';

/** FCW when the x87 is not in use (Intel SDM vol. 1 §13.6). */
const INITIAL_CONTROL_WORD = 0x37f;

/**
 * The same state with zeros in all bytes that no component defines, and initial values in the components that are not
 * in use, whatever bytes are there.
 */
export function normalised(area: Uint8Array, layout: XsaveLayout): Buffer {
  const from = Buffer.from(area);
  const to = Buffer.alloc(layout.bytes);
  const inUse = from.readBigUInt64LE(Xsave.inUse);
  const { x87, sse } = StateComponent;
  if ((inUse & 1n) === 0n) to.writeUInt16LE(INITIAL_CONTROL_WORD, Xsave.controlWord);
  for (const number of [x87, sse, ...layout.components.map((component) => component.number)]) {
    if ((inUse & (1n << BigInt(number))) === 0n) continue;
    for (const { offset, bytes } of definedExtents(layout, number)) from.copy(to, offset, offset, offset + bytes);
  }
  from.copy(to, MXCSR.offset, MXCSR.offset, MXCSR.offset + MXCSR.bytes);
  to.writeBigUInt64LE(inUse, Xsave.inUse);
  return to;
}
