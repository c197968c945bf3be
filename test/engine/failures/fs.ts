/**
 * Inside the failing engine: what stands in the place of node:fs, of which the engine uses what reads /proc and looks
 * at files.
 */
import * as real from 'node:fs';
import { getSystemErrorMap } from 'node:util';
import { enter, pidOf } from './interposer';

export const { chmodSync, closeSync, constants, fstatSync, lstatSync, mkdtempSync } = real;
export const { readSync, rmSync, writeFileSync, writeSync } = real;

export const readFileSync = interpose('readFile', real.readFileSync);
export const readdirSync = interpose('readdir', real.readdirSync);
export const readlinkSync = interpose('readlink', real.readlinkSync);
export const openSync = interpose('open', real.openSync);
export const accessSync = interpose('access', real.accessSync);
export const statSync = interpose('stat', real.statSync);
export const existsSync = real.existsSync;

/** Named `readFile /proc/PID/status`; files of other folders have no name of their own. */
function interpose<F extends (path: never, ...rest: never[]) => unknown>(name: string, call: F): F {
  return ((path: never, ...rest: never[]) => {
    const text = String(path);
    const failure = enter(`${name} ${text.startsWith('/proc/') ? text.replace(/\d+/, 'PID') : 'FILE'}`, pidOf(text));
    if (failure !== 0) {
      const [code, message] = getSystemErrorMap().get(-failure)!;
      throw Object.assign(new Error(`${code}: ${message}, ${name} '${text}'`), { code, errno: -failure, path: text });
    }
    return call(path, ...rest);
  }) as F;
}
