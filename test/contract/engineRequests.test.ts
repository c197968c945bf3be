import assert from 'node:assert/strict';
import { type SidestepError } from '../../src/base/errors';
import { NO_REQUEST, requestIdOf, toRequest } from '../../src/contract/engineRequests';

const LAUNCH = { program: '/bin/true', args: [], cwd: '/', env: [], stdio: [0, 1, 2] };
const SITE = { site: 1, probe: 1, address: 1n, agent: { captures: [] }, onHit: 'report' };
const armed = (site: Readonly<Record<string, unknown>>) => ({ pid: 1, sites: [{ ...SITE, ...site }] });

describe('requests', () => {
  const accepted: readonly (readonly [string, unknown])[] = [
    ['launch', LAUNCH],
    ['launch', { ...LAUNCH, follow: 'children', starter: 5 }],
    ['attach', { pid: 1 }],
    ['arm', { pid: 1, sites: [] }],
    ['arm', { pid: 1, sites: [SITE, { ...SITE, onHit: 'trace' }] }],
    ['arm', armed({ address: 2n ** 64n - 1n, expected: '0fcc', sequence: { start: 1n, end: 2n }, from: 0n })],
    ['arm', armed({ agent: { condition: [{ op: 'const', value: -1n }], captures: [[{ op: 'drop' }]] } })],
    ['disarm', { sites: [0, 2 ** 31] }],
    ['declare', { probe: 0, hitCondition: { operator: '%', count: 3 } }],
    ['signal', { pid: 1, signal: 0 }],
    ['counts', {}],
  ];
  for (const [kind, wanted] of accepted) {
    it(`${kind} may be ${show(wanted)}`, () => {
      const request = { id: 1, kind, arguments: wanted };
      assert.equal(toRequest(request), request);
    });
  }

  const refused: readonly (readonly [unknown, RegExp])[] = [
    [null, /the request must be an object, not null/],
    [[], /must be an object, not a list of 0/],
    ['counts', /must be an object/],
    [{}, /the request\.id must be an integer/],
    [{ id: -1, kind: 'counts', arguments: {} }, /the request\.id .* not -1/],
    [{ id: 1.5, kind: 'counts', arguments: {} }, /the request\.id/],
    [{ id: 1 }, /the request\.kind must be a request that the engine knows, not missing/],
    ...['nonsense', 'toString', '__proto__', 'constructor', 'hasOwnProperty'].map(
      (kind) => [{ id: 1, kind, arguments: {} }, /must be a request that the engine knows/] as const,
    ),
    [{ id: 1, kind: ['counts'], arguments: {} }, /must be a request that the engine knows/],
    [{ id: 1, kind: 'counts' }, /the request counts is refused: arguments must be an object, not missing/],
    ...(
      [
        ['launch', null, /arguments must be an object, not null/],
        ['launch', { ...LAUNCH, program: 5 }, /arguments\.program must be a string without NUL, not 5/],
        ['launch', { ...LAUNCH, program: 'a\0b' }, /arguments\.program/],
        ['launch', { ...LAUNCH, args: 'a' }, /arguments\.args must be a list/],
        ['launch', { ...LAUNCH, args: ['a', null] }, /arguments\.args\[1\] must be a string/],
        ['launch', { ...LAUNCH, env: ['A=1', 5] }, /arguments\.env\[1\] must be a string/],
        ['launch', { ...LAUNCH, stdio: [0, 1] }, /arguments\.stdio must be a list of 3, not a list of 2/],
        ['launch', { ...LAUNCH, stdio: [0, 1, -1] }, /arguments\.stdio\[2\]/],
        ['launch', { ...LAUNCH, follow: 'all' }, /arguments\.follow must be "none" or "children", not "all"/],
        ['launch', { ...LAUNCH, starter: -1 }, /arguments\.starter must be an integer from 1/],
        ['launch', { ...LAUNCH, starter: 0 }, /arguments\.starter/],
        ['attach', { pid: '1' }, /arguments\.pid/],
        ['attach', { pid: -1 }, /arguments\.pid/],
        ['attach', { pid: 2 ** 31 }, /arguments\.pid/],
        ['declare', { probe: -1 }, /arguments\.probe/],
        ['declare', { probe: 2 ** 40 }, /arguments\.probe/],
        ['declare', { probe: 1, hitCondition: { operator: 'toString', count: 1 } }, /hitCondition\.operator must be/],
        ['declare', { probe: 1, hitCondition: { operator: '==' } }, /hitCondition\.count .* missing/],
        ['arm', { pid: 1 }, /arguments\.sites must be a list, not missing/],
        [
          'arm',
          { pid: 1, sites: [SITE, {}] },
          /arguments\.sites\[1\]\.address must be a 64-bit integer .* not missing/,
        ],
        ['arm', armed({ address: 5 }), /arguments\.sites\[0\]\.address/],
        ['arm', armed({ address: -1n }), /arguments\.sites\[0\]\.address/],
        ['arm', armed({ from: 5 }), /arguments\.sites\[0\]\.from/],
        ['arm', armed({ site: 'x' }), /sites\[0\]\.site .* not "x"/],
        ['arm', armed({ site: 2 ** 31 }), /sites\[0\]\.site/],
        ['arm', armed({ onHit: 'stop' }), /sites\[0\]\.onHit must be/],
        ['arm', armed({ expected: 'zz' }), /sites\[0\]\.expected must be bytes in hex/],
        ['arm', armed({ agent: {} }), /sites\[0\]\.agent\.captures must be a list, not missing/],
        ['arm', armed({ agent: { captures: [[null]] } }), /captures\[0\]\[0\] must be an operation/],
        ['arm', armed({ agent: { captures: [[{ op: { toString: 1 } }]] } }), /captures\[0\]\[0\] must be an operation/],
        ['disarm', { sites: 5 }, /arguments\.sites must be a list, not 5/],
        ['disarm', { sites: [1, 2 ** 32] }, /arguments\.sites\[1\]/],
        ['limit', { reports: NaN }, /arguments\.reports/],
        ['release', {}, /arguments\.tid .* not missing/],
        ['signal', { pid: -1, signal: 9 }, /arguments\.pid/],
        ['signal', { pid: 1, signal: 65 }, /arguments\.signal/],
        ['signal', { pid: 1, signal: -9 }, /arguments\.signal/],
      ] as const
    ).map(([kind, wanted, problem]) => [{ id: 1, kind, arguments: wanted }, problem] as const),
  ];
  for (const [message, problem] of refused) {
    it(`can't be ${show(message)}`, () => {
      assert.throws(
        () => toRequest(message),
        (error: SidestepError) => error.code === 'engine-protocol' && problem.test(error.message),
      );
    });
  }

  it('are answered by their number, where they have one', () => {
    assert.equal(requestIdOf({ id: 7, kind: 'nonsense' }), 7);
    for (const message of [null, 5, {}, { id: '7' }, { id: -7 }, []]) assert.equal(requestIdOf(message), NO_REQUEST);
  });
});

function show(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) => (typeof inner === 'bigint' ? `${inner}n` : inner));
}
