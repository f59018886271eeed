import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { SimulatorOptions } from '../../src/simulator/simulator.ts';
import type { TenantSeed } from '../../src/simulator/tenantFile.ts';
import { APPLY, site, type Site, type Target } from '../support/assignSite.ts';
import { csv } from '../support/cli.ts';
import { allDevices, excluded, filter, group } from '../support/graphShapes.ts';
import { guid } from '../support/guid.ts';
import { startRedisServer, type TestRedis } from '../support/redisServer.ts';

let redis: TestRedis;
beforeAll(async () => {
  redis = await startRedisServer({ args: ['--appendonly', 'yes'], tcp: true });
});
afterAll(() => redis.stop());

const POLICIES = 3;
/** Each list has an exclusion, a filter, an intent and an entry for everybody, and a row names none of them. */
const TENANT: TenantSeed = {
  filters: [{ id: 'f1', displayName: 'Corporate', platform: 'windows10AndLater' }],
  policies: Array.from({ length: POLICIES }, (_, n) => ({
    ...{ id: `p${n}`, type: 'deviceConfiguration' as const, displayName: `Wi-Fi ${n}` },
    assignments: [
      { id: `p${n}_a`, target: group('g1', filter('f1')) as Target },
      { id: `p${n}_b`, target: excluded('g2') as Target },
      { id: `p${n}_c`, target: group('g3') as Target, intent: 'remove' },
      { id: `p${n}_d`, target: allDevices(filter('f1')) as Target },
    ],
  })),
};
const ADDS = csv(
  Array.from({ length: POLICIES }, (_, n) => ({
    ...{ policyType: 'deviceConfiguration', policyId: `p${n}`, action: 'add', targetType: 'group' },
    groupId: 'g9',
  })),
);
const ENV = { RETARGET_WINDOW_MS: '200', RETARGET_WRITES_PER_WINDOW: '1' };

/** A run that adds a group to each policy, in a tenant that loses something of every list. */
async function lossy(
  loses: keyof NonNullable<SimulatorOptions['faults']>,
  options: SimulatorOptions = {},
): Promise<Site> {
  const here = await site(redis.url, { tenant: TENANT, ...options }, ENV);
  here.simulator.reconfigure({ faults: { [loses]: 1 } });
  return here;
}

const run = (here: Site) => here.must(3, ...APPLY, here.file('adds.csv', ADDS));

describe.each([
  { loses: 'exclusionsDropped', says: 'lacks excluded group g2' },
  { loses: 'filtersDropped', says: 'has group g1, intent apply where group g1, include filter f1' },
  { loses: 'entriesDropped', says: 'lacks group g1' },
] as const)('a tenant in which a list that is written has its $loses', ({ loses, says }) => {
  test.each([{ rekey: true }, { rekey: false }])(
    'stops the run, and a rollback restores it: %j',
    async (options) => {
      const here = await lossy(loses, options);
      const before = here.held();
      const ran = await run(here);
      expect(await here.status()).toMatchObject({ state: 'aborted', reason: 'lostEntries', succeeded: 0 });
      expect(ran.stderr).toContain(says);
      expect(ran.stderr).toContain('puts back what was lost');
      expect(ran.stderr).toMatch(/policy "Wi-Fi (\d)" p\1 \(line \d\): /);
      const [first, , last] = await here.results();
      expect(first).toMatchObject({ status: 'failed', errorCode: 'VerifyMismatch' });
      expect(first?.errorMessage).toContain('read back it');
      // Nothing more is lost of what the run had not come to.
      expect(last).toMatchObject({ status: 'pending' });
      expect(here.held()['p2']).toEqual(before['p2']);
      here.simulator.reconfigure({ faults: {} });
      await here.must(0, 'rollback', '@last', '--yes', '--work');
      expect(here.held()).toEqual(before);
    },
  );
});

test('a retry of its rows does not make a rollback forget what was lost', async () => {
  const here = await lossy('exclusionsDropped');
  const before = here.held();
  await run(here);
  const { runId } = await here.status();
  here.simulator.reconfigure({ faults: {} });
  await here.must(0, 'retry', String(runId), '--work');
  await here.must(0, 'rollback', String(runId), '--yes', '--work');
  expect(here.held()).toEqual(before);
});

test('what was lost of a list that somebody has changed since is told and left alone, unless it is forced', async () => {
  const here = await lossy('exclusionsDropped');
  const before = here.held();
  await run(here);
  here.simulator.reconfigure({ faults: {} });
  const { runId } = await here.status();
  const listWritten = here.simulator
    .snapshot()
    .policies.find(({ assignments }) => assignments.some(({ target }) => target['groupId'] === guid('g9')));
  const policyId = listWritten?.id ?? '';
  here.simulator.edit([
    { do: 'add', type: 'deviceConfiguration', policyId, assignment: { target: group(guid('g7')) as Target } },
  ]);
  const ran = await here.must(1, 'rollback', String(runId), '--yes', '--work');
  expect(ran.stderr).toContain('lost in a write whose list somebody has changed since');
  await here.must(0, 'rollback', String(runId), '--yes', '--work', '--force');
  const now = here.held();
  const { [policyId]: mended, ...others } = now;
  expect(mended).toEqual(expect.arrayContaining([...(before[policyId] ?? [])]));
  expect(mended).toHaveLength((before[policyId] ?? []).length + 1);
  expect(before).toMatchObject(others);
});

describe('a rollback from the plan', () => {
  async function lost(): Promise<Site & { readonly plan: string; readonly before: unknown }> {
    const here = await lossy('exclusionsDropped');
    const before = here.held();
    const plan = `${here.dir}/plan.ndjson`;
    const [, ...judged] = APPLY.filter((flag) => flag !== '--yes');
    await here.must(0, 'plan', here.file('adds.csv', ADDS), '-o', plan, ...judged);
    await here.must(3, ...APPLY, plan);
    here.simulator.reconfigure({ faults: {} });
    return { ...here, plan, before };
  }

  test('takes what was lost from the record of its run', async () => {
    const here = await lost();
    const back = await here.must(0, 'rollback', '--from', here.plan, '--yes', '--work');
    expect(back.stderr).not.toContain('Lists were written whole');
    expect(here.held()).toEqual(here.before);
  });

  test('says where that run is not known that losses are not either', async () => {
    const here = await lost();
    const client = new Redis(redis.socketPath);
    const keys = await client.keys(
      `retarget:{${here.env['AZURE_TENANT_ID']}}:*${(await here.status()).runId}*`,
    );
    await client.del(...keys);
    client.disconnect();
    const back = await here.must(0, 'rollback', '--from', here.plan, '--yes', '--work');
    expect(back.stderr).toContain('What such a write may have lost');
  });
});
