import assert from 'node:assert/strict';
import { SidestepError } from '../../src/base/errors';
import { ErrorInText, errorText } from '../../src/cli/errorText';

describe('errors on the terminal', () => {
  it('are a line that says what happened and one that says what can be done', () => {
    const error = new SidestepError('process-not-found', 'there is no process 4711', { advice: 'ps -e lists them' });
    assert.equal(errorText(error), 'sidestep: there is no process 4711\nps -e lists them\n');
  });

  it('point at the place in what the user wrote', () => {
    const error = new SidestepError('syntax', 'expected a name', { place: { range: { start: 9, end: 12 } } });
    assert.equal(
      errorText(new ErrorInText(error, 'log main {1+}', 'my.probes:3')),
      'sidestep: my.probes:3: expected a name\n  log main {1+}\n           ^~~\n',
    );
  });

  it('keep the caret in its column behind tabs', () => {
    const error = new SidestepError('syntax', 'no', { place: { range: { start: 4, end: 4 } } });
    assert.equal(errorText(new ErrorInText(error, 'log\tmain', undefined)), 'sidestep: no\n  log\tmain\n     \t^\n');
  });

  it('say that anything else is a bug', () => {
    assert.match(errorText(new TypeError('x is undefined')), /TypeError: x is undefined[^]*bug in Sidestep/);
  });
});
