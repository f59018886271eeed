import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { EditInput } from '../../src/simulator/editSchema.ts';
import type { SimulatorOptions } from '../../src/simulator/simulator.ts';
import type { TenantSeed } from '../../src/simulator/tenantFile.ts';
import { APPLY, flushAll, site, type Held, type Site, type Target } from '../support/assignSite.ts';
import { csv } from '../support/cli.ts';
import { allDevices, excluded, filter, group, unheardOf } from '../support/graphShapes.ts';
import { named, withGuids } from '../support/guid.ts';
import { startRedisServer, type TestRedis } from '../support/redisServer.ts';

let redis: TestRedis;
beforeAll(async () => {
  redis = await startRedisServer({ args: ['--appendonly', 'yes'], tcp: true });
});
afterAll(() => redis.stop());

const assignment = (id: string, target: object, more: object = {}) => ({
  ...{ id, target: target as Target },
  ...more,
});

const TENANT: TenantSeed = {
  filters: [{ id: 'f1', displayName: 'Corporate', platform: 'iOS' }],
  policies: [
    {
      ...{ id: 'wifi', type: 'deviceConfiguration', odataType: '#microsoft.graph.iosWiFiConfiguration' },
      assignments: [
        assignment('wifi_a', group('g0', filter('f1', 'exclude')), { intent: 'remove' }),
        assignment('wifi_b', excluded('g1')),
        assignment('wifi_c', unheardOf),
        assignment('wifi_d', group('g2')),
      ],
    },
    {
      ...{ id: 'kiosk', type: 'deviceConfiguration' },
      assignments: [
        assignment('kiosk_a', allDevices(filter('f1'))),
        assignment('kiosk_b', excluded('g1')),
        assignment('kiosk_c', unheardOf),
        assignment('kiosk_d', group('g9'), { source: 'policySets', sourceId: 's1' }),
      ],
    },
    {
      ...{ id: 'pin', type: 'deviceCompliancePolicy' },
      assignments: [
        assignment('pin_a', group('g3'), { source: 'direct', sourceId: 'x' }),
        assignment('pin_b', unheardOf),
      ],
    },
    {
      ...{ id: 'vpn', type: 'deviceConfiguration' },
      assignments: [assignment('vpn_a', unheardOf), assignment('vpn_b', group('g4'))],
    },
  ],
};

const row = (policyId: string, assignmentId: string, cells: Record<string, string> = {}) => ({
  policyType: policyId === 'pin' ? 'deviceCompliancePolicy' : 'deviceConfiguration',
  ...{ policyId, assignmentId, action: '', targetType: '', groupId: '', filterId: '', filterType: '' },
  ...{ intent: '', platform: '' },
  ...cells,
});
const toGroup = (groupId: string) => ({ targetType: 'group', groupId });
const CHANGES = csv([
  row('wifi', 'wifi_a', { ...toGroup('g4'), filterType: 'none', intent: 'apply', platform: 'iOS' }),
  row('wifi', 'wifi_b', { action: 'remove', platform: 'iOS' }),
  row('wifi', 'wifi_c', { ...toGroup('g6'), platform: 'android' }),
  row('wifi', '', {
    action: 'add',
    ...toGroup('g5'),
    filterId: 'f1',
    filterType: 'include',
    platform: 'iOS',
  }),
  row('kiosk', '', { action: 'clear' }),
  row('kiosk', '', { action: 'add', targetType: 'allLicensedUsers' }),
  row('pin', 'pin_a', toGroup('g5')),
  row('pin', '', { action: 'add', ...toGroup('g6') }),
  row('vpn', 'vpn_a', toGroup('g7')),
  row('vpn', 'vpn_b', toGroup('g8')),
]);
/** Assignments of which there is something to be put back. */
const INVERSES = 12;

interface Changed extends Site {
  readonly before: Held;
  readonly after: Held;
  readonly runId: string;
}

/** A tenant whose lists were changed by a run of all actions. */
async function changed(strategy: 'patch' | 'assign', options: SimulatorOptions = {}): Promise<Changed> {
  const here = await site(redis.url, { tenant: TENANT, ...options });
  const before = here.held();
  await here.must(0, ...APPLY, here.file('changes.csv', CHANGES), '--strategy', strategy);
  const after = here.held();
  const { runId } = await here.status();
  expect(await here.status()).toMatchObject({ total: 10, succeeded: 10 });
  return { ...here, before, after, runId: String(runId) };
}

const rollback = (here: Site, exitCode: number, ...argv: string[]) =>
  here.must(exitCode, 'rollback', ...argv, '--yes', '--work');

describe.each([
  { strategy: 'assign', writes: 4, rekey: true, assignReply: 'null' },
  { strategy: 'assign', writes: 4, rekey: false, assignReply: 'list' },
  { strategy: 'patch', writes: 5, rekey: true, assignReply: 'list' },
] as const)('with $strategy, ids given anew: $rekey', ({ strategy, writes, ...answers }) => {
  test('a rollback puts each list back value for value, with one write each, and so does one of the rollback', async () => {
    const here = await changed(strategy, answers);
    expect(here.after).not.toEqual(here.before);
    const { assignsPerPolicy } = here.simulator.stats();

    const back = await rollback(here, 0, here.runId);
    expect(back.stderr).toContain(`${INVERSES} assignments to be put back`);
    expect(back.stderr).toContain(`(${writes} writes, at once)`);
    expect(here.held()).toEqual(here.before);
    expect(await here.status()).toMatchObject({ total: INVERSES, succeeded: INVERSES });
    for (const [path, times] of Object.entries(here.simulator.stats().assignsPerPolicy))
      expect([path, times]).toEqual([path, (assignsPerPolicy[path] ?? 0) + 1]);

    await rollback(here, 0, '@last');
    expect(here.held()).toEqual(here.after);
  });

  test('with Redis flushed the plan that was kept is enough, also for the rollback of the rollback', async () => {
    const here = await changed(strategy, answers);
    await flushAll(redis.socketPath);
    await rollback(here, 0, '--from', join(here.dir, 'data', 'plans', `${here.runId}.ndjson`));
    expect(here.held()).toEqual(here.before);
    const { runId } = await here.status();
    await flushAll(redis.socketPath);
    await rollback(here, 0, '--from', join(here.dir, 'data', 'plans', `${String(runId)}.ndjson`));
    expect(here.held()).toEqual(here.after);
  });
});

