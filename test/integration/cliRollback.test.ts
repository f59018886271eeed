import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { SimulatorOptions } from '../../src/simulator/simulator.ts';
import type { TenantSeed } from '../../src/simulator/tenantFile.ts';
import { ALLOW_ALL, bench, csv, type Bench } from '../support/cli.ts';
import { allDevices, excluded, filter, group, unheardOf } from '../support/graphShapes.ts';
import { startRedisServer, type TestRedis } from '../support/redisServer.ts';

let redis: TestRedis;
beforeAll(async () => {
  redis = await startRedisServer({ args: ['--appendonly', 'yes'], tcp: true });
});
afterAll(() => redis.stop());

/** As when Redis has lost everything. */
async function flushed(): Promise<void> {
  const client = new Redis(redis.socketPath);
  await client.flushall();
  client.disconnect();
}

const GROUPS = Array.from({ length: 6 }, (_, n) => `00000000-0000-4000-8000-00000000000${n}`);
const [G0, G1, G2, G3, G4, G5] = GROUPS as [string, string, string, string, string, string];
type Target = TenantSeed['policies'][number]['assignments'][number]['target'];

/** One of every kind that can't be said in columns, and some that can. */
const TENANT: TenantSeed = {
  filters: [{ id: 'f1', displayName: 'Corporate', platform: 'iOS' }],
  policies: [
    {
      ...{ id: 'wifi', type: 'deviceConfiguration', displayName: 'Wi-Fi' },
      odataType: '#microsoft.graph.iosWiFiConfiguration',
      assignments: [
        { id: 'wifi_a', target: group(G0, filter('f1', 'exclude')) as Target, intent: 'remove' },
        { id: 'wifi_b', target: excluded(G1) as Target },
        { id: 'wifi_c', target: unheardOf as Target },
        { id: 'wifi_d', target: allDevices() as Target },
      ],
    },
    {
      ...{ id: 'wifi', type: 'deviceConfiguration', via: 'rootCertificate' },
      assignments: [{ id: 'root_a', target: group(G2) as Target }],
    },
    {
      ...{ id: 'pin', type: 'deviceCompliancePolicy', displayName: 'PIN' },
      assignments: [
        { id: 'pin_a', target: group(G3) as Target, source: 'direct', sourceId: 'x' },
        { id: 'pin_b', target: allDevices(filter('f1')) as Target },
      ],
    },
  ],
};

const row = (policyType: string, policyId: string, assignmentId: string, more: Record<string, string>) => ({
  ...{ policyType, policyId, assignmentId, via: '', targetType: 'group', groupId: '' },
  ...{ filterId: '', filterType: '', intent: '', platform: '' },
  ...more,
});
const CHANGES = csv([
  row('deviceConfiguration', 'wifi', 'wifi_a', {
    groupId: G4,
    filterType: 'none',
    intent: 'apply',
    platform: 'iOS',
  }),
  row('deviceConfiguration', 'wifi', 'wifi_b', {
    groupId: G5,
    targetType: 'exclusionGroup',
    platform: 'iOS',
  }),
  row('deviceConfiguration', 'wifi', 'wifi_c', { groupId: G2, platform: 'android' }),
  row('deviceConfiguration', 'wifi', 'root_a', { groupId: G1, via: 'rootCertificate' }),
  row('deviceCompliancePolicy', 'pin', 'pin_a', { groupId: G5 }),
  row('deviceCompliancePolicy', 'pin', 'pin_b', { groupId: G0 }),
]);

interface Site extends Bench {
  readonly file: Bench['file'];
  /** The tenant, apart from the ids that it may have given anew. */
  held(): unknown;
  apply(...more: string[]): Promise<string>;
  rollback(...argv: string[]): ReturnType<Bench['run']>;
  countsOf(name?: string): Promise<Record<string, unknown>>;
}

async function site(options: SimulatorOptions = {}, env: Record<string, string> = {}): Promise<Site> {
  const here = await bench(redis.url, { tenant: TENANT, ...options }, env);
  const countsOf = async (name = '@last'): Promise<Record<string, unknown>> =>
    JSON.parse((await here.run(['status', name, '--json'])).stdout);
  return {
    ...here,
    countsOf,
    held: () => {
      const { policies } = here.simulator.snapshot();
      return policies.map(({ assignments, ...policy }) => ({
        ...policy,
        assignments: assignments
          .map(({ id, ...assignment }) =>
            here.simulator.settings().rekey ? assignment : { id, ...assignment },
          )
          .toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)),
      }));
    },
    async apply(...more) {
      const ran = await here.run([
        'apply',
        here.file('changes.csv', CHANGES),
        '--yes',
        '--json',
        ...ALLOW_ALL,
        ...more,
      ]);
      expect(ran, ran.stderr).toMatchObject({ exitCode: 0 });
      return (JSON.parse(ran.stdout) as { runId: string }).runId;
    },
    rollback: (...argv) => here.run(['rollback', ...argv, '--yes', '--work']),
  };
}

