/**
 * The agent's arithmetic in WebAssembly, one rule per operation. Doubles travel as their bits in i64. WebAssembly traps
 * where C is undefined (division by zero, -2^63 / -1); an agent must not: the first ends the part, the second wraps.
 * Shift counts are taken modulo 64, as the CPU does.
 */
import { type BinaryOperation, type UnaryOperation } from '../../contract/agent/operations';
import { type Code } from '../../wasm/module';
import { type OpName } from '../../wasm/opcodes';

interface EmitContext {
  /** Two i64 locals. */
  readonly scratch: number;
  readonly dividend: number;
  /** Emits what leaves the function. */
  readonly divisionByZero: () => void;
}

type Rule = (code: Code, surroundings: EmitContext) => void;

export const BINARY: Readonly<Record<BinaryOperation, Rule>> = {
  add: plain('i64_add'),
  sub: plain('i64_sub'),
  mul: plain('i64_mul'),
  divS: (code, surroundings) => {
    checkDivisor(code, surroundings);
    const { scratch, dividend } = surroundings;
    code.set(dividend).get(scratch).i64(-1n).op('i64_eq').open('if', 'i64');
    code.i64(0n).get(dividend).op('i64_sub').op('else');
    code.get(dividend).get(scratch).op('i64_div_s').op('end');
  },
  divU: divide('i64_div_u'),
  remS: divide('i64_rem_s'),
  remU: divide('i64_rem_u'),
  and: plain('i64_and'),
  or: plain('i64_or'),
  xor: plain('i64_xor'),
  shl: plain('i64_shl'),
  shrS: plain('i64_shr_s'),
  shrU: plain('i64_shr_u'),
  eq: compare('i64_eq'),
  ne: compare('i64_ne'),
  ltS: compare('i64_lt_s'),
  ltU: compare('i64_lt_u'),
  leS: compare('i64_le_s'),
  leU: compare('i64_le_u'),
  gtS: compare('i64_gt_s'),
  gtU: compare('i64_gt_u'),
  geS: compare('i64_ge_s'),
  geU: compare('i64_ge_u'),
  addF: double('f64_add'),
  subF: double('f64_sub'),
  mulF: double('f64_mul'),
  divF: double('f64_div'),
  eqF: compareDoubles('f64_eq'),
  neF: compareDoubles('f64_ne'),
  ltF: compareDoubles('f64_lt'),
  leF: compareDoubles('f64_le'),
  gtF: compareDoubles('f64_gt'),
  geF: compareDoubles('f64_ge'),
};

export const UNARY: Readonly<Record<UnaryOperation, Rule>> = {
  neg: (code) => void code.i64(-1n).op('i64_mul'),
  not: (code) => void code.i64(-1n).op('i64_xor'),
  isZero: (code) => void code.op('i64_eqz', 'i64_extend_i32_u'),
  negF: (code) => void code.op('f64_reinterpret_i64', 'f64_neg', 'i64_reinterpret_f64'),
  singleToDouble: (code) =>
    void code.op('i32_wrap_i64', 'f32_reinterpret_i32', 'f64_promote_f32', 'i64_reinterpret_f64'),
  doubleToSingle: (code) =>
    void code.op('f64_reinterpret_i64', 'f32_demote_f64', 'i32_reinterpret_f32', 'i64_extend_i32_u'),
  fromS: (code) => void code.op('f64_convert_i64_s', 'i64_reinterpret_f64'),
  fromU: (code) => void code.op('f64_convert_i64_u', 'i64_reinterpret_f64'),
  toS: (code) => void code.op('f64_reinterpret_i64').saturating('i64_trunc_sat_f64_s'),
  toU: (code) => void code.op('f64_reinterpret_i64').saturating('i64_trunc_sat_f64_u'),
};

function plain(name: OpName): Rule {
  return (code) => void code.op(name);
}

function compare(name: OpName): Rule {
  return (code) => void code.op(name, 'i64_extend_i32_u');
}

function double(name: OpName): Rule {
  return (code, { scratch }) => {
    popDoubles(code, scratch);
    code.op(name, 'i64_reinterpret_f64');
  };
}

function compareDoubles(name: OpName): Rule {
  return (code, { scratch }) => {
    popDoubles(code, scratch);
    code.op(name, 'i64_extend_i32_u');
  };
}

function popDoubles(code: Code, scratch: number): void {
  code.set(scratch).op('f64_reinterpret_i64').get(scratch).op('f64_reinterpret_i64');
}

function divide(name: OpName): Rule {
  return (code, surroundings) => {
    checkDivisor(code, surroundings);
    code.get(surroundings.scratch).op(name);
  };
}

/** The divisor goes from the stack to the scratch local; 0 leaves the function. */
function checkDivisor(code: Code, { scratch, divisionByZero }: EmitContext): void {
  code.tee(scratch).op('i64_eqz').open('if');
  divisionByZero();
  code.op('end');
}
