/** lldb's debug adapter with a logpoint, driven as an editor would. */
import { DapClient } from '../dapClient';
import { installed } from '../processes';
import { readWork, targetArguments } from '../target';
import { type Tracer } from './tracer';

const COMMANDS = ['lldb-dap-19', 'lldb-dap'];

export const lldbDap: Tracer = {
  name: 'lldb-dap, logpoint',
  missing: () => (COMMANDS.some(installed) ? undefined : 'lldb-dap is not installed'),
  async trace(target, threads, seconds) {
    const { program, file, line } = target;
    const client = new DapClient(COMMANDS.find(installed) ?? '', []);
    let logged = 0;
    client.on('output', (body) => {
      const { category, output } = body as { category?: string; output: string };
      if (category === 'console') logged += output.split('\n').filter((text) => /^\s*-?\d+$/.test(text)).length;
    });
    const initialized = client.next('initialized');
    const ended = client.next('terminated');
    await client.request('initialize', { adapterID: 'lldb-dap', linesStartAt1: true, pathFormat: 'path' });
    const launched = client.request('launch', { program, args: targetArguments(target, threads, seconds) });
    await initialized;
    await client.request('setBreakpoints', {
      source: { name: file, path: `${__dirname}/../${file}` },
      breakpoints: [{ line, logMessage: '{x}' }],
    });
    await client.request('configurationDone', {});
    await launched;
    await ended;
    await client.close();
    return { ...readWork(), logged };
  },
};
