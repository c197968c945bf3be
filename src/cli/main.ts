/** The command line's entry point: `sidestep COMMAND …`. */
import { version } from '../../package.json';
import { type Command, parseCommand } from './arguments';
import { attach } from './attach';
import { inheritedArguments } from '../session/processes/inherited';
import { errorText } from './errorText';
import { run } from './run';
import { USAGE } from './usage';

const FAILED = 2;

async function execute(command: Command): Promise<number> {
  switch (command.kind) {
    case 'help':
      process.stdout.write(`${USAGE[command.topic]}\n`);
      return 0;
    case 'version':
      process.stdout.write(`sidestep ${version}\n`);
      return 0;
    case 'run':
      return run(command);
    case 'attach':
      return attach(command);
    case 'sites': {
      // Commands that decode instructions themselves; the others start without the decoder.
      const { sites } = await import('./sites');
      return sites(command);
    }
    case 'coverage': {
      const { coverage } = await import('./coverage');
      return coverage(command);
    }
    case 'verify': {
      const { verify } = await import('./verify');
      return verify(command);
    }
  }
}

async function main(): Promise<void> {
  try {
    process.exitCode = await execute(parseCommand(inheritedArguments(process.argv.slice(2))));
  } catch (error) {
    process.stderr.write(errorText(error));
    process.exitCode = FAILED;
  }
}

void main();
