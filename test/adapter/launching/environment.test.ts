import assert from 'node:assert/strict';
import { completeEnvironment, parseEnvironment } from '../../../src/adapter/launching/environment';

describe('environment', () => {
  it('is the inherited one with the changes; null takes a variable away', () => {
    assert.deepEqual(completeEnvironment(['A=1', 'B=2', 'C=3=3'], { B: null, D: '4' }), ['A=1', 'C=3=3', 'D=4']);
  });

  it("leaves out the editor's own variables, unless they are asked for", () => {
    assert.deepEqual(completeEnvironment(['ELECTRON_RUN_AS_NODE=1'], {}), []);
    assert.deepEqual(completeEnvironment([], { ELECTRON_RUN_AS_NODE: '1' }), ['ELECTRON_RUN_AS_NODE=1']);
  });

  it('is read from files line by line', () => {
    const text =
      '# comment\nA=1\nexport B = two words \n\nC="quoted # not a comment"\nD=\'x\'\nE=\nnot a variable\r\nF=crlf\r\n';
    assert.deepEqual(parseEnvironment(text), {
      A: '1',
      B: 'two words',
      C: 'quoted # not a comment',
      D: 'x',
      E: '',
      F: 'crlf',
    });
  });
});
