import assert from 'node:assert/strict';
import { plainLabel, plainNotice } from '../../src/extension/labels';

describe('names in the editor’s lists and notifications', () => {
  it('are no icons', () => {
    assert.equal(plainLabel('$(check) safe'), '\\$(check) safe');
    assert.equal(plainLabel('\\$(check)'), '\\$(check)');
    assert.equal(plainLabel('$(date) server'), '\\$(date) server');
  });

  it('are no links', () => {
    assert.equal(plainNotice('[a](command:b)'), '[a] (command:b)');
  });

  it('are printable', () => {
    assert.equal(plainLabel('a\x1b[31m\u202eb\n'), 'a\\e[31m\\u{202e}b\\n');
  });
});
