/**
 * sudo(8) and pkexec(1), which start the engine as root where that alone may trace: how they are called, and what they
 * say when they refuse.
 */
import { SidestepError } from '../../base/errors';

export type Elevation = 'sudo' | 'pkexec';

export const ELEVATIONS: readonly Elevation[] = ['sudo', 'pkexec'];

/** How sudo gets a password: by its own program (SUDO_ASKPASS), from the terminal, or not at all. */
export type PasswordSource = 'askpass' | 'terminal' | 'none';

const SUDO_FLAGS: Readonly<Record<PasswordSource, readonly string[]>> = {
  askpass: ['-A'],
  terminal: [],
  none: ['-n'],
};

const PROMPT = '[sudo] password for %p, to trace with Sidestep: ';

/** The command that runs `command`, whose first word is an absolute path, as root. */
export function elevated(
  as: Elevation,
  command: readonly string[],
  password: PasswordSource,
): readonly [string, ...string[]] {
  return as === 'sudo' ? ['sudo', ...SUDO_FLAGS[password], '-p', PROMPT, '--', ...command] : ['pkexec', ...command];
}

/** Whether sudo refused only because it had no password. `said`: its output, in English. */
export function wantsPassword(said: string): boolean {
  return /a password is required|a terminal is required/.test(said);
}

interface Refusal {
  readonly pattern: RegExp;
  readonly reason: string;
  readonly advice: string;
}

const SUDO_REFUSALS: readonly Refusal[] = [
  {
    pattern: /incorrect password attempt/,
    reason: 'the password was not accepted',
    advice: 'Start again.',
  },
  {
    pattern: /a terminal is required|unable to run .*askpass|no askpass program/i,
    reason: 'it asks for a password, and there is no terminal to type it in',
    advice:
      'Run sidestep in a terminal, let SUDO_ASKPASS name a program that asks for the password, or use pkexec instead of sudo.',
  },
  {
    pattern: /a password is required|no password was provided/,
    reason: 'it got no password',
    advice: 'Start again.',
  },
  {
    pattern: /not in the sudoers file|is not allowed to (execute|run)|may not run sudo/,
    reason: 'this user may not use it',
    advice: 'Ask the administrator for permission, or use pkexec, which asks for the password of an administrator.',
  },
  {
    pattern: /"?no new privileges"? flag/i,
    reason: 'the sandbox or container that Sidestep runs in forbids it (no_new_privs)',
    advice: 'Run Sidestep outside it.',
  },
];

/** pkexec(1), RETURN VALUE. */
const PKEXEC_DISMISSED = 126;
const PKEXEC_NOT_AUTHORIZED = 127;

/**
 * Why there is no engine: the command ended with `status` (`undefined`: it could not be started) after it had printed
 * `said`.
 */
export function elevationRefused(as: Elevation, status: number | undefined, said: string): SidestepError {
  const [reason, advice] = explain(as, status, said.trim());
  return new SidestepError('elevation-refused', `${as} did not start the engine as root: ${reason}`, { advice });
}

function explain(as: Elevation, status: number | undefined, said: string): readonly [reason: string, advice: string] {
  const other = as === 'sudo' ? 'pkexec' : 'sudo';
  if (status === undefined) return [`it is not installed`, `Install it, use ${other}, or run Sidestep as root.`];
  const known = as === 'sudo' && SUDO_REFUSALS.find(({ pattern }) => pattern.test(said));
  if (known) return [known.reason, known.advice];
  if (as === 'pkexec' && status === PKEXEC_DISMISSED) return ['the dialog was dismissed', 'Start again.'];
  if (as === 'pkexec' && status === PKEXEC_NOT_AUTHORIZED) {
    return [
      said === '' ? 'this user is not authorized' : said,
      'It needs an authentication agent, which graphical desktops have. Without one, use sudo.',
    ];
  }
  return [said === '' ? `it ended with status ${status}` : said, `Try it by hand: ${as} id`];
}
