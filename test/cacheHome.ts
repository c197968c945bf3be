/**
 * Tests keep what they index in a directory of their own, which goes with them: the user's is the user's. They ask no
 * debuginfod server but their own.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const directory = mkdtempSync(join(tmpdir(), 'sidestep-cache-home-'));
process.env['XDG_CACHE_HOME'] = directory;
delete process.env['DEBUGINFOD_URLS'];
process.once('exit', () => rmSync(directory, { recursive: true, force: true }));
