/**
 * Near jumps, calls, returns and loops; and instructions without effect on registers and memory: NOP, ENDBR, PAUSE,
 * prefetches, fences.
 */
import { type Value } from '../ir/ir';
import { type Family, type Lift, type Lifting } from '../ir/lift';
import { and, constant, flag, isNotZero, isZero, next, not, register, select, subtract } from '../ir/values';
import { forEachCondition } from './conditions';
import { push, stackPointerPlus } from './stack';

function jumpIf(lifting: Lifting, condition: Value): void {
  lifting.jump(select(condition, lifting.read(0), next));
}

/** Counts RCX (or ECX with an address-size prefix) down and jumps while it is not 0. */
function loop(also?: Value): Lift {
  return (lifting) => {
    const width = lifting.instruction.code.endsWith('_ECX') ? 32 : 64;
    const left = subtract(register('rcx', width), constant(width, 1));
    const again = isNotZero(left);
    lifting.set('rcx', left);
    jumpIf(lifting, also === undefined ? again : and(again, also));
  };
}

const nothing: Lift = () => undefined;

export const control: Family = {
  jmp: (lifting) => lifting.jump(lifting.read(0)),
  call(lifting) {
    lifting.jump(lifting.read(0));
    push(lifting, next);
  },
  ret(lifting) {
    const target = lifting.load(register('rsp'), 64);
    const extra = lifting.instruction.operands[0];
    lifting.jump(target);
    lifting.set('rsp', stackPointerPlus(8 + (extra?.kind === 'immediate' ? Number(extra.value) : 0)));
  },
  ...forEachCondition('j', (condition) => (lifting) => jumpIf(lifting, condition)),
  jecxz: (lifting) => jumpIf(lifting, isZero(register('rcx', 32))),
  jrcxz: (lifting) => jumpIf(lifting, isZero(register('rcx'))),
  loop: loop(),
  loope: loop(flag('ZF')),
  loopne: loop(not(flag('ZF'))),

  nop: nothing,
  reservednop: nothing,
  endbr32: nothing,
  endbr64: nothing,
  pause: nothing,
  prefetchnta: nothing,
  prefetcht0: nothing,
  prefetcht1: nothing,
  prefetcht2: nothing,
  prefetchw: nothing,
  prefetchwt1: nothing,
  prefetch: nothing,
  // A stop and a resume order memory more strictly than any of these: the scheduler's barrier, and IRET, which
  // serialises.
  lfence: nothing,
  mfence: nothing,
  sfence: nothing,
};
