/** Modules are checked by the engine that runs them: what they compute shows what was encoded. */
import assert from 'node:assert/strict';
import { Code, ModuleBuilder } from '../../src/wasm/module';

/** Compiles one function without imports. */
function run(code: Code): (...args: unknown[]) => unknown {
  const builder = new ModuleBuilder();
  builder.addFunction(code, 'f');
  return builder.instantiate({})['f'] as unknown as (...args: unknown[]) => unknown;
}

describe('Code', () => {
  const constants = [0, 1, -1, 63, 64, -64, -65, 127, 128, 8191, 8192, 0x7fffffff, -0x80000000];
  for (const value of constants) {
    it(`encodes the i32 ${value} as signed LEB128`, () => {
      assert.equal(run(new Code({ parameters: [], results: ['i32'] }).i32(value))(), value);
    });
  }

  it('takes an unsigned i32 for the signed one of the same bits', () => {
    assert.equal(run(new Code({ parameters: [], results: ['i32'] }).i32(0xffffffff))(), -1);
  });

  for (const value of [0n, -1n, 63n, 64n, 1n << 62n, (1n << 63n) - 1n, -(1n << 63n)]) {
    it(`encodes the i64 ${value} as signed LEB128`, () => {
      assert.equal(run(new Code({ parameters: [], results: ['i64'] }).i64(value))(), value);
    });
  }

  it('takes an unsigned i64 for the signed one of the same bits', () => {
    assert.equal(run(new Code({ parameters: [], results: ['i64'] }).i64((1n << 64n) - 2n))(), -2n);
  });

  it('numbers locals behind the parameters', () => {
    const code = new Code({ parameters: ['i32', 'i32'], results: ['i32'] });
    const sum = code.local('i32');
    assert.equal(sum, 2);
    code.get(0).get(1).op('i32_add').tee(sum).get(sum).op('i32_mul');
    assert.equal(run(code)(2, 3), 25);
  });

  it('branches out of as many blocks as it is told', () => {
    const code = new Code({ parameters: ['i32'], results: ['i32'] });
    code.open('block').open('block').get(0).branch('br_if', 1).op('end');
    code.i32(7).op('return', 'end').i32(8);
    assert.equal(run(code)(0), 7);
    assert.equal(run(code)(1), 8);
  });

  it('leaves a result from an if with two arms', () => {
    const code = new Code({ parameters: ['i32'], results: ['i32'] });
    code.get(0).open('if', 'i32').i32(1).op('else').i32(2).op('end');
    assert.equal(run(code)(5), 1);
    assert.equal(run(code)(0), 2);
  });

  it('truncates doubles without trapping', () => {
    const code = new Code({ parameters: ['f64'], results: ['i64'] }).get(0).saturating('i64_trunc_sat_f64_s');
    assert.equal(run(code)(1e30), (1n << 63n) - 1n);
    assert.equal(run(code)(NaN), 0n);
  });

  it('encodes bodies and offsets that need LEB128 numbers of several bytes', () => {
    const code = new Code({ parameters: [], results: ['i64'] });
    code.i64(0n);
    for (let term = 0; term < 20_000; term++) code.i64(1n).op('i64_add');
    assert.equal(run(code)(), 20_000n);
  });
});

describe('ModuleBuilder', () => {
  it('imports a memory of fixed size and addresses it beyond the first page', () => {
    const memory = new WebAssembly.Memory({ initial: 3, maximum: 3 });
    new DataView(memory.buffer).setBigUint64(130_000, 0x1122334455667788n, true);
    const builder = new ModuleBuilder();
    builder.importMemory('machine', 'memory', 3);
    const code = new Code({ parameters: [], results: ['i32'] }).i32(0).memory('i64_load', 130_000).op('i32_wrap_i64');
    builder.addFunction(code, 'low');
    assert.equal(builder.instantiate({ machine: { memory } })['low']!(), 0x55667788);
  });

  it('refuses a memory of another size', () => {
    const builder = new ModuleBuilder();
    builder.importMemory('machine', 'memory', 2);
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 1 });
    assert.throws(() => builder.instantiate({ machine: { memory } }), /LinkError|memory/);
  });

  it('numbers imported functions before its own, and calls both', () => {
    const builder = new ModuleBuilder();
    const twice = builder.importFunction('js', 'twice', { parameters: ['i32'], results: ['i32'] });
    const increment = builder.addFunction(
      new Code({ parameters: ['i32'], results: ['i32'] }).get(0).i32(1).op('i32_add'),
    );
    builder.addFunction(new Code({ parameters: ['i32'], results: ['i32'] }).get(0).call(twice).call(increment), 'f');
    assert.deepEqual([twice, increment], [0, 1]);
    const functions = builder.instantiate({ js: { twice: (value: number) => 2 * value } });
    assert.equal(functions['f']!(20), 41);
  });

  it('refuses imports behind functions, which would move their numbers', () => {
    const builder = new ModuleBuilder();
    builder.addFunction(new Code({ parameters: [], results: [] }));
    assert.throws(() => builder.importFunction('js', 'late', { parameters: [], results: [] }), /imports come before/);
  });

  it('writes equal function types once', () => {
    const sizeWith = (functions: number) => {
      const builder = new ModuleBuilder();
      for (let index = 0; index < functions; index++) {
        builder.addFunction(new Code({ parameters: ['i64'], results: ['i64'] }).get(0));
      }
      return builder.encode().length;
    };
    // A type index of one byte and a body of five: size, no locals, local.get 0, end.
    assert.equal(sizeWith(3) - sizeWith(2), sizeWith(2) - sizeWith(1));
  });
});
