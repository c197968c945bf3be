/** MOV and its extending forms, LEA, XCHG of registers, MOVNTI, BSWAP, MOVBE, XLAT. */
import { type Family, effectiveAddress, type Lifting } from '../ir/lift';
import { register, signExtend, truncate, zeroExtend } from '../ir/values';
import { byteSwap } from './byteOrder';

export const moves: Family = {
  mov(lifting) {
    const source = lifting.read(1);
    const target = lifting.operand(0);
    // From a segment register: 16 bits to memory, zero-extended to a register of any width.
    if (target.kind === 'register') lifting.write(0, zeroExtend(source, target.width));
    else lifting.write(0, source);
  },
  // It bypasses the caches, which a program can't observe.
  movnti: (lifting) => lifting.write(0, lifting.read(1)),
  movzx: (lifting) => lifting.write(0, zeroExtend(lifting.read(1), lifting.width(0))),
  movsx: (lifting) => lifting.write(0, signExtend(lifting.read(1), lifting.width(0))),
  movsxd: (lifting) => lifting.write(0, signExtend(lifting.read(1), lifting.width(0))),
  lea: (lifting) => lifting.write(0, truncate(effectiveAddress(lifting.memory(1)), lifting.width(0))),
  xchg(lifting) {
    const [first, second] = [lifting.read(0), lifting.read(1)];
    lifting.write(0, second);
    lifting.write(1, first);
  },
  bswap: (lifting) => lifting.write(0, byteSwap(lifting.read(0))),
  movbe: (lifting) => lifting.write(0, byteSwap(lifting.read(1))),
  xlatb: translate,
};

/** AL becomes the byte at RBX + AL. */
function translate(lifting: Lifting): void {
  const table = lifting.memory(0);
  const address = lifting.address({ ...table, index: undefined }, zeroExtend(register('rax', 8), 64));
  lifting.set('rax', lifting.load(address, 8));
}
