/**
 * What a program loses by being traced: execve(2) gives no privileges to one whose tracer could not have them itself.
 */
import { executableStatus, readStatus } from './proc';

const S_ISUID = 0o4000;
const S_ISGID = 0o2000;
const S_IXGRP = 0o0010;

/**
 * `executable`: for people. A sentence about a set-user-id or set-group-id program that has just been started without
 * its privileges.
 */
export function lostPrivileges(pid: number, executable: string): string | undefined {
  const file = executableStatus(pid);
  const status = readStatus(pid);
  if (file === undefined || status === undefined) return undefined;
  const effective = (field: string): number => Number(status.get(field)?.split('\t')[1]);
  const lacksUser = (file.mode & S_ISUID) !== 0 && effective('Uid') !== file.uid;
  const lacksGroup = (file.mode & S_ISGID) !== 0 && (file.mode & S_IXGRP) !== 0 && effective('Gid') !== file.gid;
  if (!lacksUser && !lacksGroup) return undefined;
  const what = lacksUser ? 'set-user-id' : 'set-group-id';
  return `${executable} is ${what} and runs without its privileges, because it is traced: start the engine as root (--elevate sudo, in launch.json "elevate": "sudo")`;
}
