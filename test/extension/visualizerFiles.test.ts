import assert from 'node:assert/strict';
import { visualizerFiles } from '../../src/extension/visualizerFiles';

describe('the Natvis files of a session', () => {
  it('are those of launch.json, then those of the workspace', () => {
    assert.deepEqual(visualizerFiles('${workspaceFolder}/my.natvis', ['/w/b.natvis', '/w/a.natvis']), {
      visualizerFile: ['${workspaceFolder}/my.natvis', '/w/a.natvis', '/w/b.natvis'],
    });
    assert.deepEqual(visualizerFiles(['/w/b.natvis'], ['/w/a.natvis', '/w/b.natvis']), {
      visualizerFile: ['/w/b.natvis', '/w/a.natvis'],
    });
    assert.deepEqual(visualizerFiles(undefined, ['/w/a.natvis']), { visualizerFile: ['/w/a.natvis'] });
  });

  it('are left to launch.json where the workspace has none, or where it is wrong', () => {
    assert.deepEqual(visualizerFiles('/w/a.natvis', []), {});
    assert.deepEqual(visualizerFiles(7, ['/w/a.natvis']), {});
  });
});