describe.each([{ rekey: false }, { rekey: true }])('with $rekey', ({ rekey }) => {
  test('a rollback puts everything back, object by object, and can be rolled back itself', async () => {
    const here = await site({ rekey });
    const before = here.held();
    const runId = await here.apply();
    const after = here.held();
    expect(after).not.toEqual(before);

    const back = await here.rollback(runId);
    expect(back, back.stderr).toMatchObject({ exitCode: 0, stdout: '' });
    expect(back.stderr).toContain('6 assignments to be put back');
    expect(here.held()).toEqual(before);
    expect(await here.countsOf()).toMatchObject({ state: 'completed', succeeded: 6 });

    const again = await here.rollback('@last');
    expect(again, again.stderr).toMatchObject({ exitCode: 0 });
    expect(here.held()).toEqual(after);
  });

  test('with Redis flushed the plan that was kept is enough', async () => {
    const here = await site({ rekey });
    const before = here.held();
    const runId = await here.apply();
    await flushed();
    const kept = join(here.dir, 'data', 'plans', `${runId}.ndjson`);
    const back = await here.rollback('--from', kept);
    expect(back, back.stderr).toMatchObject({ exitCode: 0 });
    expect(here.held()).toEqual(before);
    const [undone] = readdirSync(join(here.dir, 'data', 'plans')).filter((name) => !name.includes(runId));
    await flushed();
    const again = await here.rollback('--from', join(here.dir, 'data', 'plans', undone ?? ''));
    expect(again, again.stderr).toMatchObject({ exitCode: 0 });
    expect(here.held()).not.toEqual(before);
  });
});

describe('what somebody has changed since', () => {
  const byAnotherHand = (here: Site): void => {
    const edit = (policyId: string, assignmentId: string, target: object) => ({
      ...{ do: 'change' as const, type: 'deviceConfiguration' as const, policyId, assignmentId },
      target: target as Target,
    });
    here.simulator.edit([
      edit('wifi', 'wifi_a', group(G4, filter('f1'))),
      edit('wifi', 'wifi_b', excluded(G3)),
      { ...edit('wifi', 'wifi_c', {}), target: undefined, intent: 'remove' },
    ]);
  };

  test('is left out and shown, also when only a filter or the intent was changed; --force puts it back', async () => {
    const here = await site();
    const before = here.held();
    const runId = await here.apply();
    byAnotherHand(here);
    const dry = await here.run(['rollback', runId, '--dry-run']);
    expect(dry.exitCode).toBe(1);
    expect(dry.stderr).toMatch(/3 assignments to be put back\n.*3 assignments changed by somebody else/);
    expect(dry.stderr).toContain(`excluded group ${G3}`);
    expect(dry.stderr).toMatch(/^ +4 +Wi-Fi +cloudPcAssignmentTarget +Group .*, intent remove$/m);
    expect(await here.countsOf()).toMatchObject({ runId });

    const back = await here.rollback(runId);
    expect(back.exitCode).toBe(1);
    expect(await here.countsOf()).toMatchObject({ succeeded: 3, total: 3 });
    const forced = await here.rollback(runId, '--force');
    expect(forced, forced.stderr).toMatchObject({ exitCode: 0 });
    expect(forced.stderr).toContain('3 assignments as before already');
    expect(here.held()).toEqual(before);
  });

  test('is not overwritten either when it was changed after the question was answered', async () => {
    const here = await site();
    const runId = await here.apply();
    const made = await here.run(['rollback', runId, '--yes']);
    expect(made.exitCode).toBe(0);
    byAnotherHand(here);
    expect((await here.run(['worker', '--until-idle'])).exitCode).toBe(1);
    // A stale exclusion holds the other row of its policy back.
    expect(await here.countsOf(made.stdout.trim())).toMatchObject({ stale: 3, failed: 1, succeeded: 2 });
  });

  test('nor when it was changed between the read that decided and the one that shows the plan', async () => {
    const here = await site();
    const runId = await here.apply();
    here.simulator.reconfigure({
      concurrentEdits: [
        {
          afterReads: 1,
          edit: {
            ...{ do: 'change', type: 'deviceCompliancePolicy', policyId: 'pin', assignmentId: 'pin_a' },
            target: group(G1) as Target,
          },
        },
      ],
    });
    expect((await here.rollback(runId)).exitCode).toBe(1);
    expect(await here.countsOf()).toMatchObject({ stale: 1 });
    expect(here.simulator.stats().faults).toMatchObject({ concurrentEdits: 1 });
    const held = here.simulator.tenant.assignmentsOf('deviceCompliancePolicies', 'pin');
    expect(held?.[0]?.target).toMatchObject(group(G1));
  });

  test('and is gone can be put back by nobody', async () => {
    const here = await site();
    const runId = await here.apply();
    here.simulator.edit([
      { do: 'remove', type: 'deviceConfiguration', policyId: 'wifi', assignmentId: 'wifi_a' },
    ]);
    const forced = await here.rollback(runId, '--force');
    expect(forced.exitCode).toBe(1);
    expect(forced.stderr).toContain('1 assignment gone since');
    expect(await here.countsOf()).toMatchObject({ total: 5, succeeded: 5 });
  });
});

