/** Instructions that can be twins, encoded by hand: Intel SDM vol. 2 §2.1.5, §2.2.1. */
import { type Random } from '../../../src/emulator/oracle/random';
import { GENERAL_REGISTERS } from '../../../src/emulator/machine/registers';
import { type TwinForm } from '../../../src/emulator/twin/forms';

/** The opcode for 16 bits and more; that for 8 bits is one less. */
const OPCODES: Readonly<Record<string, readonly number[]>> = {
  or: [0x09],
  and: [0x21],
  xor: [0x31],
  xchg: [0x87],
  xadd: [0x0f, 0xc1],
  cmpxchg: [0x0f, 0xb1],
  bts: [0x0f, 0xab],
  btr: [0x0f, 0xb3],
  btc: [0x0f, 0xbb],
  cmpxchg8b: [0x0f, 0xc7],
  cmpxchg16b: [0x0f, 0xc7],
};

const [RAX, RSP, RDI] = ['rax', 'rsp', 'rdi'].map((name) => GENERAL_REGISTERS.findIndex((each) => each === name));

/** An instruction of the form with random registers and displacement. */
export function twinBytes({ mnemonic, width }: TwinForm, random: Random): Uint8Array {
  const pair = mnemonic.endsWith('b') && mnemonic !== 'xadd';
  const free = GENERAL_REGISTERS.map((_, number) => number).filter(
    (number) => number !== RSP && (number !== RAX || !mnemonic.startsWith('cmpxchg')),
  );
  const base = random.pick(pair ? free.filter((number) => number >= 5) : free);
  const source = pair ? 1 : random.pick(free.filter((number) => number !== base));
  const wide = pair ? width === 128 : width === 64;
  // Without REX, 4 to 7 would be ah, ch, dh, bh.
  const rex = (wide ? 8 : 0) | (source >= 8 ? 4 : 0) | (base >= 8 ? 1 : 0);
  const opcode = [...OPCODES[mnemonic]!];
  if (width === 8) opcode.push(opcode.pop()! - 1);
  const bytes: number[] = [];
  if (mnemonic !== 'xchg' || random.oneIn(2)) bytes.push(0xf0);
  if (width === 16) bytes.push(0x66);
  if (rex !== 0 || (width === 8 && source >= RSP! && source <= RDI!)) bytes.push(0x40 | rex);
  bytes.push(...opcode);
  const displacement = random.u32() | 0;
  const [form, size] = random.pick([
    [0x40, 1],
    [0x80, 4],
  ] as const);
  bytes.push(form | ((source & 7) << 3) | (base & 7));
  // r12 as base needs a SIB byte.
  if ((base & 7) === 4) bytes.push(0x24);
  for (let at = 0; at < size; at++) bytes.push((displacement >> (8 * at)) & 0xff);
  return Uint8Array.from(bytes);
}
