import assert from 'node:assert/strict';
import { type Candidate, explainDenial, type Standing } from '../../../src/engine/linux/attachRefusal';

const CAP_SYS_PTRACE = 1n << 19n;
const CAP_NET_RAW = 1n << 13n;

const USER: Standing = { user: '1000', capabilities: 0n, isFiltered: false, yamaScope: '0' };
const OWN: Candidate = { owners: ['1000', '1000', '1000'], capabilities: 0n, isReadable: true };

describe('why a process may not be traced', () => {
  const cases: readonly [
    what: string,
    self: Partial<Standing>,
    target: Partial<Candidate>,
    reason: RegExp,
    advice: RegExp,
  ][] = [
    ["another user's", {}, { owners: ['0', '0', '0'] }, /belongs to user 0, Sidestep runs as user 1000/, /as root/],
    ['set-user-id', {}, { owners: ['1000', '0', '0'] }, /belongs to user/, /as root/],
    ['capabilities', {}, { capabilities: CAP_NET_RAW }, /has capabilities that Sidestep lacks/, /as root/],
    ['protected', {}, { isReadable: false }, /has protected itself/, /as root/],
    [
      "a container's root",
      { user: '0' },
      { owners: ['0'], capabilities: CAP_SYS_PTRACE },
      /without .* CAP_SYS_PTRACE/,
      /cap-add/,
    ],
    ["a container's root, a user's process", { user: '0' }, {}, /without .* CAP_SYS_PTRACE/, /cap-add/],
    ['Yama 1', { yamaScope: '1' }, {}, /ptrace_scope is 1/, /sysctl/],
    ['Yama 2', { yamaScope: '2' }, {}, /ptrace_scope is 2/, /sysctl/],
    ['Yama 3', { yamaScope: '3' }, {}, /ptrace_scope is 3/, /reboot/],
    ['Yama 3, root', { yamaScope: '3', user: '0', capabilities: CAP_SYS_PTRACE }, {}, /ptrace_scope is 3/, /reboot/],
    [
      'Yama 1, root under a filter',
      { yamaScope: '1', capabilities: CAP_SYS_PTRACE, isFiltered: true },
      {},
      /seccomp/,
      /cap-add/,
    ],
    ['a filter', { isFiltered: true }, {}, /seccomp filter/, /cap-add/],
    ['what nobody sees', {}, {}, /security module/, /journalctl/],
  ];
  for (const [what, self, target, reason, advice] of cases) {
    it(what, () => {
      const [said, advised] = explainDenial({ ...USER, ...self }, { ...OWN, ...target });
      assert.match(said, reason);
      assert.match(advised, advice);
    });
  }
});
