import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ALLOW_ALL, bench, csv } from '../support/cli.ts';
import { startRedisServer, type TestRedis } from '../support/redisServer.ts';
import { SMALL_TENANT } from '../support/simulatorClient.ts';
import { webSite } from '../support/webSite.ts';

let redis: TestRedis;
beforeAll(async () => {
  redis = await startRedisServer({ args: ['--appendonly', 'yes'], tcp: true });
});
afterAll(() => redis.stop());

const CHANGES = csv(
  [
    ['c1', 'a1'],
    ['c2', 'a3'],
  ].map(([policyId, assignmentId]) => ({
    ...{ policyType: 'deviceConfiguration', policyId, assignmentId },
    ...{ targetType: 'allDevices' },
  })),
);

test('a saved plan is shown before it runs: what changes, what was found and why, with the rows behind it', async () => {
  const here = await bench(redis.url, { tenant: SMALL_TENANT });
  const plan = join(here.dir, 'plan.ndjson');
  await here.run(['plan', here.file('big.csv', CHANGES), '-o', plan]);
  const { page, words, web } = await webSite(here, [plan]);
  expect(await page('/')).toContain('href="/plans/1"');
  const shown = await words('/plans/1');
  expect(shown).toContain('2 assignments of 2 policies will be written; nothing has been yet.');
  expect(shown).toContain('whole: nobody has edited it since it was made');
  expect(shown).toContain('all-devices: 2');
  expect(shown).toContain(`retarget apply ${plan} --allow`);
  const markup = await page('/plans/1');
  const rowsBehind = /href="(\/plans\/1\/rows\?finding=all-devices&amp;cause=\w+)"/.exec(markup)?.[1] ?? '';
  const rows = await page(rowsBehind.replaceAll('&amp;', '&'));
  expect(rows.match(/<li class="row">/g)).toHaveLength(2);
  expect(await words('/plans/1/rows?result=refused')).toContain('No row is so.');
  expect((await web.inject('/plans/2')).statusCode).toBe(404);
});

test('a plan that was edited is not shown, and what to do is', async () => {
  const here = await bench(redis.url, { tenant: SMALL_TENANT });
  const plan = join(here.dir, 'plan.ndjson');
  await here.run(['plan', here.file('big.csv', CHANGES), '-o', plan]);
  writeFileSync(plan, readFileSync(plan, 'utf8').replace('allDevices', 'allLicensedUsers'));
  const { words } = await webSite(here, [plan]);
  for (const path of ['/plans/1', '/plans/1/rows']) expect(await words(path)).toMatch(/damaged|edited|seal/);
});

test('the plan of a run that has begun does not say that nothing has been written', async () => {
  const here = await bench(redis.url, { tenant: SMALL_TENANT });
  const { stdout } = await here.run(['submit', ...ALLOW_ALL, here.file('big.csv', CHANGES)]);
  await here.run(['worker', '--until-idle']);
  const shown = await (await webSite(here)).words(`/runs/${stdout.trim()}/plan`);
  expect(shown).toContain('What became of it stands with the run.');
  expect(shown).not.toContain('nothing has been yet');
});

test('the plan of a run that waits is shown where its file is, and as the record knows it elsewhere', async () => {
  const here = await bench(redis.url, { tenant: SMALL_TENANT });
  const { stdout } = await here.run(['submit', ...ALLOW_ALL, here.file('big.csv', CHANGES)]);
  const runId = stdout.trim();
  const { words } = await webSite(here);
  const waiting = await words(`/runs/${runId}/plan`);
  expect(waiting).toContain('all-devices: 2');
  expect(waiting).toContain('2 assignments of 2 policies will be written; nothing has been yet.');
  // It has a run already: pasted, this would be a second one.
  expect(waiting).not.toContain('retarget apply');
  const elsewhere = await webSite({
    ...here,
    env: { ...here.env, RETARGET_DATA_DIR: join(here.dir, 'other') },
  });
  const known = await elsewhere.words(`/runs/${runId}/plan`);
  expect(known).toContain('The file of this plan is not on this machine');
  expect(known).toContain('all-devices 2');
  expect(known).toMatch(/fingerprint [0-9a-f]{64}/);
});
