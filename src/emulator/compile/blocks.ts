/**
 * Many rounds of REP MOVS or REP STOS as one transfer. Only if DF is 0, and only as far as no round reads what an
 * earlier one wrote. Otherwise, or if the transfer fails, the caller continues round by round.
 */
import { Expressions } from './expressions';
import { type Block } from '../ir/ir';
import { FLAG_BITS, type GeneralRegister } from '../machine/registers';
import { State, UserRegister } from '../machine/state';
import { loadField, loadRegister, type TransferContext } from './stateAccess';
import { multiply, constant, zeroExtend } from '../ir/values';

/** Fills the operand with what STOS stores: transfers of any length keep it so. */
export function fillOperand(context: TransferContext, { value }: Extract<Block, { kind: 'fill' }>): void {
  const { code, state } = context;
  const pattern = multiply(zeroExtend(value, 64), constant(64, REPEATED[value.width as keyof typeof REPEATED]));
  const word = code.local('i64');
  const at = code.local('i32');
  new Expressions(context, []).emit(pattern);
  code.set(word).open('loop');
  code
    .get(at)
    .get(word)
    .memory('i64_store', state + State.operand);
  code.get(at).i32(8).op('i32_add').tee(at);
  code.i32(State.operandCapacity).op('i32_lt_u').branch('br_if', 0).op('end');
}

/** Ones at the lowest bit of each value of that width. */
const REPEATED = { 8: 0x0101010101010101n, 16: 0x0001000100010001n, 32: 0x0000000100000001n, 64: 1n };

/**
 * Code within the loop of a repetition: continues with the next iteration after a transfer. `single`: a local that is
 * set when a transfer failed, so that no other is tried.
 */
export function emitBlockTransfer(context: TransferContext, block: Block, single: number): void {
  const { code } = context;
  const values = new Expressions(context, []);
  const rounds = code.local('i64');
  const distance = code.local('i64');

  code.open('block');
  loadField(context, 'eflags')
    .i64(1n << BigInt(FLAG_BITS.DF))
    .op('i64_and', 'i64_eqz', 'i32_eqz');
  code.get(single).op('i32_or').branch('br_if', 0);

  loadRegister(context, 'rcx', 64, false);
  code.set(rounds);
  const most = BigInt(State.operandCapacity / block.bytes);
  limit(most);
  if (block.kind === 'copy') {
    // If the target is above the source, the copy reaches its own source after this many rounds.
    values.emit(block.to);
    values.emit(block.from);
    code.op('i64_sub').i64(BigInt(block.bytes)).op('i64_div_u').set(distance);
    code.get(distance).get(rounds).get(distance).get(rounds).op('i64_lt_u', 'select').set(rounds);
  }
  code.get(rounds).i64(2n).op('i64_lt_u').branch('br_if', 0);

  code.i32(1).set(single);
  setOperandLength(context, rounds, block.bytes);
  if (block.kind === 'copy') transfer(block.from, context.load);
  transfer(block.to, context.store);
  code.i32(0).set(single);

  advance(context, 'rdi', rounds, block.bytes);
  if (block.kind === 'copy') advance(context, 'rsi', rounds, block.bytes);
  advance(context, 'rcx', rounds, -1);
  // Out of this block, to the head of the loop around it.
  code.branch('br', 1).op('end');

  function limit(maximum: bigint): void {
    code.get(rounds).i64(maximum).get(rounds).i64(maximum).op('i64_lt_u', 'select').set(rounds);
  }

  function transfer(address: Block['to'], direction: number): void {
    code.i32(0);
    values.emit(address);
    code.memory('i64_store', context.state + State.operandAddress);
    code.call(direction).op('i32_eqz').branch('br_if', 0);
  }
}

function setOperandLength({ code, state }: TransferContext, rounds: number, bytes: number): void {
  code
    .i32(0)
    .get(rounds)
    .i64(BigInt(bytes))
    .op('i64_mul')
    .memory('i64_store', state + State.operandLength);
}

function advance(context: TransferContext, name: GeneralRegister, rounds: number, bytes: number): void {
  const { code, state } = context;
  code.i32(0);
  loadField(context, name).get(rounds).i64(BigInt(bytes)).op('i64_mul', 'i64_add');
  code.memory('i64_store', state + State.registers + UserRegister[name]);
}