test('what others have added since stays', async () => {
  const here = await changed('assign');
  const add = (policyId: string, target: object) => ({
    ...{ do: 'add' as const, type: 'deviceConfiguration' as const, policyId },
    assignment: { target: target as Target },
  });
  here.simulator.edit([add('wifi', excluded('theirs')), add('kiosk', group('theirs', filter('f1')))]);
  const theirs = ['wifi', 'kiosk'].map((id) => here.held()[id]?.filter((each) => each.includes('theirs')));
  await rollback(here, 0, here.runId);
  const [wifi, kiosk] = theirs.map((added) => added ?? []);
  expect(here.held()).toEqual({
    ...here.before,
    wifi: [...(here.before['wifi'] ?? []), ...(wifi ?? [])].toSorted(),
    kiosk: [...(here.before['kiosk'] ?? []), ...(kiosk ?? [])].toSorted(),
  });
});

describe('what somebody has changed since', () => {
  /** Sets, adds, and what was removed and cleared, each by another hand. */
  const byAnotherHand = ({ simulator }: Site): void => {
    const idOf = (policyId: string, text: string): string =>
      simulator
        .snapshot()
        .policies.find(({ id }) => id === policyId)
        ?.assignments.find((each) => named(JSON.stringify(each.target)).includes(text))?.id ?? '';
    const at = (policyId: string) => ({ type: 'deviceConfiguration' as const, policyId });
    const target = (of: object) => of as Target;
    simulator.edit(
      withGuids<EditInput[]>([
        {
          do: 'change',
          ...at('wifi'),
          assignmentId: idOf('wifi', 'g4'),
          target: target(group('g4', filter('f1'))),
        },
        { do: 'change', ...at('wifi'), assignmentId: idOf('wifi', 'g5'), target: target(group('g5')) },
        { do: 'add', ...at('kiosk'), assignment: { target: target(allDevices()) } },
        { do: 'remove', ...at('kiosk'), assignmentId: idOf('kiosk', 'allLicensedUsers') },
        { do: 'remove', ...at('vpn'), assignmentId: idOf('vpn', 'g7') },
      ]),
    );
  };

  test('is left out and shown; --force puts it back, and adds again what is gone', async () => {
    const here = await changed('assign');
    byAnotherHand(here);
    const back = await rollback(here, 1, here.runId);
    expect(back.stderr).toContain('3 assignments changed by somebody else since');
    expect(back.stderr).toContain('1 assignment gone since');
    expect(back.stderr).toContain('1 assignment as before already');
    expect(back.stderr).toMatch(/6 +wifi +nothing +group g5|5 +wifi +nothing +group g5/);
    expect(await here.status()).toMatchObject({ total: INVERSES - 5, succeeded: INVERSES - 5 });
    expect(here.held()['pin']).toEqual(here.before['pin']);
    expect(here.held()['wifi']).not.toEqual(here.before['wifi']);

    await rollback(here, 0, here.runId, '--force');
    expect(here.held()).toEqual(here.before);
  });

  test('is not overwritten either when it was changed after the question was answered', async () => {
    const here = await changed('assign');
    const runId = (await here.must(0, 'rollback', here.runId, '--yes')).stdout.trim();
    byAnotherHand(here);
    const theirs = here.held();
    await here.must(1, 'worker', '--until-idle');
    expect(await here.status(runId)).toMatchObject({ stale: INVERSES - 3, skipped: 1, succeeded: 2 });
    expect(here.held()).toEqual({ ...theirs, pin: here.before['pin'] });
  });

  test('and a policy that is gone can be put back by nobody', async () => {
    const here = await changed('assign');
    here.simulator.reconfigure({ refusals: [{ method: 'GET', policyId: 'kiosk', status: 404 }] });
    const back = await rollback(here, 1, here.runId, '--force');
    expect(back.stderr).toContain('gone since, or unreadable');
    expect(await here.status()).toMatchObject({ failed: 0, succeeded: INVERSES - 4 });
  });
});

test('--where takes back a part', async () => {
  const here = await changed('assign');
  await rollback(here, 0, here.runId, '--where', 'platform=ios');
  expect(await here.status()).toMatchObject({ total: 3, succeeded: 3 });
  const [wifi, others] = [here.held()['wifi'], here.held()];
  expect(wifi?.filter((each) => each.includes('"g6"'))).toHaveLength(1);
  expect(others).toEqual({ ...here.after, wifi });
  await rollback(here, 0, here.runId, '--where', 'action=clear', '--where', 'policyId=KIOSK');
  expect(await here.status()).toMatchObject({ total: 3, succeeded: 3 });
  expect(here.held()['kiosk']).toEqual(
    [
      ...(here.before['kiosk'] ?? []),
      ...(here.after['kiosk'] ?? []).filter((each) => each.includes('allLicensedUsers')),
    ].toSorted(),
  );
});