test('--where and --rows put back a part', async () => {
  const here = await site();
  const runId = await here.apply();
  expect((await here.rollback(runId, '--where', 'platform=ios')).exitCode).toBe(0);
  // Two rows say so themselves; of a third the tenant did when it was planned.
  expect(await here.countsOf()).toMatchObject({ total: 3, succeeded: 3 });
  const rows = here.file('rows.csv', csv([row('deviceCompliancePolicy', 'pin', 'PIN_A', { groupId: G5 })]));
  expect((await here.rollback(runId, '--rows', rows)).exitCode).toBe(0);
  expect(await here.countsOf()).toMatchObject({ total: 1, succeeded: 1 });
  const results = await here.run(['results', '@last', '--format', 'json']);
  expect(JSON.parse(results.stdout)[0]).toMatchObject({ policyId: 'pin', assignmentId: 'pin_a' });
  const none = await here.rollback(runId, '--where', 'platform=iOS');
  expect(none.exitCode).toBe(0);
  expect(none.stderr).toContain('3 assignments as before already');
});

test('a run that is not at its end is refused, and one that wrote nothing has nothing to put back', async () => {
  const here = await site();
  const file = here.file('changes.csv', CHANGES);
  const runId = (await here.run(['submit', '--no-plan', file])).stdout.trim();
  const refused = await here.rollback(runId);
  expect(refused).toMatchObject({ exitCode: 2 });
  expect(refused.stderr).toContain(`retarget cancel ${runId}`);
  await here.run(['cancel', runId]);
  const nothing = await here.rollback(runId);
  expect(nothing.exitCode).toBe(0);
  expect(nothing.stderr).toContain(`Nothing of ${runId} is to be put back`);
  expect(here.simulator.stats().writesArrived).toBe(0);

  const blind = here.file('blind.csv', CHANGES.replaceAll(/,,(apply|),(\w*)$/gm, ',none,$1,$2'));
  const ran = await here.run(['apply', blind, '--blind', '--yes', ...ALLOW_ALL]);
  expect(ran, ran.stderr).toMatchObject({ exitCode: 0 });
  const unseen = await here.rollback('@last');
  expect(unseen.exitCode).toBe(0);
  expect(unseen.stderr).toContain('no before-images');
});

test('what is meant must be said, and a question needs somebody', async () => {
  const here = await site();
  for (const argv of [[], ['@last', '--from', 'x']])
    expect(await here.rollback(...argv)).toMatchObject({ exitCode: 2 });
  expect((await here.run(['rollback', '@last'])).stderr).toContain('--yes');
  const damaged = here.file('plan.ndjson', '{"kind":"plan","format":1}\n');
  expect((await here.rollback('--from', damaged)).exitCode).toBe(2);
});

test('its plan is kept, and shows in the log of both runs', async () => {
  const here = await site();
  const runId = await here.apply();
  expect((await here.rollback(runId, '--reason', 'CHG-1')).exitCode).toBe(0);
  const undone = String((await here.countsOf())['runId']);
  expect(readFileSync(join(here.dir, 'data', 'plans', `${undone}.ndjson`), 'utf8')).toContain('"kind":"end"');
  const logOf = async (name: string): Promise<{ action: string; reason: string; details: object }[]> =>
    JSON.parse((await here.run(['log', name, '--json'])).stdout);
  expect((await logOf(undone))[0]).toMatchObject({
    action: 'rollback',
    reason: 'CHG-1',
    details: { of: runId },
  });
  expect((await logOf(runId)).at(-1)).toMatchObject({ action: 'rolled back', details: { by: undone } });
});
