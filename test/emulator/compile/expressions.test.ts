import assert from 'node:assert/strict';
import { compile } from '../../../src/emulator/compile/compile';
import { Expressions } from '../../../src/emulator/compile/expressions';
import { type Statement, type Value } from '../../../src/emulator/ir/ir';
import { Runtime } from '../../../src/emulator/compile/runtime';
import { State, UserRegister } from '../../../src/emulator/machine/state';
import { add, bit, equal, multiply, not, parity, register, subtract, truncate } from '../../../src/emulator/ir/values';
import { Code, ModuleBuilder } from '../../../src/wasm/module';

/** Code, and what it is made of: operations by their names, with the numbers of locals. */
class Recorder extends Code {
  readonly operations: string[] = [];
  readonly locals: string[] = [];

  override local(type: Parameters<Code['local']>[0]): number {
    this.locals.push(type);
    return super.local(type);
  }

  override op(...names: Parameters<Code['op']>): this {
    this.operations.push(...names);
    return super.op(...names);
  }

  override get(local: number): this {
    this.operations.push(`get ${local}`);
    return super.get(local);
  }

  override tee(local: number): this {
    this.operations.push(`tee ${local}`);
    return super.tee(local);
  }

  override memory(...[name, offset]: Parameters<Code['memory']>): this {
    this.operations.push(name);
    return super.memory(name, offset);
  }
}

/** What computing these values one after the other is made of. */
function computing(...values: readonly Value[]): { readonly operations: string[]; readonly locals: string[] } {
  const code = new Recorder({ parameters: [], results: [] });
  const context = { code, state: 0, length: 1, runtime: new Runtime(new ModuleBuilder()) };
  const statements = values.map((value): Statement => ({ kind: 'guard', condition: value }));
  const expressions = new Expressions(context, statements);
  for (const value of values) expressions.emit(value);
  return { operations: code.operations, locals: code.locals };
}

const [rax, rbx] = [register('rax'), register('rbx')];
const LOAD = 'i64_load';

/** Whether the bit is set, as a compiled instruction sees it. */
function bitOf(value: bigint, index: number): boolean {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1 });
  const registers = new BigUint64Array(memory.buffer, State.registers, 27);
  const host = { load: () => false, store: () => false };
  const [execute] = compile({ memory, stateOffset: 0, host }, [
    { operations: [{ kind: 'setFlag', flag: 'CF', value: bit(rax, index), when: undefined }], length: 1 },
  ]);
  registers[UserRegister.rax / 8] = value;
  assert.equal(execute!(), 0);
  return registers[UserRegister.eflags / 8] === 1n;
}

describe('a bit of a value', () => {
  it('is the one with that number', () => {
    const value = 0x8123_4567_89ab_cdeen;
    for (let index = 0; index < 64; index++) assert.equal(bitOf(value, index), ((value >> BigInt(index)) & 1n) === 1n);
  });
});

describe('values that are computed', () => {
  it('are so where they are used, if that is once', () => {
    assert.deepEqual(computing(multiply(add(rax, rbx), rbx)), {
      operations: [LOAD, LOAD, 'i64_add', LOAD, 'i64_mul'],
      locals: [],
    });
  });

  it('are kept in a local if they are used again, within a value or in another', () => {
    const sum = add(rax, rbx);
    const twice = { operations: [LOAD, LOAD, 'i64_add', 'tee 0', 'get 0', 'i64_mul'], locals: ['i64'] };
    assert.deepEqual(computing(multiply(sum, sum)), twice);
    assert.deepEqual(computing(sum, subtract(sum, rax)), {
      operations: [LOAD, LOAD, 'i64_add', 'tee 0', 'get 0', LOAD, 'i64_sub'],
      locals: ['i64'],
    });
  });

  it('are not kept for what is kept itself', () => {
    const product = multiply(add(rax, rbx), rbx);
    assert.deepEqual(computing(product, product, product), {
      operations: [LOAD, LOAD, 'i64_add', LOAD, 'i64_mul', 'tee 0', 'get 0', 'get 0'],
      locals: ['i64'],
    });
  });

  it('are read anew where that is all there is to do', () => {
    assert.deepEqual(computing(rax, rax), { operations: [LOAD, LOAD], locals: [] });
  });

  it('are kept as truth values where they are such', () => {
    for (const truth of [equal(rax, rbx), parity(rax), truncate(rax, 1), not(equal(rax, rbx))]) {
      const { operations, locals } = computing(truth, truth);
      assert.deepEqual(locals, ['i32'], truth.op);
      assert.deepEqual(operations.slice(-2), ['tee 0', 'get 0'], truth.op);
    }
  });
});
