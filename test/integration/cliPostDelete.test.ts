import { afterAll, beforeAll, expect, test } from 'vitest';
import { APPLY, site, type Site } from '../support/assignSite.ts';
import { ALLOW_ALL, csv } from '../support/cli.ts';
import { guid } from '../support/guid.ts';
import { ANY_SIZE } from '../support/plannedTenant.ts';
import { movingAll, tenantOf, TYPES } from '../support/postDeleteSite.ts';
import { startRedisServer, type TestRedis } from '../support/redisServer.ts';

let redis: TestRedis;
beforeAll(async () => {
  redis = await startRedisServer({ args: ['--appendonly', 'yes'], tcp: true });
});
afterAll(() => redis.stop());

const ALLOW = [...ALLOW_ALL, ...ANY_SIZE];
const EMPTY = { action: '', assignmentId: '', targetType: '', groupId: '' };

test('what stayed half done is told, and a rollback takes the new assignment away again', async () => {
  const refusals = [{ method: 'DELETE', policyId: `${TYPES[0]}-0`, status: 403, times: 1 }] as const;
  const here = await site(redis.url, { tenant: tenantOf(2), refusals: [...refusals] });
  const before = here.held();
  await here.must(1, ...APPLY, ...ANY_SIZE, movingAll(here), '--max-failures', 'off');
  const failed = (await here.results()).filter(({ status }) => status === 'failed');
  expect(failed).toMatchObject([{ policyId: `${TYPES[0]}-0`, errorCode: 'OldNotRemoved' }]);
  expect(here.held()[`${TYPES[0]}-0`]).toHaveLength(3);
  await here.must(0, 'rollback', '@last', '--yes', '--work');
  expect(here.held()).toEqual(before);
});

/** What a run, and its retry, could not remove, as each DELETE of it was refused once more. */
async function refusedTwice(here: Site, file: string, errorCode: string): Promise<void> {
  await here.must(1, ...APPLY, ...ANY_SIZE, file, '--max-failures', 'off');
  for (const tried of ['first', 'again']) {
    if (tried === 'again') await here.must(1, 'retry', '@last', '--work');
    const failed = (await here.results()).filter(({ status }) => status === 'failed');
    expect(failed, tried).toMatchObject([{ errorCode }]);
  }
}

test('what a retry could not finish either is taken back all the same', async () => {
  const refusals = [{ method: 'DELETE', policyId: `${TYPES[1]}-0`, status: 403, times: 2 }] as const;
  const here = await site(redis.url, { tenant: tenantOf(1), refusals: [...refusals] });
  const before = here.held();
  await refusedTwice(here, movingAll(here), 'OldNotRemoved');
  await here.must(0, 'rollback', '@last', '--yes', '--work');
  expect(here.held()).toEqual(before);
});

test('a policy of which only some could be removed says so, and gets them back by a rollback', async () => {
  const [type] = TYPES;
  const [first, second] = tenantOf(1).policies[0]?.assignments ?? [];
  const refusals = [{ method: 'DELETE', assignmentId: second?.id, status: 403, times: 2 }] as const;
  const here = await site(redis.url, { tenant: tenantOf(1), refusals: [...refusals] });
  const before = here.held();
  const file = here.file('clear.csv', csv([{ policyType: type, policyId: `${type}-0`, action: 'clear' }]));
  await refusedTwice(here, file, 'PartlyCleared');
  expect(here.held()[`${type}-0`]).toHaveLength(1);
  expect(first).toBeDefined();
  await here.must(0, 'rollback', '@last', '--yes', '--work');
  expect(here.held()).toEqual(before);
});

test('a plan counts two writes for what is retargeted, one for what is added', async () => {
  const here = await site(redis.url, { tenant: tenantOf(2) });
  const [first] = here.simulator.snapshot().policies;
  const added = { policyType: first?.type, policyId: first?.id, action: 'add', targetType: 'group' };
  const rows = here.file('added.csv', csv([{ ...added, groupId: guid('more') }]));
  const planned = async (file: string) =>
    JSON.parse((await here.must(0, 'plan', file, '--json', ...ALLOW)).stdout) as Record<string, unknown>;
  expect(await planned(movingAll(here))).toMatchObject({ writes: 4, requests: 8 });
  expect(await planned(rows)).toMatchObject({ writes: 1, requests: 1 });
});

test('what was set, added, removed and cleared is all put back by one rollback', async () => {
  const here = await site(redis.url, { tenant: tenantOf(3) });
  const before = here.held();
  const rows = here.simulator.snapshot().policies.flatMap(({ type, id, assignments: [first, second] }, n) => {
    const of = { policyType: type, policyId: id };
    const fresh = { targetType: 'group', groupId: guid(`new ${id}`) };
    return [
      [{ ...of, ...fresh, action: 'set', assignmentId: first?.id }],
      [
        { ...of, ...fresh, action: 'add' },
        { ...of, action: 'remove', assignmentId: second?.id },
      ],
      [{ ...of, action: 'clear' }],
    ][n % 3];
  });
  const file = here.file('mixed.csv', csv(rows.map((row) => ({ ...EMPTY, ...row }))));
  await here.must(0, ...APPLY, ...ANY_SIZE, file);
  expect(Object.values(here.held()).map(({ length }) => length)).toEqual([2, 2, 0, 2, 2, 0]);
  await here.must(0, 'rollback', '@last', '--yes', '--work');
  expect(here.held()).toEqual(before);
});
