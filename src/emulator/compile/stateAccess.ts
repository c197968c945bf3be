/** Code that reads the {@link State}: registers and their parts. */
import { type Code, type FunctionIndex } from '../../wasm/module';
import { type RegisterWidth } from '../ir/ir';
import { type Runtime } from './runtime';
import { State, UserRegister, type UserRegisterName } from '../machine/state';

/** The context of a function that is being compiled. */
export interface Context {
  readonly code: Code;
  /** Offset of the {@link State} in memory. */
  readonly state: number;
  /** Of the instruction, in bytes. */
  readonly length: number;
  readonly runtime: Runtime;
}

/** Also the imported functions, which move operands. */
export interface TransferContext extends Context {
  readonly load: FunctionIndex;
  readonly store: FunctionIndex;
}

/** Leaves a field of user_regs_struct on the stack. */
export function loadField({ code, state }: Context, field: UserRegisterName): Code {
  return code.i32(0).memory('i64_load', state + State.registers + UserRegister[field]);
}

/** Leaves the address after the instruction on the stack: INT3 left RIP one byte after its start. */
export function loadNext(context: Context): void {
  loadField(context, 'rip');
  if (context.length > 1) context.code.i64(BigInt(context.length - 1)).op('i64_add');
}

/** Leaves a register or a part of it on the stack. */
export function loadRegister(
  { code, state }: Context,
  name: UserRegisterName,
  width: RegisterWidth,
  high: boolean,
): void {
  code.i32(0).memory(LOADS[width], state + State.registers + UserRegister[name] + (high ? 1 : 0));
}

export const LOADS = { 8: 'i64_load8_u', 16: 'i64_load16_u', 32: 'i64_load32_u', 64: 'i64_load' } as const;
export const STORES = { 8: 'i64_store8', 16: 'i64_store16', 32: 'i64_store32', 64: 'i64_store' } as const;
